"""The trained networks and the pictures of assignment 3, and what students read when they cannot be had."""

import functools
import gc
import hashlib
import http.server
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import datasets.squeezenet
from datasets import DatasetError
from datasets.image_model import ImageModel
from datasets.imagenet25 import load_imagenet25
from datasets.pretrained import load_pretrained
from datasets.shapes import generate
from datasets.small_cnn import WEIGHTS, Block, SmallCNN, load_small_cnn
from datasets.squeezenet import ARRAYS, OFFICIAL, find_squeezenet, load_squeezenet
from datasets.style import load_style, read_picture

PROJECT = Path(__file__).parents[1]
RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def empty_home(tmp_path, monkeypatch):
    """No folder in the environment and an empty cache, whatever this machine has."""
    monkeypatch.delenv("DATASETS_DIR", raising=False)
    monkeypatch.setattr(datasets.squeezenet, "cache_folder", lambda name: tmp_path / "cache" / name)


def message(call, *arguments) -> str:
    """The text of the DatasetError that a call ends in."""
    with pytest.raises(DatasetError) as caught:
        call(*arguments)
    return str(caught.value)


# From a picture to a network's input and back.


@pytest.fixture
def model() -> ImageModel:
    """A model whose channels have different statistics, for images of 6 x 6 pixels."""
    return ImageModel("model", nn.Identity(), ("a",), 6, (0.1, 0.2, 0.3), (0.5, 0.25, 0.2), "0")


def test_preprocessing_normalises_each_channel(model):
    """Values by hand, in the order red, green, blue; a square of the right size is not resampled."""
    images = RNG.integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)

    X = model.preprocess(images)

    expected = (images / 255 - [0.1, 0.2, 0.3]) / [0.5, 0.25, 0.2]
    assert X.dtype == torch.float32
    np.testing.assert_allclose(X.numpy(), expected.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-6)


def test_deprocessing_undoes_preprocessing_and_clips(model):
    """The picture in [0, 1] comes back; brighter than white is white."""
    images = RNG.integers(0, 256, (2, 6, 6, 3), dtype=np.uint8)
    X = model.preprocess(images)

    np.testing.assert_allclose(
        model.deprocess(X).numpy(), images.transpose(0, 3, 1, 2) / 255, rtol=1e-5, atol=1e-6
    )
    assert model.deprocess(X + 100).unique().tolist() == [1]
    assert model.deprocess(X - 100).unique().tolist() == [0]


def test_pictures_of_any_size_become_squares_from_their_middle(model):
    """A tall and a wide picture: the shorter side fits, the ends of the longer one are cut off."""
    tall = np.zeros((32, 12, 3), dtype=np.uint8)
    tall[8:24] = 255
    wide = np.moveaxis(tall, 0, 1)

    squares = model.deprocess(model.preprocess([tall, wide]))

    assert squares.shape == (2, 3, 6, 6)
    assert squares.min() > 0.99
    assert model.preprocess([tall], side=4).shape == (1, 3, 4, 4)


def test_valid_range_is_black_and_white(model):
    """What a black and a white picture become, for each channel."""
    black, white = model.preprocess([np.full((6, 6, 3), value, dtype=np.uint8) for value in (0, 255)])

    low, high = model.valid_range()

    torch.testing.assert_close(low.expand(3, 6, 6), black)
    torch.testing.assert_close(high.expand(3, 6, 6), white)


# The small CNN.


def test_small_cnn_knows_the_shapes():
    """Images that it has never seen: drawn from another seed than the training's."""
    model = load_small_cnn()
    images, labels = generate(300, seed=9)

    with torch.no_grad():
        logits = model.network(model.preprocess(images.transpose(0, 2, 3, 1)))

    assert logits.shape == (300, len(model.class_names))
    assert (logits.argmax(dim=1).numpy() == labels).mean() > 0.97


def test_small_cnn_has_what_makes_methods_stumble():
    """ReLUs inside blocks and in place, a skip connection, and a layer for GradCAM that exists."""
    model = load_small_cnn()
    rectifiers = [module for module in model.network.modules() if isinstance(module, nn.ReLU)]

    assert any(module.inplace for module in rectifiers)
    assert any(not module.inplace for module in rectifiers)
    assert any(isinstance(module, nn.ReLU) for module in Block(2).main)
    assert model.network.get_submodule(model.layer)(torch.zeros(1, 48, 8, 8)).shape == (1, 48, 8, 8)
    assert not any(module.training for module in model.network.modules())


