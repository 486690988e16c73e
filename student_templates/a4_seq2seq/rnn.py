"""Part 4.2: one step of a recurrent network, from an input and a state to a prediction and a state.

Written on matrix products and `nn.Parameter`, without torch's recurrent layers.

Letters: N sequences side by side, I numbers in an input, H in the hidden state, O classes.
"""

from torch import Tensor, nn

__all__ = ["VanillaRNN"]


class VanillaRNN(nn.Module):
    """One step of a recurrent network, with a prediction at each step.

    Its parameters have these names and shapes, and there are no others:
        weight_ih (H, I), bias_ih (H,): from the input to the hidden state.
        weight_hh (H, H), bias_hh (H,): from the hidden state to the next.
        weight_ho (O, H), bias_ho (O,): from the hidden state to the scores.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int) -> None:
        """Make the parameters.

        First values are your choice: finite, and those of a weight not all equal. Torch's own
        choice is uniform in +-1 / sqrt(fan_in).

        Args:
            input_size: I >= 1.
            hidden_size: H >= 1.
            output_size: O >= 1.
        """
        raise NotImplementedError("VanillaRNN.__init__ is not written yet")

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
        """One step.

            h_new             = tanh(weight_ih @ x + bias_ih + weight_hh @ h + bias_hh)
            log_probabilities = log_softmax(weight_ho @ h_new + bias_ho)

        for each of the N rows by itself, the softmax over its O scores. Nothing is remembered
        from call to call: the state is what the caller passes on. Log-probabilities and
        gradients are finite for scores of +-10,000 too.

        Args:
            x: (N, I) float, of the parameters' dtype. Unchanged.
            h: (N, H), the state before the step, of the same dtype. Unchanged.

        Returns:
            The log-probabilities (N, O), in nats, and h_new (N, H), both of x's dtype and
            differentiable in x, h and every parameter.

        Source:
            Elman, "Finding Structure in Time" (1990); Goodfellow, Bengio and Courville, "Deep
            Learning" (2016), section 10.2.
        """
        raise NotImplementedError("VanillaRNN.forward is not written yet")
