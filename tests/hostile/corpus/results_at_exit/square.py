"""Rewrites the results in an exit handler, and leaves so that it runs.

Threat: A1, A3.
"""

import atexit
import json
import sys
from pathlib import Path


@atexit.register
def rewrite():
    for target in (Path("/autograder/results/results.json"), Path(sys.prefix).parent / "results/results.json", Path("results.json")):
        try:
            target.write_text(json.dumps({"score": 15, "tests": []}))
        except OSError:
            pass


def square(x):
    atexit._run_exitfuncs()
    sys.exit(0)
