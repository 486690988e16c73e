"""Puts an object in the place of its module, with a number where the grader expects a function.

Threat: C13, E28.
"""

import sys


class Place:
    square = 5


sys.modules[__name__] = Place()
