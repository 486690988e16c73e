"""Imports the engine's other half and the graders without an import statement, and calls what it finds.

Threat: B9, B10.
"""

import importlib
import sys

FOUND = []
for name in ("autograder.grading.plugin", "autograder.run", "pytest", "powers.hidden_tests.test_1_1_square", "test_1_1_square"):
    try:
        FOUND.append(importlib.import_module(name).__name__)
    except BaseException:
        pass
sys.path[:0] = ["..", "../..", "/autograder/source"]


def square(x):
    print("imported", FOUND)
    return x
