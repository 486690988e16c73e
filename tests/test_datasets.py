"""The data sets: what the students compute on, and what they read when it cannot be had."""

import gzip
import hashlib
import struct
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

import datasets.download
import datasets.mnist
from datasets import Dataset, DatasetError, load_digits, load_mnist
from datasets.download import cache_folder, fetch
from datasets.idx import read_idx

PROJECT = Path(__file__).parents[1]
IMAGES = np.arange(4 * 3 * 2, dtype=np.uint8).reshape(4, 3, 2)


def md5(content: bytes) -> str:
    """The sum as the tables of checksums write it."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def idx_bytes(array: np.ndarray) -> bytes:
    """An idx file's content, written from the format's description."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_gzip(path: Path, content: bytes) -> Path:
    """A gzip file; its bytes do not depend on the time."""
    path.write_bytes(gzip.compress(content, mtime=0))
    return path


def message(call, *arguments) -> str:
    """The text of the DatasetError that a call ends in."""
    with pytest.raises(DatasetError) as caught:
        call(*arguments)
    return str(caught.value)


def check_labelled_images(data: Dataset, sizes: tuple[int, int, int]) -> None:
    """What every data set promises."""
    splits = (data.train, data.validation, data.test)
    assert tuple(len(split.y) for split in splits) == sizes
    for X, y in splits:
        assert X.shape == (len(y), np.prod(data.image_shape))
        assert X.min() == 0
        assert X.max() == 1
        assert y.dtype == np.int64
        assert set(y) == set(range(len(data.class_names)))


def test_digits_are_three_splits_of_real_images():
    """The default data: sizes, range and types as the docstring says."""
    data = load_digits()

    check_labelled_images(data, (1077, 360, 360))
    assert data.train.X.dtype == np.float64


def test_digits_splits_are_disjoint_stratified_and_always_the_same():
    """Each class has the same share of every split; nothing changes between two calls."""
    first, second = load_digits(), load_digits()
    counts = [np.bincount(split.y) / len(split.y) for split in (first.train, first.validation, first.test)]

    assert np.ptp(counts, axis=0).max() < 0.005
    assert np.array_equal(first.test.X, second.test.X)
    everything = np.concatenate([first.train.X, first.validation.X, first.test.X])
    from sklearn.datasets import load_digits as embedded

    assert np.array_equal(np.sort(everything.sum(axis=1) * 16), np.sort(embedded().data.sum(axis=1)))
    assert len(np.unique(everything, axis=0)) == len(np.unique(embedded().data, axis=0)) == 1797


def test_idx_file_gives_the_array_that_was_written(tmp_path):
    """Shape and values survive, the checksum of the content is accepted."""
    content = idx_bytes(IMAGES)
    path = write_gzip(tmp_path / "images.gz", content)

    assert np.array_equal(read_idx(path, md5(content)), IMAGES)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b"\x00\x00\x0d\x01\x00\x00\x00\x00",
            "starts with 00 00 08, here is 00 00 0d 01. Is it the right file?",
        ),
        (b"", "here is nothing."),
        (b"\x00\x00\x08\x03\x00\x00", "the idx header is cut off. Delete the file"),
        (idx_bytes(IMAGES)[:-5], "promises 24 values of shape (4, 3, 2), here are 19. Delete the file"),
    ],
)
def test_idx_content_of_another_kind_is_explained(tmp_path, content, words):
    """Another type, nothing at all, half a header, too few values."""
    path = write_gzip(tmp_path / "images.gz", content)

    text = message(read_idx, path)

    assert text.startswith(f"{path}: ")
    assert words in text


def test_idx_file_that_is_not_sound_is_explained(tmp_path):
    """Missing, no gzip, cut off, broken inside."""
    path = tmp_path / "images.gz"
    assert message(read_idx, path) == f"{path}: there is no such file. Put it there, or name another folder."

    path.write_bytes(b"<html>not found</html>")
    assert "not a sound gzip file" in message(read_idx, path)

    whole = write_gzip(path, idx_bytes(IMAGES)).read_bytes()
    path.write_bytes(whole[:-9])
    assert "ends too early: it was not copied whole. Delete the file and fetch it again." in message(
        read_idx, path
    )

    path.write_bytes(whole[:12] + b"\xff\xff\xff" + whole[15:])
    assert "not a sound gzip file" in message(read_idx, path)


def test_idx_file_with_another_checksum_says_what_to_delete(tmp_path):
    """The message names the file, both sums and the remedy."""
    path = write_gzip(tmp_path / "images.gz", idx_bytes(IMAGES))

    text = message(read_idx, path, "0" * 32)

    sums = f"the content has the md5 sum {md5(idx_bytes(IMAGES))}, expected {'0' * 32}."
    assert text == f"{path}: {sums} Delete the file and fetch it again."


