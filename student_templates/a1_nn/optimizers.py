"""Part 1.5: how gradients change weights.

An optimiser knows arrays by their names and nothing of networks, losses or data.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["SGD"]

Arrays = dict[str, NDArray[np.float64]]


class SGD:
    """Gradient descent on batches, with momentum and an L2 penalty.

    The objective is J = loss + l2 / 2 * sum of w^2 over every array whose name starts
    with "W". Biases, which are all other arrays, are not penalised.

    Attributes:
        learning_rate: > 0.
        l2: >= 0; 0 for no penalty.
        momentum: in [0, 1); 0 for none.
        velocities: the velocity of each array by its name; a name that is not yet in it
            has the velocity 0.

    The three numbers are read at every step, so that a schedule may change them.
    """

    def __init__(self, learning_rate: float, l2: float = 0.0, momentum: float = 0.0) -> None:
        self.learning_rate = learning_rate
        self.l2 = l2
        self.momentum = momentum
        self.velocities: Arrays = {}

    def step(self, weights: Arrays, gradients: Arrays) -> None:
        """Take one step downhill and put the new values into `weights`.

            g = gradients[name] + l2 * weights[name]    (the second term if name starts with "W")
            v[name] = momentum * v[name] - learning_rate * g
            weights[name] = weights[name] + v[name]

        Args:
            weights: name to float64 array of any shape; names are not fixed ("W1", "b1",
                "W", "gain", ...). Afterwards `weights[name]` is the new value; the array may
                have been changed in place or replaced by a new one, as you like.
            gradients: the gradient of the loss, with the names and shapes of `weights`.
                Neither the dict nor its arrays change.

        Returns:
            None.

        Source:
            Goodfellow, Bengio and Courville, "Deep Learning" (2016), sections 7.1.1 and 8.3.2.
        """
        raise NotImplementedError("SGD.step is not written yet")
