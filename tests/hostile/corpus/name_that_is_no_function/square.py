"""Gives numbers where the grader expects a module and a function.

Threat: C13, E28.
"""

import sys

square = 5
sys.modules[__name__] = 5
