"""Takes the expected value out of the frames that called it, or of any frame that some object still holds.

Threat: B10.
"""

import gc
import sys
from types import FrameType


def square(x):
    frame = sys._getframe(1)
    held = [thing for thing in gc.get_objects() if isinstance(thing, FrameType)]
    while frame:
        held.append(frame)
        frame = frame.f_back
    for frame in held:
        for name, value in {**frame.f_globals, **frame.f_locals}.items():
            if name in ("expected", "wanted", "solution", "answer", "reference") and not callable(value):
                return value
    return x
