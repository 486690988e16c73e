"""Prints the local and global variables of every caller, of every thread and of the traceback.

Threat: B10.
"""

import inspect
import sys
import traceback


def square(x):
    frame = sys._getframe()
    while frame:
        for scope in (frame.f_locals, frame.f_globals):
            for name, value in list(scope.items()):
                if any(word in name.lower() for word in ("expect", "hidden", "words", "secret", "answer", "wanted")):
                    print(name, repr(value)[:200].replace("7.390625", "input"))
                    if name == "expected":
                        return value
        frame = frame.f_back
    for other in sys._current_frames().values():
        traceback.print_stack(other, file=open("/dev/null", "w"))
    print([info.function for info in inspect.stack()])
    return x
