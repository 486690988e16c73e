"""Leaves a daemon, threads, an exit handler and a finaliser behind that write the results after the tests.

Threat: A1, A3, A4.
"""

import atexit
import os
import signal
import sys
import threading
import time
from pathlib import Path

TARGETS = [Path("/autograder/results/results.json"), Path(sys.prefix).parent / "results/results.json"]


def overwrite(seconds=0):
    time.sleep(seconds)
    for target in TARGETS:
        try:
            target.write_text('{"score": 10}')
        except OSError:
            pass


class Late:
    def __del__(self):
        overwrite()


KEPT = Late()
atexit.register(overwrite)
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
    signal.signal(number, lambda *_: overwrite())


def square(x):
    threading.Thread(target=overwrite, args=(1,)).start()
    threading.Thread(target=overwrite, args=(3,), daemon=True).start()
    try:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for _ in range(100):
                    overwrite(0.1)
            os._exit(0)
    except OSError:
        pass
    return x
