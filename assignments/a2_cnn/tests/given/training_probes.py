"""A model, batches and functions that write down how the training code uses them."""

import torch
from torch import nn

CRITERION = nn.CrossEntropyLoss()


class Probe(nn.Module):
    """A linear classifier.

    Attributes:
        weight: (C, D), its one parameter.
        modes: for each forward pass, whether it was in training mode.
        recorded: for each forward pass, whether gradients were recorded.
    """

    def __init__(self, weight, training):
        super().__init__()
        self.weight = nn.Parameter(torch.from_numpy(weight).clone())
        self.train(training)
        self.modes = []
        self.recorded = []

    def forward(self, x):
        """Logits (n, C)."""
        self.modes.append(self.training)
        self.recorded.append(torch.is_grad_enabled())
        return x @ self.weight.T


class Elsewhere:
    """A tensor that is on another device until it is moved: a layer can do nothing with it."""

    def __init__(self, tensor, device):
        self.tensor, self.device = tensor, device

    def to(self, device, **options):
        """The tensor, if it is moved to where the model is."""
        if torch.device(device) != torch.device(self.device):
            raise RuntimeError(f"the model is on {self.device}, and a batch was moved to {device}")
        return self.tensor

    def __len__(self):
        return len(self.tensor)

    @property
    def shape(self):
        """As the tensor's."""
        return self.tensor.shape

    def size(self, *arguments):
        """As the tensor's."""
        return self.tensor.size(*arguments)


def loader(batches, elsewhere=False):
    """A list of pairs of tensors, one for each pair of arrays."""
    pairs = [tuple(torch.from_numpy(array) for array in batch) for batch in batches]
    return [tuple(Elsewhere(t, "cpu") for t in pair) for pair in pairs] if elsewhere else pairs


def epoch(function, weight, batches, rate, *, stale=0.0, elsewhere=False):
    """One call of the student's train_epoch with plain gradient descent.

    Args:
        function: train_epoch.
        weight: (C, D), where the model starts.
        batches: pairs of arrays.
        rate: the learning rate; 0 freezes the model.
        stale: every entry of a gradient that the weight holds beforehand; 0 means that it holds none.
        elsewhere: whether the batches have to be moved to the device.
    """
    model = Probe(weight, training=False)
    if stale:
        model.weight.grad = torch.full_like(model.weight, stale)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    result = function(model, loader(batches, elsewhere), optimizer, CRITERION, "cpu")
    return {"result": result, "weight": model.weight, "modes": model.modes}


def validation(function, weight, batches, classes, *, training=True, elsewhere=False):
    """One call of the student's validate.

    Args:
        function: validate.
        weight: (C, D) of the model.
        batches: pairs of arrays.
        classes: how many there are.
        training: the mode that the model is in beforehand.
        elsewhere: whether the batches have to be moved to the device.
    """
    model = Probe(weight, training)
    model.weight.grad = torch.ones_like(model.weight)
    result = function(model, loader(batches, elsewhere), CRITERION, classes, "cpu")
    return {
        "result": result,
        "modes": model.modes,
        "recorded": model.recorded,
        "training": model.training,
        "weight": model.weight,
        "gradient": model.weight.grad,
        "trainable": model.weight.requires_grad,
    }


class Counter(nn.Module):
    """Counts the epochs that it was trained for, in a parameter and in a buffer."""

    def __init__(self):
        super().__init__()
        self.parameter = nn.Parameter(torch.zeros(2, dtype=torch.float64))
        self.register_buffer("buffer", torch.zeros(()))


def fit(training, accuracies, losses, *, pace=1.0, **options):
    """One call of the student's fit, in which the other three functions follow a script.

    In epoch k the learning rate is base + k / 2, training counts on and reports the loss 10 + k and
    the accuracy k / 8, and validation reports the k-th of the given numbers.

    The stand-ins have the names of the functions' parameters: fit may call them by keyword.

    Args:
        training: the student's module.
        accuracies: of the validation, one for each epoch.
        losses: of the validation.
        pace: what an epoch of training adds to the model's parameter.
        options: of fit.
    """
    counter = Counter()
    groups = [
        {"params": [counter.parameter], "lr": 7.0},
        {"params": [nn.Parameter(torch.zeros(1))], "lr": 8.0},
    ]
    descent = torch.optim.SGD(groups, lr=9.0)
    train, held_out = [("train",)], [("validation",)]
    seen = {"calls": [], "rates": [], "asked": [], "right": []}

    def learning_rate(epoch, base, warmup_epochs, milestones, factor):
        seen["asked"].append([epoch, base, warmup_epochs, list(milestones), factor])
        return base + epoch / 2

    def train_epoch(model, loader, optimizer, criterion, device="cpu"):
        epoch = seen["calls"].count("train_epoch")
        seen["calls"].append("train_epoch")
        seen["rates"].append([float(group["lr"]) for group in descent.param_groups])
        seen["right"].append(
            [model is counter, loader is train, optimizer is descent, criterion is CRITERION, str(device)]
        )
        with torch.no_grad():
            counter.parameter += pace
            counter.buffer += 1
        return 10.0 + epoch, epoch / 8

    def validate(model, loader, criterion, num_classes, device="cpu"):
        epoch = seen["calls"].count("validate")
        seen["calls"].append("validate")
        seen["right"].append(
            [model is counter, loader is held_out, num_classes == 3, criterion is CRITERION, str(device)]
        )
        return losses[epoch], accuracies[epoch], torch.full((3,), accuracies[epoch], dtype=torch.float64)

    training.learning_rate, training.train_epoch, training.validate = learning_rate, train_epoch, validate
    history = training.fit(
        counter, train, held_out, descent, CRITERION, num_classes=3, epochs=len(accuracies), **options
    )
    return {"history": history, "parameter": counter.parameter, "buffer": counter.buffer, **seen}
