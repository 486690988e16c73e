"""Imports what the assignment does not allow, by a statement; another file of the submission; the grader.

Threat: C19.
"""

import autograder.run
import pytest
import cube


def square(x):
    return cube.cube(x) / x
