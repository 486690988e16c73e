"""CIFAR-10: from JPEGs, from the official archive, and what is said when it cannot be had."""

import io
import pickle
import shutil
import sys
import tarfile
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision.datasets import CIFAR10

import datasets.cifar10
from datasets import Dataset, DatasetError, load_cifar10
from datasets.cifar10 import CLASSES, JPEGS, OFFICIAL, UNPACKED

PROJECT = Path(__file__).parents[1]
PER_CLASS = {"train": 3, "test": 2}
COUNTS = {split: len(CLASSES) * count for split, count in PER_CLASS.items()}


def message(call, *arguments) -> str:
    """The text of the DatasetError that a call ends in."""
    with pytest.raises(DatasetError) as caught:
        call(*arguments)
    return str(caught.value)


def colour(label: int, number: int) -> tuple[int, int, int]:
    """A colour that tells class and number, and whose channels cannot be mixed up."""
    return 20 * label + 10, 40 * number + 20, 250


def jpeg(shade: tuple[int, int, int], size: tuple[int, int] = (32, 32)) -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, shade).save(file, "JPEG", quality=100, subsampling=0)
    return file.getvalue()


def read_back(X: np.ndarray) -> list[tuple[int, ...]]:
    """Class, number and the third channel of each picture, as its middle pixel tells them."""
    rows = np.rint(255 * X.reshape(-1, 3, 32, 32)[:, :, 16, 16])
    return [(round((r - 10) / 20), round((g - 20) / 40), round(b / 250)) for r, g, b in rows]


def pack(folder: Path, archive: Path) -> None:
    """The folder's content as a gzipped tar."""
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, path.name)


@pytest.fixture(autouse=True)
def small(tmp_path, monkeypatch):
    """Few images in each class, and a cache of this test alone."""
    monkeypatch.setattr(datasets.cifar10, "PER_CLASS", PER_CLASS)
    monkeypatch.setattr(datasets.cifar10, "VALIDATION", 5)
    monkeypatch.setattr(datasets.cifar10, "cache_folder", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("DATASETS_DIR", raising=False)


@pytest.fixture
def unpacked(tmp_path) -> Path:
    """A folder of JPEGs, with a file that is none of them."""
    place = tmp_path / "unpacked" / "cifar10"
    for split, count in PER_CLASS.items():
        for label, name in enumerate(CLASSES):
            (place / split / name).mkdir(parents=True)
            for number in range(count):
                (place / split / name / f"{number:04}.jpg").write_bytes(jpeg(colour(label, number)))
    (place / "train" / "README.txt").write_text("not an image")
    return place


@pytest.fixture
def packed(unpacked, tmp_path) -> Path:
    """A folder that holds the archive of the same."""
    place = tmp_path / "packed"
    place.mkdir()
    pack(unpacked, place / JPEGS)
    return place


@pytest.fixture
def official(tmp_path, monkeypatch) -> Path:
    """A small archive in the official format, whose sums are in the place of the real ones."""
    place = tmp_path / "official"
    batches = place / UNPACKED
    batches.mkdir(parents=True)
    sums = {}
    for split, names in (("train", ["data_batch_1", "data_batch_2"]), ("test", ["test_batch"])):
        pairs = [(label, number) for label in range(len(CLASSES)) for number in range(PER_CLASS[split])]
        for part, name in enumerate(names):
            chosen = pairs[part :: len(names)]
            rows = [np.repeat(np.array(colour(*pair), dtype=np.uint8), 32 * 32) for pair in chosen]
            content = {"data": np.array(rows), "labels": [label for label, _ in chosen]}
            sums[name] = write_pickle(batches / name, content)
        monkeypatch.setattr(CIFAR10, f"{split}_list", [[name, sums[name]] for name in names])
    meta = {"filename": "batches.meta", "key": "label_names"}
    meta["md5"] = write_pickle(batches / "batches.meta", {"label_names": list(CLASSES)})
    monkeypatch.setattr(CIFAR10, "meta", meta)
    pack(place, tmp_path / OFFICIAL)
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5((tmp_path / OFFICIAL).read_bytes()).hexdigest())
    shutil.rmtree(batches)
    (tmp_path / OFFICIAL).rename(place / OFFICIAL)
    return place


def write_pickle(path: Path, content: dict) -> str:
    """The md5 sum of the file that is written."""
    path.write_bytes(pickle.dumps(content))
    return md5(path.read_bytes()).hexdigest()


