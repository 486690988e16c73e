"""Part 2.4: a network as a list of layers with a loss at its end.

It works with every layer that keeps to the rules of layers.py, and looks into none: what a layer
computes is its own affair. Its training is in optimizers.py.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ConvNet"]

Array = NDArray[np.floating]


class ConvNet:
    """Layers one after another, then a criterion that gives probabilities and a loss.

    Attributes:
        layers: list of layers with `forward(x)` and `backward(dout)`, first to last.
        criterion: has `forward(scores, labels) -> (probabilities, loss)` and `backward() -> dx`.

    Both are read at the time of a call.
    """

    def __init__(self, layers: list[Any], criterion: Any) -> None:
        """Keep the layers and the criterion.

        Args:
            layers: as above, also an empty list; the network uses these very objects.
            criterion: as above.
        """
        self.layers = layers
        self.criterion = criterion

    def forward(self, x: Array, y: NDArray[np.integer]) -> tuple[Array, float]:
        """Run the layers on x, first to last, then the criterion on the scores and y.

        Args:
            x: (N, ...), what the first layer takes. Unchanged.
            y: (N,) integer labels; no layer sees them. Unchanged.

        Returns:
            (probabilities, loss), as the criterion gives them.
        """
        raise NotImplementedError("ConvNet.forward is not written yet")

    def backward(self) -> Array:
        """Run backwards: the criterion first, then the layers, last to first.

        Each layer's `backward` is called once, with what the one after it has returned, and sets the
        gradients of its parameters. No layer's `forward` is called.

        Returns:
            The gradient of the loss by the last x given to `forward`.
        """
        raise NotImplementedError("ConvNet.backward is not written yet")

    def predict(self, x: Array) -> Array:
        """Probabilities of the classes.

        What `backward` needs may be overwritten: call `forward` again before the next `backward`.

        Args:
            x: (N, ...) with N >= 1. Unchanged.

        Returns:
            The probabilities that `forward` would return; they do not depend on labels.
        """
        raise NotImplementedError("ConvNet.predict is not written yet")