@pytest.fixture
def tiny_mnist(tmp_path, monkeypatch):
    """A folder with four small files of MNIST's names, and their sums in the place of the real ones."""
    folder = tmp_path / "tiny" / "mnist"
    folder.mkdir(parents=True)
    images = np.full((10, 2, 3), 255, dtype=np.uint8)
    images[:, 0, 0] = np.arange(10)
    content = {
        "train-images-idx3-ubyte.gz": idx_bytes(images[:6]),
        "train-labels-idx1-ubyte.gz": idx_bytes(np.arange(6, dtype=np.uint8)),
        "t10k-images-idx3-ubyte.gz": idx_bytes(images[6:]),
        "t10k-labels-idx1-ubyte.gz": idx_bytes(np.arange(6, 10, dtype=np.uint8)),
    }
    sums = {}
    for name, raw in content.items():
        packed = write_gzip(folder / name, raw).read_bytes()
        sums[name] = datasets.mnist.Sums(md5(packed), md5(raw))
    monkeypatch.setattr(datasets.mnist, "FILES", sums)
    monkeypatch.setattr(datasets.mnist, "VALIDATION", 2)
    monkeypatch.delenv("DATASETS_DIR", raising=False)
    return folder


def test_mnist_is_read_from_a_folder(tiny_mnist):
    """The last training examples become the validation split; values are scaled to [0, 1]."""
    data = load_mnist(tiny_mnist)

    assert [split.y.tolist() for split in (data.train, data.validation, data.test)] == [
        [0, 1, 2, 3],
        [4, 5],
        [6, 7, 8, 9],
    ]
    np.testing.assert_allclose(
        data.validation.X, [[4 / 255, 1, 1, 1, 1, 1], [5 / 255, 1, 1, 1, 1, 1]], rtol=1e-6
    )
    assert data.train.X.dtype == np.float32


def test_mnist_is_found_through_the_environment(tiny_mnist, monkeypatch):
    """DATASETS_DIR names the folder that holds the folder mnist."""
    monkeypatch.setenv("DATASETS_DIR", str(tiny_mnist.parent))

    assert load_mnist().test.y.tolist() == [6, 7, 8, 9]


def test_mnist_folder_with_missing_files_names_them(tiny_mnist):
    """The message lists what is not there and says how to have it downloaded."""
    (tiny_mnist / "train-images-idx3-ubyte.gz").unlink()
    (tiny_mnist / "t10k-labels-idx1-ubyte.gz").unlink()

    assert message(load_mnist, tiny_mnist) == (
        f"{tiny_mnist}: here is no train-images-idx3-ubyte.gz, no t10k-labels-idx1-ubyte.gz. "
        "Put the four files there, or unset DATASETS_DIR and give no folder to download them."
    )


