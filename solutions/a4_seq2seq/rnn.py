"""Part 4.2: one step of a recurrent network, from an input and a state to a prediction and a state.

Written on matrix products and `nn.Parameter`, without torch's recurrent layers.

Letters: N sequences side by side, I numbers in an input, H in the hidden state, O classes.
"""

# BEGIN SOLUTION
import torch

# END SOLUTION
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
        # BEGIN SOLUTION
        super().__init__()
        self.weight_ih, self.bias_ih = _linear(input_size, hidden_size)
        self.weight_hh, self.bias_hh = _linear(hidden_size, hidden_size)
        self.weight_ho, self.bias_ho = _linear(hidden_size, output_size)
        # END SOLUTION

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
        # BEGIN SOLUTION
        from_input = x @ self.weight_ih.T + self.bias_ih  # (N, H)
        from_state = h @ self.weight_hh.T + self.bias_hh  # (N, H)
        h_new = torch.tanh(from_input + from_state)
        scores = h_new @ self.weight_ho.T + self.bias_ho  # (N, O)
        return scores.log_softmax(dim=1), h_new
        # END SOLUTION


# BEGIN SOLUTION
def _linear(size_in: int, size_out: int) -> tuple[nn.Parameter, nn.Parameter]:
    """Weight and bias with the first values that nn.Linear gives them."""
    bound = size_in**-0.5
    weight = torch.empty(size_out, size_in).uniform_(-bound, bound)
    bias = torch.empty(size_out).uniform_(-bound, bound)
    return nn.Parameter(weight), nn.Parameter(bias)


# END SOLUTION
