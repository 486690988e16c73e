"""Leaves with os._exit(0), as a run that passed would.

Threat: A2.
"""

import os


def square(x):
    os._exit(0)
