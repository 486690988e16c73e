"""Puts plain functions in the place of guided_backprop and grad_cam: their product is tested by itself."""

import importlib
import sys
import types

import torch


def stand_in(factors, maps):
    """From now on those two functions return what these numbers say.

    All else in the student's two files stays: they may share helpers.

    Args:
        factors: array (K,): `guided_backprop(model, X, y)` is X times the factor of each image's class.
        maps: arrays (K, h, w) by layer: `grad_cam(model, layer, X, y)` is the layer's map of each class.
    """
    try:
        part_2 = importlib.import_module("guided_backprop")
    except BaseException:  # missing or broken: that costs its own part, not this one
        part_2 = sys.modules["guided_backprop"] = types.ModuleType("guided_backprop")
    part_2.guided_backprop = lambda model, X, y: (
        X.detach() * torch.from_numpy(factors)[y][:, None, None, None]
    )
    part_3 = importlib.import_module("gradcam")
    part_3.grad_cam = lambda model, layer, X, y: torch.from_numpy(maps[layer])[y]
