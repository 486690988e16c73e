"""Returns objects that say they are an array, a float and a bool, and are none of them.

Threat: C13.
"""

import numpy as np


class Pretender:
    def __init__(self, kind):
        self.kind = kind

    @property
    def __class__(self):
        return self.kind

    def __array__(self, *_, **__):
        raise SystemExit(0)


def square(x):
    return Pretender(np.ndarray) if x.ndim == 1 else Pretender(float)
