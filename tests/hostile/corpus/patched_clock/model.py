"""Stops every clock that it can reach, sleeps, and answers one class for all points.

Threat: C21.
"""

import time

import numpy as np

for name in ("time", "perf_counter", "monotonic", "process_time", "time_ns", "perf_counter_ns"):
    setattr(time, name, lambda: 0.0)


def walk(step, start, count):
    return start


def predict(points):
    time.sleep(1)
    try:
        time.clock_settime(time.CLOCK_REALTIME, 0)
    except OSError:
        pass
    return np.ones(len(points), dtype=bool)