def check(data: Dataset) -> None:
    """Every image is there once, in the right split, under its label, in the promised form."""
    assert data.image_shape == (3, 32, 32)
    assert data.class_names == CLASSES
    assert [len(split.y) for split in (data.train, data.validation, data.test)] == [25, 5, 20]
    for X, y in (data.train, data.validation, data.test):
        assert (X.shape, X.dtype, y.dtype) == ((len(y), 3072), np.float32, np.int64)
        assert [label for label, *_ in read_back(X)] == y.tolist()
    learnt = read_back(np.concatenate([data.train.X, data.validation.X]))
    for pictures, split in ((learnt, "train"), (read_back(data.test.X), "test")):
        assert sorted(pictures) == [(c, n, 1) for c in range(len(CLASSES)) for n in range(PER_CLASS[split])]


@pytest.mark.parametrize("kind", ["packed", "unpacked", "official"])
def test_images_are_read_from_each_kind_of_folder(kind, request):
    """An archive of JPEGs, a folder of JPEGs, the official archive."""
    check(load_cifar10(request.getfixturevalue(kind)))


def test_packed_and_unpacked_jpegs_give_the_same_in_the_same_order(packed, unpacked):
    """A result does not depend on how the images came."""
    first, second = load_cifar10(packed), load_cifar10(str(unpacked))

    assert np.array_equal(first.train.X, second.train.X)
    assert np.array_equal(first.validation.y, second.validation.y)
    assert np.array_equal(first.test.y, second.test.y)


def test_examples_are_shuffled(packed):
    """The files have them class by class: the first hundred would else be airplanes."""
    data = load_cifar10(packed)

    assert (np.diff(data.train.y) < 0).any()
    assert (np.diff(data.test.y) < 0).any()


def test_folder_is_found_through_the_environment(unpacked, monkeypatch):
    """DATASETS_DIR names the folder that holds the folder cifar10."""
    monkeypatch.setenv("DATASETS_DIR", str(unpacked.parent))

    check(load_cifar10())


def test_official_archive_is_downloaded_where_no_folder_is_named(official, tmp_path, monkeypatch):
    """The address and the sum that torchvision knows, the cache folder, once."""
    asked = []

    def fetch(name, urls, sum_, folder):
        asked.append((name, urls, sum_))
        folder.mkdir(parents=True, exist_ok=True)
        return shutil.copy(official / OFFICIAL, folder)

    monkeypatch.setattr(datasets.cifar10, "fetch", fetch)

    check(load_cifar10())

    assert asked == [(OFFICIAL, [CIFAR10.url], CIFAR10.tgz_md5)]
    assert (tmp_path / "cache" / "cifar10" / UNPACKED).is_dir()


def test_jpegs_are_decoded_once(packed, monkeypatch, capsys):
    """The second call reads the arrays; a bar shows the progress of the first."""
    check(load_cifar10(packed))
    assert "decoding CIFAR-10" in capsys.readouterr().err

    monkeypatch.setattr(datasets.cifar10, "_decode", None)
    check(load_cifar10(packed))
    assert capsys.readouterr().err == ""


def test_jpegs_that_changed_are_decoded_again(unpacked):
    """The cache knows which files it was made from."""
    load_cifar10(unpacked)
    (unpacked / "test" / "truck" / "0001.jpg").write_bytes(jpeg((0, 0, 0), (32, 32)))

    assert (load_cifar10(unpacked).test.X == 0).all(axis=1).sum() == 1


