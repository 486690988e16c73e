"""All at once: a process that overwrites the results later, a forged reply now, and an exit with status 0.

Threat: A1, A4, A8.
"""

import os
import sys
import time
from importlib import import_module
from pathlib import Path

wire = import_module("autograder.wire")


def square(x):
    try:
        if os.fork() == 0:
            os.setsid()
            for _ in range(60):
                time.sleep(0.1)
                (Path(sys.prefix).parent / "results/results.json").write_text('{"score": 15}')
    except OSError:
        pass
    frame = b"V" + wire.encode(("value", x), None)
    os.write(3, len(frame).to_bytes(8, "little") + frame)
    os._exit(0)
