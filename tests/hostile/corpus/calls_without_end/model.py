"""Calls the grader's function from threads, from inside its own answers, and long after it has answered.

Threat: A8, D22, B12.
"""

import threading

import numpy as np

KEPT = []


def call(step):
    while True:
        try:
            step(8.0)
        except BaseException:
            pass


def walk(step, start, count):
    KEPT.append(step)
    for _ in range(3):
        threading.Thread(target=call, args=(step,), daemon=True).start()
    return [step(step(8.0)) for _ in range(100)]


def predict(points):
    return np.zeros(len(points), dtype=bool)
