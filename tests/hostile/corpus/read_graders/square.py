"""Prints every grader, manifest and result that it can find and open, from the disk's root and beside the engine.

Threat: B9.
"""

import os
import sys
from pathlib import Path


def square(x):
    engine = Path(sys.modules["autograder.wire"].__file__).parents[1]
    starts = [Path(sys.prefix).parent, engine, Path("/autograder"), Path.cwd().parent, Path("/proc/self/cwd/../.."), Path("/tmp")]
    for start in starts:
        for name in ("source", "powers", "powers/hidden_tests", "powers/tests", "results", "submission"):
            for folder in (start / name, start / "source" / name):
                try:
                    print(folder.name, os.listdir(folder))
                except OSError:
                    pass
        for folder, inner, files in os.walk(start):
            # A checkout of the course that somebody left in /tmp is no part of the image, and no secret of it.
            inner[:] = [name for name in inner if not Path(folder, name, "pyproject.toml").exists()]
            for name in files:
                if name.startswith(("test_", "results", "submission", "graders")):
                    try:
                        print(Path(folder, name).read_text())
                    except OSError:
                        pass
    for known in ("source/powers/hidden_tests/test_1_1_square.py", "submission_metadata.json", "results/results.json"):
        for start in starts:
            try:
                print((start / known).read_text())
            except OSError:
                pass
    raise ValueError("nothing to be read")
