"""Puts its output where the line to the grader is, and the line where its output is.

Threat: A7.
"""

import os


def square(x):
    os.dup2(3, 20)
    os.dup2(1, 3)
    os.dup2(20, 1)
    print("V" * 1000)
    return x
