"""Clears and swaps the sandbox's own list of objects, so that a handle means something else at every request.

Threat: A8, C17.
"""

import gc
import sys
from types import ModuleType


class Shifting(ModuleType):
    count = 0

    def __getattribute__(self, name):
        Shifting.count += 1
        for thing in gc.get_objects():
            if type(thing).__name__ == "Session":
                kept = vars(thing)["_objects"]
                for key in list(kept):
                    kept[key] = [print, self, abs, True, lambda *_: True][Shifting.count % 5]
                if Shifting.count % 3 == 0:
                    kept.clear()
        return lambda *_, **__: Shifting.count


sys.modules[__name__].__class__ = Shifting
