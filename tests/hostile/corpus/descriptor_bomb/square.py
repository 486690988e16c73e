"""Opens files until there are no descriptors left, and keeps them.

Threat: D24.
"""

import os

KEPT = []


def square(x):
    while True:
        KEPT.append(os.open("/dev/null", os.O_RDONLY))
