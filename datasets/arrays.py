"""Reading a file of named arrays, NumPy's npz, without trusting it. It knows no data set."""

import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DatasetError

__all__ = ["read_arrays"]


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file by name. Pickled objects in it are refused, because reading runs them.

    Raises:
        DatasetError: if there is no such file, or it is no sound npz file.
    """
    if not path.is_file():
        raise DatasetError(path, "there is no such file.", "Put it there, or name another folder.")
    try:
        # Opened here: NumPy leaves a file open that turns out to be damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except (
        OSError,
        EOFError,
        TypeError,  # one array without a name: a .npy file
        ValueError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as error:
        raise DatasetError(
            path, f"this is no sound npz file ({error}).", "Delete the file and fetch it again."
        ) from error
