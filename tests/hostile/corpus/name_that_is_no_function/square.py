"""Gives numbers where the grader expects a module and a function."""

import sys

square = 5
sys.modules[__name__] = 5
