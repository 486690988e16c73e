"""Replaces its own module by an object that has every attribute.

Threat: C13.
"""

import sys
from types import ModuleType


class Any(ModuleType):
    def __getattr__(self, name):
        return lambda *_, **__: self


sys.modules[__name__] = Any(__name__)
