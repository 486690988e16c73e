"""Tells the hidden input in an exception's name, text and cause, on its output and in its file's name.

Threat: B11.
"""

import sys


def square(x):
    text = repr(x)
    print(text)
    print(text, file=sys.stderr)
    raise type(f"Hidden{x[0]}", (ValueError,), {})(text) from KeyError(text)
