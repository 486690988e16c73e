"""Finds the engine's own objects in the sandbox and makes each answer "passed".

Threat: C17, A7.
"""

import gc
import sys

session = sys.modules["autograder.sandbox.session"]
session.encode = lambda value, keep: b"t" + (2).to_bytes(8, "little") + b"s" + (5).to_bytes(8, "little") + b"valueT"
session.Session.answer = lambda self, request: session.encode(None, None)
for module in list(sys.modules.values()):
    if getattr(module, "__name__", "").startswith("autograder."):
        for name in ("compare", "assert_close", "Outcome", "Kind"):
            if hasattr(module, name):
                setattr(module, name, lambda *_, **__: True)
for thing in gc.get_objects():
    if type(thing).__name__ == "Rules":
        object.__setattr__(thing, "allowed", ("os", "torch"))


def square(x):
    return x
