"""Reading idx.gz, the format of MNIST and its relatives. It knows no data set.

An idx file: two zero bytes, a byte for the type (8: unsigned byte), a byte for the number of
axes, one big-endian 32-bit size per axis, then the values in C order.
Source: http://yann.lecun.com/exdb/mnist/, "The IDX file format".
"""

import gzip
import hashlib
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import DatasetError

__all__ = ["read_idx"]

UNSIGNED_BYTE = 8
FETCH_AGAIN = "Delete the file and fetch it again."


def read_idx(path: Path, md5: str | None = None) -> NDArray[np.uint8]:
    """The array in a gzipped idx file of unsigned bytes.

    Args:
        path: the file.
        md5: checksum of the decompressed bytes. It is taken there because two gzip files of
            the same content differ in their bytes. None: it is not checked.

    Raises:
        DatasetError: if the file is missing, is not gzip, is cut off, has another checksum or
            is no idx file of unsigned bytes.
    """
    content = _decompress(path)
    actual = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if md5 is not None and actual != md5:
        raise DatasetError(path, f"the content has the md5 sum {actual}, expected {md5}.", FETCH_AGAIN)
    return _parse(path, content)


def _decompress(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read()
    except FileNotFoundError:
        raise DatasetError(path, "there is no such file.", "Put it there, or name another folder.") from None
    except EOFError:
        raise DatasetError(path, "the file ends too early: it was not copied whole.", FETCH_AGAIN) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(path, f"this is not a sound gzip file ({error}).", FETCH_AGAIN) from error


def _parse(path: Path, content: bytes) -> NDArray[np.uint8]:
    magic, axes = content[:3], content[3:4]
    if magic != bytes([0, 0, UNSIGNED_BYTE]) or not axes:
        found = content[:4].hex(" ") or "nothing"
        raise DatasetError(
            path, f"an idx file of bytes starts with 00 00 08, here is {found}.", "Is it the right file?"
        )
    start = 4 + 4 * axes[0]
    if len(content) < start:
        raise DatasetError(path, "the idx header is cut off.", FETCH_AGAIN)
    shape = struct.unpack(f">{axes[0]}I", content[4:start])
    expected, actual = int(np.prod(shape)), len(content) - start
    if actual != expected:
        raise DatasetError(
            path, f"the header promises {expected} values of shape {shape}, here are {actual}.", FETCH_AGAIN
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
