"""Replaces the builtins that an engine needs, with ones that agree, lie and leave.

Threat: C17.
"""

import builtins
import struct
import sys

REAL = dict(vars(builtins))


class Liar(type):
    def __instancecheck__(cls, thing):
        return True

    def __call__(cls, *arguments):
        return cls


class Everything(metaclass=Liar):
    pass


def square(x):
    for name in ("len", "isinstance", "getattr", "print", "open", "__import__", "type", "str", "float", "list", "tuple", "bytes", "sum", "map"):
        setattr(builtins, name, Everything if name in ("type", "str", "float", "list", "tuple", "bytes") else lambda *_, **__: True)
    struct.pack = lambda *_: bytes(8)
    sys.exit = sys.stdout = sys.stderr = None
    return x