class Shelf(ThreadingHTTPServer):
    """A web server on this machine.

    Attributes:
        files: content by path; a path that is not there is a 404.
        break_after: the next answers send only so many bytes of their body, one entry each.
        ranges: the Range header of each request, in order.
        knows_ranges: whether a Range header is honoured.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ShelfHandler)
        self.files: dict[str, bytes] = {}
        self.break_after: list[int] = []
        self.ranges: list[str | None] = []
        self.knows_ranges = True

    def url(self, path: str) -> str:
        """The address of a path on this server."""
        return f"http://127.0.0.1:{self.server_port}{path}"


class ShelfHandler(BaseHTTPRequestHandler):
    """Answers GET with whole files or their ends."""

    server: Shelf

    def log_message(self, *_):
        """Says nothing."""

    def do_GET(self):
        """One answer; it promises the whole length even where it breaks off."""
        self.server.ranges.append(self.headers["Range"])
        content = self.server.files.get(self.path)
        if content is None:
            return self.send_error(HTTPStatus.NOT_FOUND)
        start = int(self.headers["Range"].split("=")[1].rstrip("-")) if self.server.knows_ranges else 0
        if start and start >= len(content):
            return self.send_error(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        self.send_response(HTTPStatus.PARTIAL_CONTENT if start else HTTPStatus.OK)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        stop = start + self.server.break_after.pop(0) if self.server.break_after else None
        return self.wfile.write(content[start:stop])


@pytest.fixture
def shelf(monkeypatch):
    """A running server; it and its threads are gone after the test."""
    monkeypatch.setattr(datasets.download, "PAUSE", 0.0)
    monkeypatch.setattr(datasets.download, "CHUNK", 1000)
    with Shelf() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


CONTENT = np.random.default_rng(0).bytes(10_000)


def test_download_is_kept_whole_and_not_repeated(shelf, tmp_path):
    """The second call finds the file and asks nobody."""
    shelf.files["/a.gz"] = CONTENT

    for _ in range(2):
        path = fetch("a.gz", [shelf.url("/a.gz")], md5(CONTENT), tmp_path / "cache")

    assert path.read_bytes() == CONTENT
    assert shelf.ranges == ["bytes=0-"]
    assert [file.name for file in path.parent.iterdir()] == ["a.gz"]


def test_download_goes_on_where_it_broke_off(shelf, tmp_path):
    """Two broken transfers, then the rest: the later requests ask only for what is missing."""
    shelf.files["/a.gz"] = CONTENT
    shelf.break_after = [4000, 3000]

    path = fetch("a.gz", [shelf.url("/a.gz")], md5(CONTENT), tmp_path)

    assert path.read_bytes() == CONTENT
    starts = [int(text.removeprefix("bytes=").removesuffix("-")) for text in shelf.ranges]
    assert starts == [0, 4000, 7000]
    assert list(tmp_path.iterdir()) == [path]


def test_download_that_failed_leaves_no_half_file_and_the_next_call_resumes(shelf, tmp_path):
    """What has arrived stays in a .part file; the name itself appears only at the end."""
    shelf.files["/a.gz"] = CONTENT
    shelf.break_after = [2000, 1000, 1000]
    arguments = ("a.gz", [shelf.url("/a.gz")], md5(CONTENT), tmp_path)

    text = message(fetch, *arguments)

    assert text.startswith(f"{tmp_path / 'a.gz'}: the download failed ({shelf.url('/a.gz')} said: ")
    assert text.endswith("it goes on where it stopped; or put a.gz there yourself.")
    assert [file.name for file in tmp_path.iterdir()] == ["a.gz.part"]
    assert fetch(*arguments).read_bytes() == CONTENT
    assert shelf.ranges[-1] == "bytes=4000-"


def test_download_resumes_a_part_that_is_already_whole(shelf, tmp_path):
    """The transfer ended, but the program died before the file was named."""
    shelf.files["/a.gz"] = CONTENT
    (tmp_path / "a.gz.part").write_bytes(CONTENT)

    assert fetch("a.gz", [shelf.url("/a.gz")], md5(CONTENT), tmp_path).read_bytes() == CONTENT


def test_download_from_a_server_without_ranges_starts_again(shelf, tmp_path):
    """Such a server sends everything: nothing is appended to the part."""
    shelf.files["/a.gz"] = CONTENT
    shelf.knows_ranges = False
    shelf.break_after = [4000]

    assert fetch("a.gz", [shelf.url("/a.gz")], md5(CONTENT), tmp_path).read_bytes() == CONTENT


def test_download_tries_the_next_mirror(shelf, tmp_path):
    """A mirror without the file, one with other bytes, one that has it."""
    shelf.files.update({"/other/a.gz": b"another file", "/good/a.gz": CONTENT})
    urls = [shelf.url(f"/{mirror}/a.gz") for mirror in ("none", "other", "good")]

    assert fetch("a.gz", urls, md5(CONTENT), tmp_path).read_bytes() == CONTENT
    assert len(shelf.ranges) == 3


def test_download_with_a_wrong_checksum_is_refused(shelf, tmp_path):
    """The message has both sums; neither the file nor a part of it stays."""
    shelf.files["/a.gz"] = CONTENT

    text = message(fetch, "a.gz", [shelf.url("/a.gz")], "0" * 32, tmp_path)

    assert md5(CONTENT) in text
    assert "0" * 32 in text
    assert list(tmp_path.iterdir()) == []


def test_download_says_what_each_mirror_answered(shelf, tmp_path):
    """A 404 and a port where nobody listens."""
    nobody = "http://127.0.0.1:9/a.gz"

    text = message(fetch, "a.gz", [shelf.url("/a.gz"), nobody], md5(CONTENT), tmp_path)

    assert "404" in text
    assert f"{nobody} said: " in text


def test_mnist_is_downloaded_into_the_cache_where_no_folder_is_named(
    shelf, tiny_mnist, tmp_path, monkeypatch
):
    """Four files from a mirror; the second call works without it."""
    monkeypatch.setattr(datasets.mnist, "cache_folder", lambda name: tmp_path / "cache" / name)
    monkeypatch.setattr(datasets.mnist, "MIRRORS", (shelf.url("/"),))
    shelf.files.update({f"/{path.name}": path.read_bytes() for path in tiny_mnist.iterdir()})

    first, second = load_mnist(), load_mnist()

    assert first.test.y.tolist() == second.test.y.tolist() == [6, 7, 8, 9]
    assert len(shelf.ranges) == 4


def test_cache_folder_is_the_projects_own():
    """Each data set has its folder under the project's in the system's cache."""
    assert cache_folder("mnist").parts[-2:] == ("deep-learning-homework", "mnist")


def test_real_mnist_files_are_the_canonical_ones(real_data):
    """All four files by checksum, from DATASETS_DIR or ../shared/datasets."""
    data = load_mnist(real_data("mnist"))

    check_labelled_images(data, (50_000, 10_000, 10_000))
    assert data.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert np.bincount(data.test.y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
