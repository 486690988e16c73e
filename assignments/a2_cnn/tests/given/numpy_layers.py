"""Runs a layer forwards and backwards and brings plain arrays back."""

import numpy as np


def there_and_back(layer, x, dout, **parameters):
    """All that a layer computes for x and then for dout, its parameters set first."""
    _fill(layer, parameters)
    out = layer.forward(x)
    returned = layer.backward(dout)
    return _told(layer, out=out, returned=returned)


def twice(layer, first, second, **parameters):
    """The same for a second pair of input and gradient, after a first pair."""
    _fill(layer, parameters)
    layer.forward(first[0])
    layer.backward(first[1])
    out = layer.forward(second[0])
    layer.backward(second[1])
    returned = layer.backward(second[1])  # and once more: nothing may be added up
    return _told(layer, out=out, returned=returned)


def forward(layer, x, **parameters):
    """Its output alone."""
    _fill(layer, parameters)
    return layer.forward(x)


def side_by_side(first, second, x, dout_first, dout_second, **parameters):
    """Two layers that are used in turns, as in a network: what the first one computes."""
    _fill(first, parameters)
    first.forward(x)
    second.forward(x + 1.0)
    second.backward(dout_second)
    first.backward(dout_first)
    return _told(first)


def criterion(layer, scores, labels):
    """What a criterion gives for scores and labels."""
    answer = layer.forward(scores, labels)
    first = np.array(layer.backward())
    return {"answer": answer, "first": first, "returned": layer.backward(), "dx": layer.dx}


def arguments_after(layer, x, dout, **parameters):
    """The arguments x and dout as they are after a pass forwards and backwards, and what that returned."""
    _fill(layer, parameters)
    layer.forward(x)
    returned = np.array(layer.backward(dout))
    return {"x": x, "dout": dout, "returned": returned}


def criterion_arguments_after(layer, scores, labels):
    """The same for a criterion."""
    layer.forward(scores, labels)
    returned = np.array(layer.backward())
    return {"scores": scores, "labels": labels, "returned": returned}


def loops(repetitions):
    """A plain Python loop, to know how fast this machine is."""
    total = 0.0
    for step in range(repetitions):
        total += step * 0.5
    return total


class Held:
    """Keeps results on this side of the wall."""

    def __init__(self, results):
        self.results = results


def timed_pair(layer, x, dout, **parameters):
    """The same as `there_and_back`, but held: the way of large arrays is not to be timed."""
    return Held(there_and_back(layer, x, dout, **parameters))


def _fill(layer, parameters):
    for name, value in parameters.items():
        setattr(layer, name, value)


def _told(layer, **more):
    names = [name for name in ("dx", "dw", "db") if hasattr(layer, name)]
    return {**more, **{name: getattr(layer, name) for name in names}}
