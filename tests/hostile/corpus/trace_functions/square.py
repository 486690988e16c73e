"""Has every call and line of its process traced, to see expected values come by, and to give them back.

Threat: B10.
"""

import sys
import threading

SEEN = []


def trace(frame, event, argument):
    for scope in (frame.f_locals, frame.f_globals):
        for name in ("expected", "HIDDEN", "WORDS", "wanted", "LABELS"):
            if name in scope:
                SEEN.append(scope[name])
    return trace


def square(x):
    sys.settrace(trace)
    sys.setprofile(trace)
    threading.settrace(trace)
    frame = sys._getframe()
    while frame:
        frame.f_trace = trace
        trace(frame, "", None)
        frame = frame.f_back
    if SEEN:
        print(SEEN)
        return SEEN[0]
    return x
