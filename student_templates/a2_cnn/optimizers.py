"""Part 2.4: stochastic gradient descent for a network of layers.

It reads a network's `layers` and changes their parameters; it computes no gradient.
"""

from typing import Any

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
        raise NotImplementedError("SGD.__init__ is not written yet")

    def step(self) -> None:
        """Change the parameters of all layers once, by the gradients `dw` and `db` that they hold.

        A parameter may be changed in place or replaced by a new array. The step may change `dw` and
        `db`: the next `backward` sets them anew.
        """
        raise NotImplementedError("SGD.step is not written yet")
