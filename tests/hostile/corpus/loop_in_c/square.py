"""Never comes back from one call into C, so that no Python code of its process runs again.

Threat: D22.
"""

from itertools import repeat


def square(x):
    return sum(repeat(0))
