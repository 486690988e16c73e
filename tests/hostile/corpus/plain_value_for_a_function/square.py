"""An honest slip: a variable has the function's name, so there is a number where a function was.

Threat: E28.
"""


def square(x):
    return x * x


square = 5.0
