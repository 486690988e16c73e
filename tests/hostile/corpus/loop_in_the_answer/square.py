"""Answers at once with an object that never comes to an end when it is measured, listed or written down.

Threat: D22, A8.
"""

from itertools import count


class Endless(list):
    def __iter__(self):
        return iter(count())

    def __len__(self):
        return 3


class Slow(dict):
    def items(self):
        for number in count():
            yield number % 10, number


def square(x):
    return Endless([1, 2, 3]) if x.ndim == 1 else Slow(a=1)
