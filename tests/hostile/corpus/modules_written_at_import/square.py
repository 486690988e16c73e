"""Writes modules and settings into its folder while it is imported, and imports numpy and the engine anew from there.

Threat: C18.
"""

import os
import sys
from importlib import import_module
from pathlib import Path

AGREE = "def __getattr__(name):\n    return lambda *_, **__: True\n"

for name in ("numpy.py", "autograder/__init__.py", "autograder/wire.py", "conftest.py", "sitecustomize.py", "json.py", "cube.py", ".cube.code", ".square.code"):
    try:
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(AGREE)
    except OSError:
        pass
sys.path[:0] = [os.getcwd(), ""]
for name in ("numpy", "autograder", "autograder.wire", "json", "conftest"):
    kept = sys.modules.pop(name, None)
    try:
        import_module(name)
    except ImportError:
        sys.modules[name] = kept


def square(x):
    return getattr(import_module("numpy"), "anything")(x)
