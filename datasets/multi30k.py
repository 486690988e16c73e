"""Multi30k: 31,014 descriptions of photographs in English, translated into German by translators.

Source: D. Elliott, S. Frank, K. Sima'an and L. Specia, "Multi30K: Multilingual English-German image
descriptions" (2016), https://github.com/multi30k/dataset, task 1, raw sentences.
Licence: research and education, not for business (the descriptions are those of Flickr30k).
Checksums: `FILES` below, md5, of the downloaded gzip files: the sums that torchtext published with
their addresses. A folder's files are not compared with them, so it may hold other sentences.
"""

import gzip
import zlib
from pathlib import Path

from .download import cache_folder, fetch
from .errors import DatasetError
from .folders import ENVIRONMENT, chosen_folder
from .translation import TranslationData

__all__ = ["load_multi30k"]

SPLITS = ("train", "val", "test_2016_flickr")
LANGUAGES = ("de", "en")
FILES = {
    "train.de.gz": "81ff90b99829c0cd4b1b587d394afd39",
    "train.en.gz": "0065d13af80720a55ca8153d126e6627",
    "val.de.gz": "6e0e229eb049e3fc99a1ef02fb2d5f91",
    "val.en.gz": "2b69aa9253948ac9f67e94917272dd40",
    "test_2016_flickr.de.gz": "efd67d314d98489b716b145475101932",
    "test_2016_flickr.en.gz": "ff2c0fcb4893a13bd73414306bc250ae",
}
# The first may come to serve other bytes; the second names a commit.
MIRRORS = tuple(
    f"https://raw.githubusercontent.com/multi30k/dataset/{version}/data/task1/raw/"
    for version in ("master", "a3d2e0d26b56f3846f66a952536ffed4e401d05a")
)
FETCH_AGAIN = "Delete the file and fetch it again."


def load_multi30k(folder: Path | str | None = None) -> TranslationData:
    """Multi30k as 29,000 training, 1,014 validation and 1,000 test pairs (German, English).

    The splits are the official ones; the test split is that of 2016 (Flickr). Sentences are as
    written, in the order of the files, without spaces at their ends.

    Args:
        folder: where `train.de.gz`, `train.en.gz`, `val.de.gz`, ... and `test_2016_flickr.en.gz`
            lie, one sentence a line, UTF-8. None: `$DATASETS_DIR/multi30k` if that variable is
            set, else a cache folder, into which the files are downloaded (1.3 MB).

    Raises:
        DatasetError: if a file is missing, damaged, no UTF-8 or of another number of lines than
            its translation, or cannot be downloaded.
    """
    given = chosen_folder(folder, "multi30k")
    place = _download() if given is None else _checked(given)
    train, validation, test = (_pairs(place, split) for split in SPLITS)
    return TranslationData("Multi30k", train, validation, test)


def _checked(folder: Path) -> Path:
    """The same folder, if it has all files."""
    remedy = f"Put the six files there, or unset {ENVIRONMENT} and give no folder to download them."
    if not folder.is_dir():
        raise DatasetError(folder, "there is no such folder.", remedy)
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise DatasetError(folder, f"here is no {', no '.join(missing)}.", remedy)
    return folder


def _download() -> Path:
    """The cache folder with all files, each with the right sum."""
    folder = cache_folder("multi30k")
    for name, md5 in FILES.items():
        fetch(name, [mirror + name for mirror in MIRRORS], md5, folder)
    return folder


def _pairs(folder: Path, split: str) -> list[tuple[str, str]]:
    """A split's pairs, in the order of the files."""
    german, english = (_sentences(folder / f"{split}.{language}.gz") for language in LANGUAGES)
    if len(german) != len(english):
        raise DatasetError(
            folder,
            f"{split}.de.gz has {len(german)} lines, {split}.en.gz has {len(english)}.",
            "Fetch both again: line n of one must translate line n of the other.",
        )
    return list(zip(german, english, strict=True))


def _sentences(path: Path) -> list[str]:
    """The lines of a gzipped text file, without spaces at their ends."""
    try:
        with gzip.open(path) as file:
            text = file.read().decode("utf-8")
    except EOFError:
        raise DatasetError(path, "the file ends too early: it was not copied whole.", FETCH_AGAIN) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(path, f"this is not a sound gzip file ({error}).", FETCH_AGAIN) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DatasetError(
            path, f"line {line} is no UTF-8 ({error.reason}).", "Save the file as UTF-8, or fetch it again."
        ) from error
    # Not splitlines(): it also breaks at characters such as U+2028, which may occur in a sentence.
    lines = text.split("\n")
    return [line.strip() for line in (lines if lines[-1] else lines[:-1])]
