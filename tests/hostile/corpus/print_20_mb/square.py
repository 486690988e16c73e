"""Prints 20 MB.

Threat: D24.
"""

import sys


def square(x):
    for _ in range(20):
        sys.stdout.write("x" * (1 << 20))
        sys.stderr.write("y" * 1000)
    return x
