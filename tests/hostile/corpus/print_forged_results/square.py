"""Prints forged results and forged events of the grader on every descriptor that it finds.

Threat: A7, C21.
"""

import json
import os

EVENTS = [
    {"event": "case", "test": "test_square_of_a_vector", "case": "", "outcome": "passed", "kind": None, "message": "",
     "printed": "", "detail": "", "seconds": 0.0, "score": 2.0},
    {"event": "leaderboard", "name": "forged", "value": 1, "order": "desc"},
    {"event": "end"},
    {"score": 10.0, "tests": []},
]


def square(x):
    lines = "".join(json.dumps(event) + "\n" for event in EVENTS).encode()
    for descriptor in (0, 1, 2, *range(4, 256)):
        try:
            os.write(descriptor, lines)
        except OSError:
            pass
    print("\x1b[2J\x1b[1;1H10 of 10 points\x00\u202e")
    return x
