"""What the assignments compute on: one module a data set.

`load_digits()` and `load_shapes()` need no network and are the defaults; `load_mnist()` and
`load_cifar10()` read a folder or download. `load_pretrained()` is a trained network to look into,
`load_imagenet25()` and `load_style()` are pictures; `load_toy_de_en()` and `load_multi30k()` are
pairs of sentences. Notebooks and students import this package; it knows neither the assignments
nor the autograder, and the engine does not know it.

A loader's module is imported when the loader is first named: graders draw hidden images where
scikit-learn, pooch and the like are not installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .dataset import Dataset, Split
from .errors import DatasetError

if TYPE_CHECKING:
    from .cifar10 import load_cifar10
    from .digits import load_digits
    from .imagenet25 import load_imagenet25
    from .mnist import load_mnist
    from .multi30k import load_multi30k
    from .pretrained import load_pretrained
    from .shapes import load_shapes
    from .small_cnn import load_small_cnn
    from .squeezenet import load_squeezenet
    from .style import load_style
    from .toy_de_en import load_toy_de_en

__all__ = [
    "Dataset",
    "DatasetError",
    "Split",
    "load_cifar10",
    "load_digits",
    "load_imagenet25",
    "load_mnist",
    "load_multi30k",
    "load_pretrained",
    "load_shapes",
    "load_small_cnn",
    "load_squeezenet",
    "load_style",
    "load_toy_de_en",
]


def __getattr__(name: str) -> object:
    """The loader `load_<set>` of the module `<set>`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{name.removeprefix('load_')}", __name__), name)
