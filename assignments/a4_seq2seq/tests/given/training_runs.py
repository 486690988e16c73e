"""A tiny model to train, and calls of the training functions that tell what happened."""

import torch
from torch import nn


class Tiny(nn.Module):
    """Scores of the next word: a row for the word before, plus the mean row of the source.

    It writes down in which mode it was called, and whether gradients were recorded.
    """

    def __init__(self, before, reads):
        super().__init__()
        self.before = nn.Parameter(torch.from_numpy(before.copy()))
        self.reads = nn.Parameter(torch.from_numpy(reads.copy()))
        self.calls = []

    def forward(self, source, target):
        """(N, S) and (N, T) to (N, T - 1, V): it shifts the target itself."""
        self.calls.append([self.training, torch.is_grad_enabled()])
        return self.before[target[:, :-1]] + self.reads[source].mean(dim=1)[:, None]


class Echo(nn.Module):
    """Returns what it was given as the decoder's input, as numbers; called as a `Transformer` is."""

    def forward(self, source, target):
        """(N, T) to (N, T, 1)."""
        return target[:, :, None].double() + 0 * source.double().sum()


def loss(function, scores, target, pad_id, label_smoothing):
    """Value, shape and gradient by the scores.

    Args:
        function: sequence_loss.
        scores: array (N, T, V).
        target: array (N, T).
        pad_id: its argument.
        label_smoothing: its argument; None leaves it out.
    """
    scores = torch.from_numpy(scores.copy()).requires_grad_()
    options = {} if label_smoothing is None else {"label_smoothing": label_smoothing}
    value = function(scores, torch.from_numpy(target), pad_id, **options)
    value.sum().backward()
    return {"value": value, "shape": tuple(value.shape), "gradient": scores.grad}


def shifted(function, source, target):
    """What transformer_scores hands to a model as the decoder's input: (N, T - 1, 1)."""
    return function(Echo(), torch.from_numpy(source), torch.from_numpy(target))


def tiny(before, reads, *, training=False):
    """The model, in a mode."""
    return Tiny(before, reads).train(training)


def train(function, model, batches, rate, pad_id, *, stale=False, schedule=None, **options):
    """What train_epoch returns with plain SGD, and what it leaves.

    Args:
        function: train_epoch.
        model: of `tiny`.
        batches: pairs of arrays.
        rate: the optimiser's learning rate.
        pad_id: what fills rows up.
        stale: whether the parameters have gradients from before.
        schedule: learning rates, one for each update, or None.
        options: other arguments, by name.
    """
    if stale:
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    if schedule is not None:
        options["schedule"] = iter(schedule).__next__
    held = [tuple(torch.from_numpy(array.copy()) for array in pair) for pair in batches]
    value = function(model, held, optimizer, _scores, pad_id, **options)
    return {"value": value, "batches": held, **_state(model)}


def evaluate(function, model, batches, pad_id):
    """What evaluate returns, and what it leaves."""
    held = [tuple(torch.from_numpy(array.copy()) for array in pair) for pair in batches]
    value = function(model, held, _scores, pad_id)
    return {"value": value, "batches": held, **_state(model)}


def _scores(model, source, target):
    return model(source, target)


def _state(model):
    return {
        "before": model.before,
        "reads": model.reads,
        "training": model.training,
        "calls": model.calls,
        "has gradients": any(parameter.grad is not None for parameter in model.parameters()),
    }
