import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_length, assert_that, given


def drawn(rng, sizes, classes, inputs):
    """Weights (classes, inputs) and batches of these sizes."""
    batches = [(rng.normal(size=(n, inputs)), rng.integers(classes, size=n)) for n in sizes]
    return rng.normal(size=(classes, inputs)), batches


def logits_and_losses(W, X, y):
    """Logits (n, C) and -log p of each label."""
    logits = torch.from_numpy(X) @ torch.as_tensor(W).T
    return logits, torch.nn.functional.cross_entropy(logits, torch.from_numpy(y), reduction="none")


def descended(W, batches, rate):
    """W after each step, from the start on, one for each batch and the last one."""
    path = [torch.tensor(W)]
    for X, y in batches:
        at = path[-1].detach().requires_grad_()
        logits_and_losses(at, X, y)[1].mean().backward()
        path.append((at - rate * at.grad).detach())
    return [w.numpy() for w in path]


def measured(path, batches):
    """Loss and accuracy over the examples, each batch with its own weights."""
    parts = [logits_and_losses(W, X, y) for W, (X, y) in zip(path, batches, strict=True)]
    hits = [logits.argmax(1).numpy() == y for (logits, _), (_, y) in zip(parts, batches, strict=True)]
    return torch.cat([losses for _, losses in parts]).mean().item(), np.concatenate(hits).mean()


@number("2.6")
@weight(1)
def test_torch_epoch_trains_in_training_mode(student, rng):
    """A model that comes in evaluation mode is trained in training mode, with one forward pass a batch."""
    W, batches = drawn(rng, (2, 5, 4, 1), 3, 6)

    found = given(student, "training_probes.py").epoch(student.training.train_epoch, W, batches, 0.1)

    assert_close(found["weight"], descended(W, batches, 0.1)[-1], what="the weight after an epoch")
    assert_length(found["modes"], 4, what="the forward passes in an epoch of 4 batches")
    assert_that(found["modes"] == [True] * 4, "The model was trained in evaluation mode.")


@number("2.6")
@weight(0.5)
def test_torch_epoch_forgets_older_gradients(student, rng):
    """Gradients that the parameters hold from before the epoch do not move them."""
    W, batches = drawn(rng, (3, 2), 4, 5)

    found = given(student, "training_probes.py").epoch(
        student.training.train_epoch, W, batches, 0.1, stale=9.0
    )

    assert_close(found["weight"], descended(W, batches, 0.1)[-1], what="the weight after an epoch")


@number("2.6")
@weight(0.5)
def test_torch_epoch_measures_before_each_update(student, rng):
    """Loss and accuracy of a batch are those of the forward pass before its update."""
    W, batches = drawn(rng, (4, 4, 4), 3, 5)

    found = given(student, "training_probes.py").epoch(student.training.train_epoch, W, batches, 2.0)

    assert_length(found["result"], 2, what="what train_epoch returns")
    loss, accuracy = measured(descended(W, batches, 2.0)[:-1], batches)
    assert_close(found["result"][0], loss, what="the loss of an epoch in which the weights change")
    assert_close(found["result"][1], accuracy, what="the accuracy of an epoch in which the weights change")


@number("2.6")
@weight(0.5)
def test_torch_loops_move_batches_to_the_device(student, rng):
    """Both loops move x and y of each batch to the device, with the method `to`, and find the right loss."""
    W, batches = drawn(rng, (3, 3), 4, 5)
    helpers, training = given(student, "training_probes.py"), student.training

    trained = helpers.epoch(training.train_epoch, W, batches, 0.0, elsewhere=True)
    validated = helpers.validation(training.validate, W, batches, 4, elsewhere=True)

    assert_length(trained["result"], 2, what="what train_epoch returns")
    assert_length(validated["result"], 3, what="what validate returns")
    loss, _ = measured([W] * 2, batches)
    assert_close(trained["result"][0], loss, what="the loss of an epoch")
    assert_close(validated["result"][0], loss, what="the loss of the validation")


@number("2.6")
@weight(0.5)
def test_torch_validate_of_any_size(student, rng):
    """Other numbers of classes and examples, a class that occurs in the last batch only, a single batch."""
    helpers = given(student, "training_probes.py")
    for sizes, classes in (((3, 2, 6), 4), ((1,), 7), ((5, 5), 2)):
        W, batches = drawn(rng, sizes, classes, 3)
        batches[-1][1][-1] = classes - 1
        for _, labels in batches[:-1]:
            labels[labels == classes - 1] = 0

        found = helpers.validation(student.training.validate, W, batches, classes)

        assert_length(found["result"], 3, what="what validate returns")
        loss, accuracy = measured([W] * len(batches), batches)
        assert_close(found["result"][0], loss, what="the loss")
        assert_close(found["result"][1], accuracy, what="the accuracy")
        X, y = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
        right = (X @ W.T).argmax(axis=1) == y
        expected = [right[y == c].mean() if (y == c).any() else np.nan for c in range(classes)]
        assert_close(found["result"][2], np.array(expected), what="the accuracy of each class")


@number("2.6")
@weight(0.5)
def test_torch_learning_rate_at_the_edges(student):
    """No warm-up, no milestones, milestones in any order, inside the warm-up, and in epoch 0."""
    cases = [
        ((0, 0.5, 0, [], 0.1), 0.5),
        ((7, 0.5, 0, [], 0.1), 0.5),
        ((0, 0.5, 1, [], 0.1), 0.5),
        ((5, 0.5, 0, [5], 0.2), 0.1),
        ((4, 0.5, 0, [5], 0.2), 0.5),
        ((9, 0.5, 0, [8, 2, 20, 5], 0.5), 0.0625),
        ((2, 0.6, 6, [1], 0.5), 0.3),
        ((6, 0.6, 6, [1], 0.5), 0.3),
        ((0, 0.6, 0, [0], 0.5), 0.3),
        ((3, 0.6, 0, (1, 2), 2.0), 2.4),
    ]
    for arguments, expected in cases:
        assert_close(student.training.learning_rate(*arguments), expected, what="a learning rate")


def assert_epochs(found, expected):
    """The counting parameter and buffer say which epoch's model it is."""
    assert_close(found["parameter"], np.full(2, float(expected)), what="the parameter after fit")
    assert_close(found["buffer"], float(expected), what="the buffer after fit")


@number("2.6")
@weight(0.5)
def test_torch_fit_takes_the_first_of_equals(student):
    """Of epochs with the same validation accuracy the first one counts, also where none is above 0."""
    helpers = given(student, "training_probes.py")

    assert_epochs(helpers.fit(student.training, (0.5, 0.75, 0.75), (1.0, 0.5, 0.25), base=1.0), 2)
    assert_epochs(helpers.fit(student.training, (0.0, 0.0), (1.0, 0.5), base=1.0), 1)


@number("2.6")
@weight(0.5)
def test_torch_fit_keeps_buffers_and_moves_all_groups(student):
    """The best epoch's buffers come back too; each parameter group gets the rate; arguments are passed on."""
    helpers = given(student, "training_probes.py")

    found = helpers.fit(student.training, (0.25, 0.5, 0.375), (1.0, 0.5, 0.25), base=1.0, device="cpu:0")

    assert_close(found["buffer"], 2.0, what="the buffer after fit")
    assert_that(found["rates"] == [[r, r] for r in (1.0, 1.5, 2.0)], "A parameter group has another rate.")
    assert_that(found["right"] == [[True] * 4 + ["cpu:0"]] * 6, "A function was called with other arguments.")
