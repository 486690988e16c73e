"""Loads the graders, the manifest and the compiled caches as modules, as source, as zips and as resources.

Threat: B9.
"""

import importlib.machinery
import importlib.resources
import linecache
import pkgutil
import runpy
import sys
import zipimport
from pathlib import Path


def square(x):
    base = Path(sys.prefix).parent
    for folder in (base, base / "source", Path("/autograder/source"), Path("/work"), Path.cwd().parents[0], Path.cwd().parents[1]):
        for name in ("test_1_1_square", "hidden_tests", "powers", "assignment"):
            for inner in ("", "powers", "powers/hidden_tests", "powers/tests", "powers/hidden_tests/__pycache__"):
                path = str(folder / inner / f"{name}.py")
                for load in (
                    lambda: importlib.machinery.SourceFileLoader("found", path).get_data(path),
                    lambda: runpy.run_path(path),
                    lambda: zipimport.zipimporter(path),
                    lambda: list(pkgutil.iter_modules([str(folder / inner)]))[0],
                    lambda: linecache.getlines(path)[0],
                    lambda: Path(path).with_suffix(".toml").read_text(),
                ):
                    try:
                        print("found", str(load()))
                    except Exception:
                        pass
    return x
