"""Assignment 3's reference against Captum, on the trained network of the repository: equal to 1e-5."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch
from captum.attr import GuidedBackprop, GuidedGradCam, IntegratedGradients, LayerGradCam, Saliency
from torch import nn

from datasets import load_small_cnn
from datasets.shapes import generate

FOLDER = Path(__file__).parents[1] / "solutions" / "a3_interpretability"
# Each after the modules that it imports by name.
MODULES = ("saliency", "guided_backprop", "gradcam", "fooling", "captum_maps")
# Captum tells what it does to its arguments.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU"),
    pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients"),
]
LAYERS = ("features.0", "features.3", "features.3.main", "features.4", "features.7")


@pytest.fixture
def reference(monkeypatch):
    """The reference's modules by name; they find each other, and nobody finds them afterwards."""
    modules = {}
    for name in MODULES:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        modules[name] = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, modules[name])
        spec.loader.exec_module(modules[name])
    return modules


@pytest.fixture
def model():
    """The trained network, in double precision."""
    return load_small_cnn().network.double()


@pytest.fixture
def twin(model):
    """The same network without in-place ReLUs, which Captum's hooks do not bear."""
    twin = load_small_cnn().network.double()
    for module in twin.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    return twin


@pytest.fixture
def batch():
    """Six images as the network takes them, and classes to explain, right and wrong ones."""
    return pictures(6, seed=8)[0], torch.tensor([0, 7, 3, 3, 9, 1])


def pictures(count, seed):
    """Shapes as the network takes them, and their labels."""
    images, labels = generate(count, seed=seed)
    X = load_small_cnn().preprocess(images.transpose(0, 2, 3, 1)).double()
    return X, torch.from_numpy(labels)


def close(actual, expected):
    """Equal to 1e-5 of the largest entry, which is not 0."""
    assert actual.shape == expected.shape
    largest = expected.abs().max()
    assert largest > 0
    assert (actual - expected).abs().max() <= 1e-5 * largest


def test_saliency_agrees_with_captum(reference, model, batch):
    """Saliency is the maximum over channels of Captum's."""
    X, y = batch
    expected = Saliency(model).attribute(X.clone(), target=y).amax(dim=1)
    close(reference["saliency"].compute_saliency_maps(model, X, y), expected)


def test_guided_backprop_agrees_with_captum(reference, model, twin, batch):
    """With and without in-place ReLUs, around which this network has other ways."""
    X, y = batch
    expected = GuidedBackprop(twin).attribute(X.clone(), target=y)
    for network in (model, twin):
        close(reference["guided_backprop"].guided_backprop(network, X, y), expected)


@pytest.mark.parametrize("layer", LAYERS)
def test_gradcam_agrees_with_captum(reference, model, twin, batch, layer):
    """At layers with and without an in-place ReLU behind them."""
    X, y = batch
    explainer = LayerGradCam(twin, twin.get_submodule(layer))
    expected = explainer.attribute(X.clone(), target=y, relu_attributions=True)[:, 0].detach()
    close(reference["gradcam"].grad_cam(model, layer, X, y), expected)


def test_guided_gradcam_agrees_with_captum(reference, model, twin, batch):
    """Captum resizes the map in the same way."""
    X, y = batch
    explainer = GuidedGradCam(twin, twin.get_submodule("features.4"))
    expected = explainer.attribute(X.clone(), target=y, interpolate_mode="bilinear").detach()
    close(reference["gradcam"].guided_grad_cam(model, "features.4", X, y), expected)


def test_attribute_gives_what_the_other_parts_give(reference, model, twin, batch):
    """Two ways to one map: Captum's options are chosen so that both agree."""
    X, y = batch
    attribute = reference["captum_maps"].attribute
    maps = reference["saliency"].compute_saliency_maps(model, X, y)
    close(attribute(twin, "saliency", X, y).amax(dim=1), maps)
    guided = reference["guided_backprop"].guided_backprop(model, X, y)
    close(attribute(twin, "guided_backprop", X, y), guided)
    cam = reference["gradcam"].grad_cam(model, "features.7", X, y)
    close(attribute(twin, "layer_grad_cam", X, y, layer="features.7")[:, 0], cam)
    fine = reference["gradcam"].guided_grad_cam(model, "features.7", X, y)
    close(attribute(twin, "guided_grad_cam", X, y, layer="features.7"), fine)


def test_integrated_gradients_are_complete(reference, twin, batch):
    """They add up to the score's difference from the image of zeros, to a twentieth of the largest."""
    X, y = batch
    found = reference["captum_maps"].attribute(twin, "integrated_gradients", X, y)
    close(found, IntegratedGradients(twin).attribute(X, target=y, n_steps=50))
    rows = torch.arange(len(y))
    with torch.no_grad():
        difference = (twin(X) - twin(torch.zeros_like(X)))[rows, y]
    assert (found.sum(dim=(1, 2, 3)) - difference).abs().max() < 0.05 * difference.abs().max()


def test_the_trained_network_is_fooled_by_small_changes(reference, model, batch):
    """Every image is taken for an arrow in the end, and FGSM lowers the accuracy on 200 images."""
    fool, X = reference["fooling"].make_fooling_image, batch[0]
    for n in range(len(X)):
        image, steps = fool(model, X[n : n + 1], 8, 0.5, 100)
        assert int(model(image).argmax()) == 8
        assert 0 < steps < 100
    many, labels = pictures(200, seed=9)
    low, high = load_small_cnn().valid_range()
    moved = reference["fooling"].fgsm(model, many, labels, 0.1, low, high)
    right = [(model(batch).argmax(dim=1) == labels).double().mean() for batch in (many, moved)]
    assert right[1] < right[0] - 0.2
