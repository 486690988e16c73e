"""Raises an exception whose text, name and traceback raise when they are asked for.

Threat: A2.
"""


class Meta(type):
    def __getattribute__(cls, name):
        raise KeyboardInterrupt(name)


class Unspeakable(BaseException, metaclass=Meta):
    def __str__(self):
        raise SystemExit(0)

    __repr__ = __str__

    @property
    def __traceback__(self):
        raise SystemExit(0)


def square(x):
    raise Unspeakable
