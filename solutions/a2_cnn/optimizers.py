"""Part 2.4: stochastic gradient descent for a network of layers.

It reads a network's `layers` and changes their parameters; it computes no gradient.
"""

from typing import Any

# BEGIN SOLUTION
import numpy as np
from numpy.typing import NDArray

# END SOLUTION

__all__ = ["SGD"]


class SGD:
    """Gradient descent with momentum and L2 regularisation.

    For each layer that has a `weight` and a `bias`:

        g = dw + l2 * weight          of the weight
        g = db                        of the bias: no regularisation
        v = momentum * v - learning_rate * g
        parameter = parameter + v

    with a velocity v of its own, 0 at first, for each parameter of each layer. The loss that is
    minimised is the criterion's plus l2 / 2 times the sum of the squared weights.

    Attributes:
        learning_rate: read at the time of a step, so a schedule may change it.
    """

    def __init__(self, network: Any, learning_rate: float, l2: float = 0.0, momentum: float = 0.0) -> None:
        """Keep the network and the settings.

        Args:
            network: has a list `layers`. Layers without `weight` are left alone.
            learning_rate: above 0.
            l2: at least 0.
            momentum: in [0, 1).
        """
        self.learning_rate = learning_rate
        # BEGIN SOLUTION
        self._network = network
        self._l2 = l2
        self._momentum = momentum
        self._velocities: dict[tuple[int, str], NDArray[np.floating]] = {}
        # END SOLUTION

    def step(self) -> None:
        """Change the parameters of all layers once, by the gradients `dw` and `db` that they hold.

        A parameter may be changed in place or replaced by a new array. The step may change `dw` and
        `db`: the next `backward` sets them anew.
        """
        # BEGIN SOLUTION
        for number, layer in enumerate(self._network.layers):
            if hasattr(layer, "weight"):
                layer.weight = layer.weight + self._velocity(
                    (number, "weight"), layer.dw + self._l2 * layer.weight
                )
                layer.bias = layer.bias + self._velocity((number, "bias"), layer.db)
        # END SOLUTION

    # BEGIN SOLUTION
    def _velocity(self, name: tuple[int, str], gradient: NDArray[np.floating]) -> NDArray[np.floating]:
        """The new velocity of one parameter."""
        old = self._velocities.get(name, 0.0)
        self._velocities[name] = self._momentum * old - self.learning_rate * gradient
        return self._velocities[name]

    # END SOLUTION
