"""One function."""

import numpy as np
from numpy.typing import NDArray


def square(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """Each entry times itself.

    Args:
        x: any shape, float.

    Returns:
        The same shape, float.
    """
    # BEGIN SOLUTION
    return x * x
    # END SOLUTION
