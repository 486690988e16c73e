"""Starts threads until no more can be had, and lets them all work.

Threat: D23.
"""

import threading


def work():
    while True:
        threading.Event().wait(0.01)


def square(x):
    for _ in range(100_000):
        threading.Thread(target=work).start()
    return x
