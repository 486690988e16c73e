"""Tells the hidden input by how many threads it starts; cube.py prints the numbers of processes that it can see.

Threat: B11, B12.
"""

import threading


def square(x):
    for _ in range(int(abs(x.flat[0]) * 100)):
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
    return x