def test_small_cnn_is_small_and_whole():
    """Under 500 kB, with a name for each tensor of the network and no other."""
    from safetensors.torch import load_file

    assert WEIGHTS.stat().st_size < 500_000
    assert load_file(WEIGHTS).keys() == SmallCNN().state_dict().keys()


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"", "header"), (b"\x00" * 99, "eader")]
)
def test_small_cnn_without_its_weights_says_so(tmp_path, monkeypatch, content, words):
    """Missing, empty, something else."""
    path = tmp_path / "small_cnn.safetensors"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr("datasets.small_cnn.WEIGHTS", path)

    text = message(load_small_cnn)

    assert text.startswith(f"{path}: the weights cannot be read (")
    assert words in text
    assert text.endswith("Take the file again from where the package came from.")


def test_small_cnn_with_weights_of_another_network_says_so(tmp_path, monkeypatch):
    """A sound file, but of other tensors."""
    from safetensors.torch import save_file

    path = tmp_path / "small_cnn.safetensors"
    save_file({"weight": torch.zeros(3)}, path)
    monkeypatch.setattr("datasets.small_cnn.WEIGHTS", path)

    assert "Missing key(s) in state_dict" in message(load_small_cnn)


# SqueezeNet.


@functools.cache
def random_weights() -> dict[str, torch.Tensor]:
    """Weights of the right names and shapes that know nothing."""
    from torchvision.models import squeezenet1_0

    return squeezenet1_0().state_dict()


def write_arrays(folder: Path) -> Path:
    """Those weights in NumPy's format."""
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / ARRAYS, **{name: value.numpy() for name, value in random_weights().items()})
    return folder / ARRAYS


def is_random(model: ImageModel) -> bool:
    """Whether a model has those weights."""
    state = model.network.state_dict()
    return all(torch.equal(state[name], value) for name, value in random_weights().items())


