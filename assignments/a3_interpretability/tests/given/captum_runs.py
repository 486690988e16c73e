"""Calls attribute on arrays, and describes a figure in plain values."""

import torch


def attribute(function, network, method, X, y, *, layer=None):
    """The attribution, the images after the call, and what is attached to them.

    Args:
        function: attribute.
        network: a handle of `feature_networks`.
        method: name of the method.
        X: array (N, C, H, W).
        y: array (N,) int64.
        layer: dotted name; None leaves the argument out.
    """
    images = torch.from_numpy(X).clone()
    options = {} if layer is None else {"layer": layer}
    found = function(network, method, images, torch.from_numpy(y), **options)
    return {
        "attribution": found,
        "attached": bool(getattr(found, "requires_grad", False)),
        "images": images,
        "images require gradients": images.requires_grad or images.grad is not None,
    }


def describe(figure):
    """What is in a figure: for each axes its title, its number of ticks and its pictures.

    Of a picture: its numbers, its extent as left, right, bottom, top, and its opacity.
    """
    return [
        {
            "title": axes.get_title(),
            "ticks": len(axes.get_xticks()) + len(axes.get_yticks()),
            "pictures": [
                {
                    "numbers": picture.get_array().data,
                    "extent": [float(end) for end in picture.get_extent()],
                    "alpha": 1.0 if picture.get_alpha() is None else float(picture.get_alpha()),
                }
                for picture in axes.get_images()
            ],
        }
        for axes in figure.axes
    ]


def type_name(value):
    """The name of a value's type."""
    return type(value).__name__
