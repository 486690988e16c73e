"""Says how good it is: by events on every descriptor, by attributes, and by answers that look like a result.

Threat: C21, A7.
"""

import json
import os

accuracy = score = 1.0
seconds = 0.0
__score__ = __leaderboard_value__ = 1.0
EVENT = json.dumps({"event": "leaderboard", "name": "accuracy", "value": 1.0, "order": "desc"}) + "\n"


def set_column(name, value):
    return 1.0


def walk(step, start, count):
    step.__score__ = 2.0
    return {"score": 2.0}


def predict(points):
    for descriptor in (0, 1, 2, *range(4, 64)):
        try:
            os.write(descriptor, EVENT.encode())
        except OSError:
            pass
    return {"accuracy": 1.0, "seconds": 0.0, "leaderboard": [{"name": "accuracy", "value": 1.0}]}
