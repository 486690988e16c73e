"""Returns subclasses of list, float, str and dict whose contents change each time that they are looked at.

Threat: C13, A8.
"""


class Floating(float):
    def __eq__(self, other):
        return True

    __ne__ = __lt__ = __gt__ = __eq__
    __hash__ = float.__hash__

    def __float__(self):
        raise SystemExit


class Endless(list):
    looked = 0

    def __iter__(self):
        Endless.looked += 1
        yield from range(Endless.looked)

    def __len__(self):
        return 3

    def __eq__(self, other):
        return True


def square(x):
    return Endless([Floating(1), Floating(2), Floating(3)]) if x.ndim == 1 else {Floating(0): Endless(), Endless: 1}
