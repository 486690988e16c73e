"""Never ends, and catches everything that might end it.

Threat: D22.
"""

import signal

for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def square(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
