"""Layers and a criterion that write down how they are called, and networks of plain parameters."""

import numpy as np


class Step:
    """Multiplies and shifts; its backward multiplies."""

    def __init__(self, name, factor, shift, log):
        self.name, self.factor, self.shift, self.log = name, factor, shift, log

    def forward(self, x):
        """A line in the log for each call."""
        self.log.append([self.name, "forward", np.array(x)])
        return x * self.factor + self.shift

    def backward(self, dout):
        """The same."""
        self.log.append([self.name, "backward", np.array(dout)])
        return dout * self.factor


class Criterion:
    """Halves the scores and adds up the labels: no loss anybody would use, and easy to follow."""

    def __init__(self, log):
        self.log = log

    def forward(self, scores, labels):
        """The pair that a criterion gives."""
        self.log.append(["criterion", "forward", np.array(scores)])
        self.labels = np.array(labels)
        return scores / 2, float(np.sum(labels) + np.sum(scores))

    def backward(self):
        """One for each score."""
        self.log.append(["criterion", "backward", np.zeros(0)])
        return np.ones((len(self.labels), 2))


def network(make, steps):
    """A network of steps (name, factor, shift), and the log of its layers."""
    log = []
    return make([Step(*step, log) for step in steps], Criterion(log)), log


def forward_and_backward(make, steps, x, y):
    """What a network returns, and its log."""
    made, log = network(make, steps)
    answer = made.forward(x, y)
    return {"answer": answer, "returned": made.backward(), "log": log, "labels": made.criterion.labels}


def prediction(make, steps, x):
    """What `predict` returns."""
    return network(make, steps)[0].predict(x)


def twice(make, steps, first, second, y):
    """The gradient of a second pass, after the layers were exchanged and a first pass was made."""
    made, log = network(make, steps[:1])
    made.forward(first, y)
    made.backward()
    made.layers = [Step(*step, log) for step in steps]
    made.forward(second, y)
    return {"first": np.array(made.backward()), "second": made.backward()}


class Layer:
    """Holds what an optimiser reads and changes."""

    def __init__(self, weight, bias):
        self.weight, self.bias = np.array(weight), np.array(bias)


class Bare:
    """A layer without parameters, as ReLU is one."""


class Network:
    """Holds layers."""


def descent(make, parameters, gradients, rates=None, **settings):
    """Parameters of each layer after each step of an optimiser.

    parameters: one (weight, bias) for each layer, None for a layer without.
    gradients: for each step the same of (dw, db).
    rates: the learning rate of each step, where it changes.
    """
    made = Network()
    layers = [Bare() if pair is None else Layer(*pair) for pair in parameters]
    made.layers = list(layers)
    optimizer = make(made, **settings)
    after = []
    for number, step in enumerate(gradients):
        for layer, pair in zip(layers, step, strict=True):
            if pair is not None:
                layer.dw, layer.db = (np.array(value) for value in pair)
        if rates is not None:
            optimizer.learning_rate = rates[number]
        optimizer.step()
        after.append(
            [
                None if isinstance(layer, Bare) else [layer.weight.copy(), layer.bias.copy()]
                for layer in layers
            ]
        )
    return after


def arguments_after(make, steps, x, y):
    """The arguments x and y after `forward` and `predict`, and what `forward` returned."""
    made, _ = network(make, steps)
    answer = made.forward(x, y)
    made.predict(x)
    return {"x": x, "y": y, "answer": answer}
