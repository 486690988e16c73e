"""Returns a subclass of ndarray whose comparisons, differences and conversions all agree with anything.

Threat: C13.
"""

import numpy as np


class Agreeable(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.zeros(self.shape) if ufunc.nout == 1 else (np.zeros(self.shape),) * ufunc.nout

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __eq__(self, other):
        return np.ones(self.shape, dtype=bool)

    def tobytes(self, order="C"):
        raise SystemExit(0)

    def all(self, *_, **__):
        return True


def square(x):
    return x.view(Agreeable)
