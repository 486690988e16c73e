"""Writes random bytes to the line, then leaves.

Threat: A8.
"""

import os


def square(x):
    os.write(3, (4096).to_bytes(8, "little") + b"V" + os.urandom(4095))
    os._exit(0)
