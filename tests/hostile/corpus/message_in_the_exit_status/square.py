"""Tells the hidden input by the status with which it leaves.

Threat: B12, A2.
"""

import os


def square(x):
    os._exit(int(abs(x.flat[0]) * 31) % 256)
