"""What the assignments compute on: one module a data set.

`load_digits()` needs no network and is the default; `load_mnist()` reads a folder or
downloads. Notebooks and students import this package; it knows neither the assignments nor
the autograder, and the autograder does not know it.
"""

from .dataset import Dataset, Split
from .digits import load_digits
from .errors import DatasetError
from .mnist import load_mnist

__all__ = ["Dataset", "DatasetError", "Split", "load_digits", "load_mnist"]
