import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_length, assert_that, assert_type, given

PAD, V = 0, 8
LOSS = ["value", "shape", "gradient"]
LEFT = ["value", "batches", "before", "reads", "training", "calls", "has gradients"]
BATCHES = [
    (np.array([[2, 3, 4, 7]]), np.array([[1, 4]])),
    (
        np.array([[5, 2], [3, 0], [6, 6]]),
        np.array([[1, 5, 4, 3, 7, 2], [1, 2, 0, 0, 0, 0], [1, 6, 6, 2, 0, 0]]),
    ),
    (np.array([[4, 4, 2], [7, 1, 5]]), np.array([[1, 2, 5], [1, 3, 0]])),
]
COUNTS = [1, 9, 3]


def losses(model, source, target, smoothing=0.0):
    """Each word's loss, summed, by torch's own cross-entropy; differentiable in the model's two tables."""
    before, reads = model
    scores = before[target[:, :-1]] + reads[source].mean(dim=1)[:, None]
    return torch.nn.functional.cross_entropy(
        scores.flatten(0, 1),
        target[:, 1:].flatten(),
        ignore_index=PAD,
        label_smoothing=smoothing,
        reduction="sum",
    )


def trained(tables, rates, max_norm, smoothing=0.0):
    """The tables after an epoch of SGD, and the mean loss of a word."""
    tables, total = [torch.from_numpy(table) for table in tables], 0.0
    for (source, target), rate, count in zip(BATCHES, rates, COUNTS, strict=True):
        leaves = [table.clone().requires_grad_() for table in tables]
        loss = losses(leaves, torch.from_numpy(source), torch.from_numpy(target), smoothing)
        gradients = torch.autograd.grad(loss / count, leaves)
        length = float(torch.cat([gradient.flatten() for gradient in gradients]).norm())
        shrink = min(1.0, max_norm / length)
        tables = [table - rate * shrink * g for table, g in zip(tables, gradients, strict=True)]
        total += float(loss.detach())
    return tables, total / sum(COUNTS)


def train(student, tables, rate, **options):
    """What train_epoch returns and leaves."""
    runs = given(student, "training_runs.py")
    found = runs.train(student.training.train_epoch, runs.tiny(*tables), BATCHES, rate, PAD, **options)
    assert_keys(found, LEFT, what="a run of train_epoch")
    return found


def compare(found, expected, what):
    """Fail unless the parameters and the mean loss are these."""
    tables, mean = expected
    assert_close(found["value"], mean, what=f"the mean loss of a word {what}")
    for name, table in zip(("before", "reads"), tables, strict=True):
        assert_close(found[name], table, what=f"the parameter '{name}' {what}", rtol=1e-5, atol=2e-6)


def two_tables(rng):
    """The tiny model's numbers."""
    return rng.normal(size=(V, V)), rng.normal(size=(V, V))


@number("4.8")
@weight(0.5)
def test_sequence_loss_of_other_sizes(student, rng):
    """Other sizes and padding, log-probabilities as scores, with and without smoothing, and the gradient."""
    for N, T, words, pad in ((3, 5, 7, 0), (1, 2, 4, 3), (4, 1, 5, 2)):
        scores, target = rng.normal(size=(N, T, words)), rng.integers(0, words, size=(N, T))
        target[0, 0] = (pad + 1) % words
        logs = torch.from_numpy(scores).log_softmax(dim=2).numpy()
        for smoothing, shifted in ((None, scores), (0.1, logs)):
            leaf = torch.from_numpy(shifted).requires_grad_()
            expected = torch.nn.functional.cross_entropy(
                leaf.flatten(0, 1),
                torch.from_numpy(target).flatten(),
                ignore_index=pad,
                label_smoothing=smoothing or 0.0,
            )
            (gradient,) = torch.autograd.grad(expected, leaf)
            found = given(student, "training_runs.py").loss(
                student.training.sequence_loss, shifted, target, pad, smoothing
            )
            assert_keys(found, LOSS, what="a call of sequence_loss")
            assert_close(found["value"], float(expected.detach()), what=f"the loss of {N} sentences")
            assert_close(found["gradient"], gradient, what="its gradient", rtol=1e-5, atol=1e-9)


@number("4.8")
@weight(1)
def test_train_epoch_with_other_batches(student, rng):
    """Three batches of 1, 9 and 3 words, with long gradients clipped and short ones left alone."""
    tables = two_tables(rng)
    for max_norm in (0.05, 100.0):
        expected = trained(tables, [0.7] * 3, max_norm)
        compare(train(student, tables, 0.7, max_norm=max_norm), expected, f"with max_norm {max_norm}")


@number("4.8")
@weight(0.5)
def test_train_epoch_with_label_smoothing(student, rng):
    """The smoothed loss is what is trained, and what the mean is of."""
    tables = two_tables(rng)
    expected = trained(tables, [0.4] * 3, 1.0, smoothing=0.2)
    compare(train(student, tables, 0.4, label_smoothing=0.2), expected, "with label_smoothing 0.2")


@number("4.8")
@weight(0.5)
def test_train_epoch_follows_a_schedule(student, rng):
    """Before each update the schedule is called once, and gives the learning rate of this update."""
    tables, rates = two_tables(rng), [0.3, 0.9, 0.1]
    expected = trained(tables, rates, 1.0)
    compare(train(student, tables, 5.0, schedule=rates), expected, "with a schedule")


@number("4.8")
@weight(1)
def test_evaluate_of_other_batches(student, rng):
    """Three batches of 1, 9 and 3 words, in evaluation mode and without gradients, twice the same."""
    tables = two_tables(rng)
    pairs = [(torch.from_numpy(source), torch.from_numpy(target)) for source, target in BATCHES]
    total = sum(float(losses([torch.from_numpy(table) for table in tables], *pair)) for pair in pairs)
    runs = given(student, "training_runs.py")
    model = runs.tiny(*tables, training=True)
    for calls in (3, 6):
        found = runs.evaluate(student.training.evaluate, model, BATCHES, PAD)
        assert_keys(found, LEFT, what="a run of evaluate")
        assert_type(found["value"], tuple, what="what evaluate returns")
        assert_length(found["value"], 2, what="what evaluate returns: (total, words)")
        assert_close(found["value"][0], total, what="the sum over all words")
        assert_close(found["value"][1], 13, what="the number of words")
        assert_that(
            found["calls"] == [[False, False]] * calls,
            "evaluate does not call the model once for each batch, in evaluation mode without gradients.",
        )
