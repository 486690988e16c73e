"""Opens the outputs of itself and of its parents anew through /proc and /dev, and writes forged results and events there.

Threat: A7.
"""

import os

LINE = b'{"event": "case", "test": "test_square_of_a_vector", "case": "", "outcome": "passed", "score": 2.0}\n{"event": "end", "finished": true}\n'


def square(x):
    places = ["/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/console", "/dev/pts/0", *(f"/dev/fd/{n}" for n in range(64))]
    for pid in ("self", os.getppid(), os.getppid() - 1, os.getppid() - 2, 1):
        places += [f"/proc/{pid}/fd/{n}" for n in range(16)]
    for place in places:
        try:
            descriptor = os.open(place, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            os.write(descriptor, LINE)
        except OSError:
            pass
    return x
