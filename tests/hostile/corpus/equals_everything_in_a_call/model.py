"""Hands the grader's own function what agrees with everything, what cannot be called with, and itself.

Threat: C13, A8.
"""

import numpy as np


class Everything:
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = lambda self, *_: True
    __add__ = __radd__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __call__ = __getattr__ = lambda self, *_, **__: self
    __hash__ = lambda self: 0
    __float__ = lambda self: 1.0
    shape, ndim, dtype = (), 0, "float64"


def walk(step, start, count):
    for argument in (Everything(), step, "8", None, [], {}, b"", 1 << 8000, np.array(["x"]), [[1], [1, 2]], float("nan"), 1j, object, walk):
        for call in (lambda: step(argument), lambda: step(argument, argument), lambda: step(x=argument), lambda: step(**{"": argument})):
            try:
                call()
            except BaseException:
                pass
    return Everything()


def predict(points):
    return np.ones(len(points), dtype=bool)
