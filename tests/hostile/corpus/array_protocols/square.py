"""Returns an object that offers every protocol by which libraries make arrays of objects.

Threat: C13, C15.
"""

import numpy as np


class Offer:
    def __init__(self, x):
        self.x = x

    __array_interface__ = property(lambda self: {"shape": (3,), "typestr": "<f8", "data": (0, False), "version": 3})
    __array_struct__ = property(lambda self: 1)
    __array_priority__ = 1e9

    def __array__(self, *_, **__):
        return self.x * self.x

    def __dlpack__(self, *_, **__):
        return self.x.__dlpack__()

    def __dlpack_device__(self):
        return 1, 0

    def __buffer__(self, flags):
        return memoryview(self.x * self.x)

    def __float__(self):
        return float(np.nan)

    def __len__(self):
        return 3

    def __getitem__(self, at):
        return (self.x * self.x)[at]


def square(x):
    return Offer(x)
