"""Gives the vector back as it is, and of the matrix a view into it that it changes later, from a thread.

Threat: C16.
"""

import threading


def change(x):
    for number in range(1000):
        x[...] = number


def square(x):
    if x.ndim == 2:
        threading.Thread(target=change, args=(x,)).start()
        return x.T[::1].T
    return x
