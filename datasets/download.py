"""Fetching one file from several mirrors: resumed, checked, with a progress bar.

pooch names the temporary file, checks the sum and moves the file into place. It starts every
try from byte 0, so the transfer itself is done here, with HTTP ranges. It knows no data set.
"""

import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import requests
from tqdm import tqdm

from .errors import DatasetError

with warnings.catch_warnings():
    # pooch imports tqdm's bar for notebooks, which warns where ipywidgets is not installed.
    warnings.filterwarnings("ignore", message="IProgress not found")
    import pooch

__all__ = ["cache_folder", "fetch"]

ROUNDS = 3  # times that each mirror is asked; a round goes on where the last one broke off
PAUSE = 1.0  # seconds between two rounds
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 16  # bytes


def cache_folder(name: str) -> Path:
    """The folder for downloads of one data set, where this system keeps caches."""
    return Path(pooch.os_cache("deep-learning-homework")) / name


def fetch(name: str, urls: Sequence[str], md5: str, folder: Path) -> Path:
    """The path of a file in `folder`, downloaded where it is not there yet.

    The file appears under its name only when it is whole and its sum is right. Until then it
    is `<name>.part`, and the next call goes on from there, on whichever mirror answers.

    Args:
        name: the file's name in `folder`.
        urls: addresses of the same bytes, tried in turn.
        md5: checksum of the file.
        folder: made if it is not there.

    Raises:
        DatasetError: if no mirror gave the file; it tells what each one answered last.
    """
    transfer = _ResumedTransfer(folder / f"{name}.part")
    reasons = dict.fromkeys(urls, "")
    for attempt in range(ROUNDS):
        time.sleep(PAUSE if attempt else 0)
        for url in urls:
            reasons[url] = _retrieve(url, name, md5, folder, transfer)
            if not reasons[url]:
                return folder / name
    answers = "; ".join(f"{url} said: {reason}" for url, reason in reasons.items())
    raise DatasetError(
        folder / name,
        f"the download failed ({answers}).",
        f"Check the network and run this again, it goes on where it stopped; or put {name} there yourself.",
    )


def _retrieve(url: str, name: str, md5: str, folder: Path, transfer: "_ResumedTransfer") -> str:
    """Why one address did not give the file, "" where it did."""
    try:
        pooch.retrieve(url, f"md5:{md5}", fname=name, path=folder, downloader=transfer)
    except (OSError, ValueError) as error:  # requests' errors are OSErrors, a wrong sum is a ValueError
        return str(error)
    return ""


class _ResumedTransfer:
    """A downloader as pooch calls it, which keeps what has arrived in a file of its own."""

    def __init__(self, part: Path) -> None:
        self.part = part

    def __call__(self, url: str, output_file: str, _: object) -> None:
        done = self.part.stat().st_size if self.part.exists() else 0
        # "identity": some servers would else unpack or pack the bytes that the sum is about.
        headers = {"Accept-Encoding": "identity", "Range": f"bytes={done}-"}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            # 416: there is nothing after `done`. The file is whole, or the checksum will tell.
            if response.status_code != requests.codes.requested_range_not_satisfiable:
                response.raise_for_status()
                self._save(response, done if response.status_code == requests.codes.partial_content else 0)
        self.part.replace(output_file)

    def _save(self, response: requests.Response, done: int) -> None:
        total = done + int(response.headers.get("Content-Length", 0)) or None
        name = self.part.stem
        with (
            self.part.open("ab" if done else "wb") as file,
            tqdm(desc=name, initial=done, total=total, unit="B", unit_scale=True) as bar,
        ):
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