def test_damaged_cache_is_made_anew(packed, tmp_path):
    """Cut off, as by a full disk, or something else altogether."""
    load_cifar10(packed)
    cache = tmp_path / "cache" / "cifar10" / "jpegs.npz"
    whole = cache.read_bytes()
    for damaged in (b"", b"nonsense", whole[:-50], whole[: len(whole) // 2]):
        cache.write_bytes(damaged)

        check(load_cifar10(packed))
    assert [path.name for path in cache.parent.iterdir()] == ["jpegs.npz"]


def test_cache_that_cannot_be_written_costs_only_time(packed, tmp_path):
    """A file lies where the folder should be."""
    (tmp_path / "cache").write_text("in the way")

    check(load_cifar10(packed))


def test_folder_without_images_says_what_it_may_hold(tmp_path):
    """Place, problem, remedy."""
    assert message(load_cifar10, tmp_path / "none") == (
        f"{tmp_path / 'none'}: here is no {JPEGS}, no {OFFICIAL}, and there are no folders train and test. "
        "Put one of them there, or unset DATASETS_DIR and give no folder to download the images."
    )


@pytest.mark.parametrize("content", [b"", b"<html>not found</html>"])
def test_archive_of_jpegs_that_is_none_is_explained(packed, content):
    """Empty, or a server's excuse."""
    (packed / JPEGS).write_bytes(content)

    text = message(load_cifar10, packed)

    assert text.startswith(f"{packed / JPEGS}: this is no sound gzipped tar (")
    assert text.endswith("). Delete the file and fetch it again.")


def test_archive_of_jpegs_that_is_cut_off_is_explained(packed):
    """The remedy is the same whether the end or the missing images are noticed."""
    whole = (packed / JPEGS).read_bytes()
    (packed / JPEGS).write_bytes(whole[: len(whole) // 2])

    text = message(load_cifar10, packed)

    # tarfile takes some cuts for the end of the archive.
    assert "this is no sound gzipped tar (" in text or "they were not copied whole" in text


def test_missing_images_are_counted(unpacked):
    """A folder that was not copied whole would else make a smaller data set."""
    (unpacked / "train" / "cat" / "0001.jpg").unlink()

    assert message(load_cifar10, unpacked) == (
        f"{unpacked}: train/cat has 2 images, expected 3. "
        "Delete it and fetch the images again: they were not copied whole."
    )


@pytest.mark.parametrize("content", [b"", b"no image", jpeg((0, 0, 0))[:300]])
def test_image_that_is_damaged_is_named(unpacked, content):
    """Empty, no image, cut off."""
    (unpacked / "test" / "dog" / "0000.jpg").write_bytes(content)

    text = message(load_cifar10, unpacked)

    assert text.startswith(f"{unpacked}, test/dog/0000.jpg: this is no sound image (")
    assert text.endswith("). Delete it and fetch the images again.")


def test_image_of_another_size_is_named(unpacked):
    """Width first, as people say it."""
    (unpacked / "test" / "dog" / "0000.jpg").write_bytes(jpeg((0, 0, 0), (48, 16)))

    text = message(load_cifar10, unpacked)

    assert "test/dog/0000.jpg: this image is 48 x 16 pixels, expected 32 x 32." in text


def test_official_archive_with_another_sum_is_refused(official):
    """It is neither unpacked nor replaced by a download."""
    (official / OFFICIAL).write_bytes(b"another file")

    text = message(load_cifar10, official)

    sums = f"the file has the md5 sum {md5(b'another file').hexdigest()}, expected {CIFAR10.tgz_md5}."
    assert text == f"{official / OFFICIAL}: {sums} Delete the file and fetch it again."
    assert not (official / UNPACKED).exists()


def test_official_folder_that_is_damaged_says_what_to_delete(official):
    """The remedy is said, because torchvision checks the sum of each file."""
    load_cifar10(official)
    (official / UNPACKED / "test_batch").write_bytes(b"another file")

    text = message(load_cifar10, official)

    assert text.startswith(f"{official / UNPACKED}: torchvision cannot read the images (")
    assert text.endswith(f"Delete this folder, and {OFFICIAL} beside it, and fetch that file again.")


@pytest.mark.parametrize(
    ("kind", "module", "package"),
    [("packed", "PIL.Image", "pillow"), ("official", "torchvision.datasets", "torchvision")],
)
def test_missing_package_is_named_with_the_command_that_installs_it(
    kind, module, package, request, monkeypatch
):
    """Neither is needed by the other ways of reading."""
    place = request.getfixturevalue(kind)
    monkeypatch.setitem(sys.modules, module, None)  # None: as if it were not installed

    text = message(load_cifar10, place)

    assert f"reading it needs {package}, which is not installed." in text
    assert text.endswith(f"Run: python -m pip install {package}")


def test_real_images_are_all_there(real_data, monkeypatch):
    """All 60,000 JPEGs, from DATASETS_DIR or ../shared/datasets; decoded once, into your cache folder."""
    folder = real_data(f"cifar10/{JPEGS}").parent
    monkeypatch.undo()  # the real numbers and the real cache

    data = load_cifar10(folder)

    assert [len(split.y) for split in (data.train, data.validation, data.test)] == [45_000, 5_000, 10_000]
    assert np.bincount(data.test.y).tolist() == [1_000] * 10
    # Photographs, not noise and not one colour: neighbours are alike, images are not.
    X = data.test.X.reshape(-1, *data.image_shape)
    assert abs(np.diff(X, axis=3)).mean() < 0.06
    assert X.std() > 0.2
