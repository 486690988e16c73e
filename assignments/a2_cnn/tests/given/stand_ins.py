"""Layers of a NumPy network as a copier sees them: a class name and attributes, nothing that computes."""


class Network:
    """Has the layers, and no criterion of use."""

    def __init__(self, layers):
        self.layers = layers
        self.criterion = None


def network(specifications):
    """A network of stand-ins.

    Args:
        specifications: for each layer a pair (name of the class, dict of its attributes).
    """
    return Network([_layer(name, attributes) for name, attributes in specifications])


def attributes(network, number):
    """The attributes of one layer, by name."""
    return dict(vars(network.layers[number]))


def _layer(name, attributes):
    layer = type(name, (), {})()
    vars(layer).update(attributes)
    return layer
