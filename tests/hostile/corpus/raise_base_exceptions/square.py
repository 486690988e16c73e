"""Raises KeyboardInterrupt for a vector and GeneratorExit for a matrix, which `except Exception` lets through.

Threat: A2.
"""


def square(x):
    raise KeyboardInterrupt if x.ndim == 1 else GeneratorExit
