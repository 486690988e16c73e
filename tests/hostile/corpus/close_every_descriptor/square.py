"""Closes every descriptor, the line to the grader included, and goes on.

Threat: A8.
"""

import os
import time


def square(x):
    os.closerange(0, 4096)
    while True:
        time.sleep(60)
