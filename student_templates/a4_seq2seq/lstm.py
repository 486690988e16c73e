"""Part 4.3: the LSTM, a recurrent network whose cell state can keep a value over many steps.

Written on matrix products and `nn.Parameter`, without torch's recurrent layers; its parameters
are named and shaped as theirs, so that values can be copied from one to the other.

Letters: N sequences side by side, T steps, I numbers in an input, H in a state.
"""

from torch import Tensor, nn

__all__ = ["LSTM"]


class LSTM(nn.Module):
    """One layer, one direction, batch first.

    Its parameters have the names, shapes and order of `nn.LSTM`'s, and there are no others:
        weight_ih_l0 (4H, I), bias_ih_l0 (4H,): from the input to the gates.
        weight_hh_l0 (4H, H), bias_hh_l0 (4H,): from the hidden state to the gates.

    The 4H rows are four blocks of H: input gate i, forget gate f, candidate g, output gate o.
    """

    def __init__(self, input_size: int, hidden_size: int) -> None:
        """Make the parameters.

        First values are your choice: finite, and those of a weight not all equal. Torch's own
        choice is uniform in +-1 / sqrt(H).

        Args:
            input_size: I >= 1.
            hidden_size: H >= 1.
        """
        raise NotImplementedError("LSTM.__init__ is not written yet")

    def forward(
        self, x: Tensor, state: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Reads the sequences from the first step to the last.

            z    = weight_ih_l0 @ x_t + bias_ih_l0 + weight_hh_l0 @ h_(t-1) + bias_hh_l0
            i, f, g, o = sigmoid(z_i), sigmoid(z_f), tanh(z_g), sigmoid(z_o)
            c_t  = f * c_(t-1) + i * g
            h_t  = o * tanh(c_t)

        for each of the N sequences by itself. Nothing is remembered from call to call. Results
        and gradients are finite and right also where gates saturate, at z of +-10,000.

        Args:
            x: (N, T, I) float, of the parameters' dtype, T >= 1. Unchanged.
            state: h_0 and c_0, each (N, H) and of the same dtype, unchanged; None for zeros,
                which then are of x's dtype.

        Returns:
            The outputs h_1 to h_T, (N, T, H), and the pair (h_T, c_T), each (N, H): no axis
            for layers, which is where this differs from nn.LSTM. All are of x's dtype and
            differentiable in x, h_0, c_0 and every parameter, through all steps.

        Source:
            Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); with the forget gate
            of Gers, Schmidhuber and Cummins, "Learning to Forget" (2000).
        """
        raise NotImplementedError("LSTM.forward is not written yet")