def test_squeezenet_is_read_from_a_folder(tmp_path):
    """Weights, class names, statistics and a layer that exists; ready to be asked."""
    write_arrays(tmp_path)

    model = load_squeezenet(tmp_path)

    assert is_random(model)
    assert (len(model.class_names), model.class_names[207], model.side) == (1000, "golden retriever", 224)
    assert (model.mean, model.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert type(model.network.get_submodule(model.layer)).__name__ == "Fire"
    assert not model.network.training


def test_squeezenet_is_found_through_the_environment(tmp_path, monkeypatch):
    """DATASETS_DIR names the folder that holds the folder squeezenet."""
    path = write_arrays(tmp_path / "squeezenet")
    monkeypatch.setenv("DATASETS_DIR", str(tmp_path))

    assert find_squeezenet() == path
    assert is_random(load_squeezenet())


def test_squeezenet_folder_without_weights_says_what_to_put_there(tmp_path):
    """Both names, and how to have them downloaded."""
    assert message(load_squeezenet, tmp_path) == (
        f"{tmp_path}: here is no {ARRAYS} and no {OFFICIAL}. Put one of them there, or unset DATASETS_DIR "
        "and give no folder to download the weights."
    )


def test_squeezenet_weights_that_are_others_or_damaged_are_explained(tmp_path):
    """Other tensors, a file that is cut off, no such file at all, a pickled object."""
    path = tmp_path / ARRAYS
    np.savez(path, weight=np.zeros(3))
    assert "these are other weights (Error(s) in loading state_dict for SqueezeNet: Missing" in message(
        load_squeezenet, tmp_path
    )

    write_arrays(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    assert message(load_squeezenet, tmp_path).startswith(f"{path}: this is no sound npz file (")

    path.write_bytes(b"<html>not found</html>")
    assert "this is no sound npz file (" in message(load_squeezenet, tmp_path)

    np.savez(path, weight=np.array([object()]))
    assert "allow_pickle=False" in message(load_squeezenet, tmp_path)


def test_squeezenet_official_file_is_checked(tmp_path):
    """A file of the official name and other content is refused before it is read."""
    (tmp_path / OFFICIAL).write_bytes(b"anything")
    found = hashlib.sha256(b"anything").hexdigest()[:8]

    assert message(load_squeezenet, tmp_path) == (
        f"{tmp_path / OFFICIAL}: the sha256 sum starts with {found}, expected b66bff10. "
        "Delete the file and fetch it again."
    )


def test_squeezenet_without_torchvision_names_the_remedy(tmp_path, monkeypatch):
    """The package that has the network is not a requirement of every student."""
    write_arrays(tmp_path)
    monkeypatch.setitem(sys.modules, "torchvision.models", None)

    assert "Run: python -m pip install torchvision" in message(load_squeezenet, tmp_path)


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A web server with random weights in the place of torchvision's; their file and its requests."""
    from torchvision.models import SqueezeNet1_0_Weights

    shelf = tmp_path / "shelf"
    shelf.mkdir()
    torch.save(random_weights(), shelf / "weights")
    start = hashlib.sha256((shelf / "weights").read_bytes()).hexdigest()[:8]
    path = (shelf / "weights").rename(shelf / f"squeezenet1_0-{start}.pth")
    requests = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Keeps what was asked for instead of printing it."""
            requests.append(self.path)

    handler = functools.partial(Handler, directory=str(shelf))
    monkeypatch.setattr(datasets.squeezenet, "OFFICIAL", path.name)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/{path.name}"
        monkeypatch.setattr(SqueezeNet1_0_Weights.IMAGENET1K_V1.value, "url", url)
        yield path, requests
        server.shutdown()
        thread.join()
    with warnings.catch_warnings():
        # torch.hub leaves closing its connections to the garbage collector, which warns.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_squeezenet_is_downloaded_once(published, tmp_path):
    """From the address that torchvision names into the cache; the second call asks nobody."""
    path, requests = published

    assert is_random(load_squeezenet())
    assert is_random(load_squeezenet())
    assert len(requests) == 1
    assert find_squeezenet() == tmp_path / "cache" / "squeezenet" / path.name


def test_squeezenet_download_with_a_wrong_sum_is_refused(published, tmp_path):
    """Nothing stays under the file's name."""
    path, _ = published
    path.write_bytes(b"other bytes")

    text = message(load_squeezenet)

    assert "the download failed (http://127.0.0.1" in text
    assert "invalid hash value" in text
    assert list((tmp_path / "cache" / "squeezenet").iterdir()) == []


def test_squeezenet_download_that_fails_is_explained(published):
    """The server has no such file: what it said, and that the file can be put there."""
    path, _ = published
    path.unlink()

    text = message(load_squeezenet)

    assert "404" in text
    assert text.endswith(f"Check the network and run this again, or put {path.name} there yourself.")


def test_squeezenet_official_name_is_torchvisions():
    """The name carries the sum, so it must be the one that torchvision publishes today."""
    from torchvision.models import SqueezeNet1_0_Weights

    assert SqueezeNet1_0_Weights.IMAGENET1K_V1.url.endswith(f"/{OFFICIAL}")


# Whichever is there.


def test_pretrained_is_squeezenet_where_its_weights_are(tmp_path, monkeypatch):
    """From the folder in the environment, without a download."""
    assert load_pretrained().name == "small CNN"

    write_arrays(tmp_path / "squeezenet")
    monkeypatch.setenv("DATASETS_DIR", str(tmp_path))

    assert load_pretrained().name == "SqueezeNet"


def test_pretrained_downloads_only_when_asked(published):
    """The default asks nobody; afterwards the file is in the cache."""
    _, requests = published

    assert load_pretrained().name == "small CNN"
    assert requests == []
    assert load_pretrained(download=True).name == "SqueezeNet"
    assert load_pretrained().name == "SqueezeNet"


def test_pretrained_without_a_network_warns_and_goes_on(published):
    """What failed, and what comes instead."""
    path, _ = published
    path.unlink()

    with pytest.warns(UserWarning, match="the download failed .* Until then this is the small CNN"):
        assert load_pretrained(download=True).name == "small CNN"


def test_pretrained_hides_no_damage(tmp_path, monkeypatch):
    """Weights that are there but damaged are an error, not a reason to take another network."""
    write_arrays(tmp_path / "squeezenet").write_bytes(b"half a file")
    monkeypatch.setenv("DATASETS_DIR", str(tmp_path))

    assert "this is no sound npz file" in message(load_pretrained)


# Photographs.


def test_photographs_are_scikit_learns_where_there_is_no_file(tmp_path, monkeypatch):
    """Two squares from the middle; an environment without the file changes nothing."""
    from sklearn.datasets import load_sample_image

    monkeypatch.setenv("DATASETS_DIR", str(tmp_path))

    name, images, labels = load_imagenet25()

    assert name == "sample photographs"
    assert images.shape == (2, 427, 427, 3)
    assert images.dtype == np.uint8
    assert labels.tolist() == [698, 985]
    assert np.array_equal(images[1], load_sample_image("flower.jpg")[:, 106:533])


def test_photographs_are_read_from_a_folder(tmp_path, monkeypatch):
    """By argument and through the environment."""
    images = RNG.integers(0, 256, (3, 5, 5, 3), dtype=np.uint8)
    np.savez(tmp_path / "imagenet25.npz", images=images, labels=np.array([0, 999, 7], dtype=np.int32))

    given = load_imagenet25(tmp_path)
    monkeypatch.setenv("DATASETS_DIR", str(tmp_path))

    assert np.array_equal(given.images, images)
    assert load_imagenet25().labels.tolist() == given.labels.tolist() == [0, 999, 7]
    assert given.labels.dtype == np.int64


def test_photographs_in_a_folder_without_the_file_are_explained(tmp_path):
    """A folder that was named is not silently replaced."""
    assert message(load_imagenet25, tmp_path) == (
        f"{tmp_path / 'imagenet25.npz'}: there is no such file. Put it there, or name another folder."
    )


GOOD = {"images": np.zeros((2, 4, 4, 3), np.uint8), "labels": np.zeros(2, np.int64)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": np.zeros((2, 4, 4, 3))}, "images is float64 of shape (2, 4, 4, 3)"),
        ({"images": np.zeros((2, 3, 4, 4), np.uint8)}, "images is uint8 of shape (2, 3, 4, 4)"),
        ({"labels": np.zeros(3, np.int64)}, "labels is int64 of shape (3,)"),
        ({"labels": np.array([0, 1000])}, "whole numbers (N,) from 0 to 999"),
        ({"labels": np.zeros(2)}, "labels is float64 of shape (2,)"),
    ],
)
def test_photographs_of_another_kind_are_explained(tmp_path, changes, words):
    """Other types, other axes, more labels than images, a label that no class has."""
    np.savez(tmp_path / "imagenet25.npz", **(GOOD | changes))

    text = message(load_imagenet25, tmp_path)

    assert words in text
    assert text.endswith("Delete the file and fetch it again.")


def test_photographs_that_are_no_npz_file_are_explained(tmp_path):
    """A page that says that there is nothing, a single array, and pickled objects."""
    path = tmp_path / "imagenet25.npz"
    with path.open("wb") as file:
        np.save(file, GOOD["images"])
    assert message(load_imagenet25, tmp_path).startswith(f"{path}: this is no sound npz file (")

    path.write_bytes(b"<html>not found</html>")
    assert message(load_imagenet25, tmp_path).startswith(f"{path}: this is no sound npz file (")

    np.savez(path, **(GOOD | {"labels": np.array([None, None])}))
    assert "allow_pickle=False" in message(load_imagenet25, tmp_path)


# Pictures for style transfer.


def save(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (8, 6)) -> Path:
    """A picture of one colour; size is (width, height)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def test_style_patterns_are_drawn_and_always_the_same():
    """A photograph and four patterns, each of several colours."""
    first, second = load_style(), load_style()

    assert first.content.shape == (427, 640, 3)
    assert list(first.styles) == ["waves", "mosaic", "dots", "hatching"]
    for name, picture in first.styles.items():
        assert picture.shape == (256, 256, 3)
        assert picture.dtype == np.uint8
        assert picture.std() > 30
        assert np.array_equal(picture, second.styles[name])


def test_style_pictures_are_read_from_a_folder(tmp_path, monkeypatch):
    """The content by its name, the styles in the order of theirs; other files do not disturb."""
    save(tmp_path / "style" / "tubingen.png", (1, 2, 3))
    save(tmp_path / "style" / "zebra.png", (255, 0, 0))
    save(tmp_path / "style" / "apple.PNG", (0, 0, 255))
    (tmp_path / "style" / "README.txt").write_text("pictures")
    monkeypatch.setenv("DATASETS_DIR", str(tmp_path))

    content, styles = load_style()

    assert content.shape == (6, 8, 3)
    assert content[0, 0].tolist() == [1, 2, 3]
    assert list(styles) == ["apple", "zebra"]
    assert styles["zebra"][0, 0].tolist() == [255, 0, 0]


def test_style_environment_without_a_folder_gives_the_patterns(tmp_path, monkeypatch):
    """Other data may lie there without this one."""
    monkeypatch.setenv("DATASETS_DIR", str(tmp_path))

    assert next(iter(load_style().styles)) == "waves"


def test_style_folder_that_lacks_pictures_says_which(tmp_path):
    """First no content, then nothing but it."""
    remedy = "Put a .jpg or .png there, or unset DATASETS_DIR and give no folder to use drawn patterns."
    save(tmp_path / "painting.png", (9, 9, 9))
    assert message(load_style, tmp_path) == f"{tmp_path}: here is no picture named tubingen. {remedy}"

    (tmp_path / "painting.png").rename(tmp_path / "tubingen.png")
    assert message(load_style, tmp_path) == f"{tmp_path}: here is no picture beside tubingen. {remedy}"


def test_picture_is_reduced_and_keeps_its_proportions(tmp_path):
    """A student's own photograph may be large."""
    path = save(tmp_path / "mine.jpg", (200, 100, 50), size=(1600, 1200))

    assert read_picture(path).shape == (480, 640, 3)


def test_picture_lies_as_the_camera_noted(tmp_path):
    """Telephones store pictures lying, with a note that says how to turn them."""
    image = Image.new("RGB", (8, 6), (10, 20, 30))
    note = image.getexif()
    note[0x0112] = 6  # Orientation: turn by 90 degrees
    image.save(tmp_path / "turned.jpg", exif=note)

    assert read_picture(tmp_path / "turned.jpg").shape == (8, 6, 3)


def test_picture_that_cannot_be_read_is_explained(tmp_path):
    """Missing, of another kind, cut off."""
    path = tmp_path / "mine.png"
    text = f"{path}: there is no such file. Put it there, or name another file."
    assert message(read_picture, path) == text

    path.write_text("not a picture")
    assert message(read_picture, path).startswith(f"{path}: this is no sound picture (")

    noise = Image.fromarray(RNG.integers(0, 256, (50, 50, 3), dtype=np.uint8))
    noise.save(path)
    path.write_bytes(path.read_bytes()[:2000])
    assert message(read_picture, path).startswith(f"{path}: this is no sound picture (")


# The real files.


def test_real_squeezenet_recognises_the_real_photographs(real_data):
    """14 of 25 right at first guess and 19 among the first five, from DATASETS_DIR or ../shared/datasets."""
    model = load_squeezenet(real_data("squeezenet"))
    photographs = load_imagenet25(real_data("imagenet25.npz").parent)
    names = (real_data("squeezenet") / "synset_words.txt").read_text(encoding="utf-8").splitlines()

    with torch.no_grad():
        logits = model.network(model.preprocess(photographs.images))

    labels = torch.from_numpy(photographs.labels)
    first_five = logits.topk(5).indices == labels[:, None]
    assert (first_five[:, 0].sum(), first_five.sum()) == (14, 19)
    named = [name.split(" ", 1)[1].split(", ")[0] for name in names]
    other = {ours for ours, theirs in zip(model.class_names, named, strict=True) if ours != theirs}
    assert other == {"crane bird", "maillot tank suit"}  # two names occur twice in the list of ImageNet


def test_real_style_folder_has_a_photograph_and_three_paintings(real_data):
    """The pictures of DATASETS_DIR or ../shared/datasets."""
    content, styles = load_style(real_data("style"))

    assert content.shape == (480, 640, 3)
    assert list(styles) == ["composition_vii", "starry_night", "the_scream"]
