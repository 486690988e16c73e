import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_that,
    assert_type,
    given,
)

SIZES = (4, 3, 1)  # 8 examples in batches of different sizes
EQUAL = (3, 3, 3)  # and 9 in equal ones: a mean over batches, another test's affair, is right too
CLASSES = 5
PAIR = "Return the pair (loss, accuracy)."
TRIPLE = "Return (loss, accuracy, per_class)."


def drawn(rng, sizes=SIZES):
    """Weights (5, 4) and batches of examples of 4 numbers; no example has the label 3."""
    labels = np.array([0, 2, 1, 0, 4, 4, 2, 0, 1, 4, 2, 2])[: sum(sizes)]
    X, ends = rng.normal(size=(sum(sizes), 4)), np.cumsum(sizes)[:-1]
    return rng.normal(size=(CLASSES, 4)), list(zip(np.split(X, ends), np.split(labels, ends), strict=True))


def cost(W, X, y, scale=lambda z: z):
    """Mean cross-entropy of a linear classifier, as a tensor."""
    return torch.nn.functional.cross_entropy(scale(torch.as_tensor(X) @ W.T), torch.as_tensor(y))


def descended(W, batches, rate, *, keep=0.0, scale=lambda z: z):
    """W after a step for each batch; `keep` of the gradient so far is carried over."""
    W, gradient = torch.tensor(W), 0.0
    for X, y in batches:
        W = W.detach().requires_grad_()
        cost(W, X, y, scale).backward()
        gradient = keep * gradient + W.grad
        W = W - rate * gradient
    return W.detach().numpy()


def measures(W, batches):
    """Each batch's mean loss, and whether each example is right, batch by batch."""
    losses = np.array([cost(torch.tensor(W), X, y).item() for X, y in batches])
    return losses, [(X @ W.T).argmax(axis=1) == y for X, y in batches]


def means(losses, hits):
    """Loss and accuracy over the examples, and over the batches, which is wrong."""
    sizes = [len(h) for h in hits]
    right = np.average(losses, weights=sizes), np.concatenate(hits).mean()
    return right, (losses.mean(), np.mean([h.mean() for h in hits]))


@number("2.6")
@weight(1.5)
def test_torch_epoch_steps_along_each_batch(student, rng):
    """Three batches are three steps, each along the gradient of its own batch alone."""
    W, batches = drawn(rng)

    found = given(student, "training_probes.py").epoch(student.training.train_epoch, W, batches, 0.5)

    assert_close(
        found["weight"],
        descended(W, batches, 0.5),
        what="the weight after an epoch of 3 batches",
        hint="For each batch: zero_grad, backward, step.",
        inputs={"the weight before the epoch": W},
        wrong={
            "the result of adding up gradients from batch to batch: zero_grad is missing": descended(
                W, batches, 0.5, keep=1.0
            ),
            "the result of a softmax before the criterion, which has its own": descended(
                W, batches, 0.5, scale=lambda z: z.softmax(1)
            ),
            "the result of steps up the gradient": descended(W, batches, -0.5),
            "the result of one batch too few": descended(W, batches[:-1], 0.5),
            "the result of the first batch alone": descended(W, batches[:1], 0.5),
        },
    )


@number("2.6")
@weight(1)
def test_torch_epoch_returns_means_over_examples(student, rng):
    """With a learning rate of 0, loss and accuracy are means over the 8 examples."""
    W, batches = drawn(rng)

    found = given(student, "training_probes.py").epoch(student.training.train_epoch, W, batches, 0.0)

    assert_length(found["result"], 2, what="what train_epoch returns", hint=PAIR)
    losses, hits = measures(W, batches)
    (loss, accuracy), (batch_loss, batch_accuracy) = means(losses, hits)
    softmax = [cost(torch.tensor(W), X, y, lambda z: z.softmax(1)).item() for X, y in batches]
    assert_close(
        found["result"][0],
        loss,
        what="the loss of an epoch",
        sizes={"N": 8, "number of batches": 3},
        wrong={
            "the mean over the batches": batch_loss,
            "a sum over the batches": losses.sum(),
            "the loss of the last batch": losses[-1],
            "the result of a softmax before the criterion, which has its own": np.average(
                softmax, weights=SIZES
            ),
        },
    )
    assert_close(
        found["result"][1],
        accuracy,
        what="the accuracy of an epoch",
        sizes={"N": 8, "number of batches": 3},
        wrong={"the mean over the batches": batch_accuracy, "a percentage": 100 * accuracy},
    )


@number("2.6")
@weight(1)
def test_torch_validate_returns_means_over_examples(student, rng):
    """`validate`: loss and accuracy are means over the 8 examples, in batches of 4, 3 and 1."""
    W, batches = drawn(rng)

    found = given(student, "training_probes.py").validation(student.training.validate, W, batches, CLASSES)

    assert_length(found["result"], 3, what="what validate returns", hint=TRIPLE)
    losses, hits = measures(W, batches)
    (loss, accuracy), (batch_loss, batch_accuracy) = means(losses, hits)
    assert_close(
        found["result"][0],
        loss,
        what="the loss of 8 examples",
        sizes={"N": 8, "number of batches": 3},
        wrong={"the mean over the batches": batch_loss, "the loss of the last batch": losses[-1]},
    )
    assert_close(
        found["result"][1],
        accuracy,
        what="the accuracy of 8 examples",
        sizes={"N": 8, "number of batches": 3},
        wrong={"the mean over the batches": batch_accuracy, "a percentage": 100 * accuracy},
    )


@number("2.6")
@weight(0.5)
def test_torch_validate_tells_each_class(student, rng):
    """per_class, float64 (C,): the fraction right of each label's examples, nan where there are none."""
    W, batches = drawn(rng)
    W[2] += 1.0  # so that some classes are predicted more often than they occur

    found = given(student, "training_probes.py").validation(student.training.validate, W, batches, CLASSES)

    assert_length(found["result"], 3, what="what validate returns", hint=TRIPLE)
    y = np.concatenate([labels for _, labels in batches])
    predicted = np.concatenate([(X @ W.T).argmax(axis=1) for X, _ in batches])
    correct = np.bincount(y[predicted == y], minlength=CLASSES)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, precision = (correct / np.bincount(of, minlength=CLASSES) for of in (y, predicted))
    per_class = found["result"][2]
    assert_close(
        per_class,
        recall,
        what="the accuracy of each class",
        hint="Class 3 has no example here: 0 / 0 is nan, and says so.",
        wrong={
            "right but for the class without examples, which has 0": np.nan_to_num(recall, nan=0.0),
            "right but for the class without examples, which has 1": np.nan_to_num(recall, nan=1.0),
            "the precision: divided by how often the class is predicted": precision,
            "the hits divided by the number of all examples": correct / len(y),
            "the number of hits": correct * 1.0,
        },
    )
    assert_dtype(per_class, "float64", what="the accuracy of each class")


@number("2.6")
@weight(1)
def test_torch_validate_evaluates(student, rng):
    """Inside `validate`, which finds the right loss, the model evaluates, and no gradients are recorded."""
    W, batches = drawn(rng, EQUAL)

    found = given(student, "training_probes.py").validation(student.training.validate, W, batches, CLASSES)

    assert_length(found["result"], 3, what="what validate returns", hint=TRIPLE)
    assert_close(found["result"][0], measures(W, batches)[0].mean(), what="the loss of 9 examples")

    assert_length(found["modes"], 3, what="the forward passes in validate")
    assert_that(
        found["modes"] == [False] * 3,
        "The model was in training mode inside validate.",
        "model.eval() switches dropout off and batch normalisation to its fixed statistics.",
    )
    assert_that(
        found["recorded"] == [False] * 3,
        "Gradients were recorded inside validate, which costs memory and time.",
        "with torch.no_grad(): ...",
    )


@number("2.6")
@weight(0.5)
def test_torch_validate_leaves_the_model_as_found(student, rng):
    """After `validate` has found the right loss, the model's mode, parameters and gradients are as before."""
    W, batches = drawn(rng, EQUAL)
    helpers = given(student, "training_probes.py")
    for training in (True, False):
        found = helpers.validation(student.training.validate, W, batches, CLASSES, training=training)

        assert_length(found["result"], 3, what="what validate returns", hint=TRIPLE)
        assert_close(found["result"][0], measures(W, batches)[0].mean(), what="the loss of 9 examples")
        assert_that(
            found["training"] == training,
            f"model.training was {training} before validate and is {not training} afterwards.",
            "Remember model.training before model.eval().",
        )
        assert_close(found["weight"], W, what="the weight, after validate")
        assert_that(found["trainable"] is True, "After validate, the weight does not require gradients.")
        assert_close(found["gradient"], np.ones_like(W), what="the weight's gradient, after validate")


@number("2.6")
@weight(1)
def test_torch_learning_rate_warms_up_and_steps_down(student, rng):
    """With 4 epochs of warm-up and milestones 6 and 9: up to base in equal steps, then down twice."""
    base, factor = rng.uniform(0.6, 0.9), rng.uniform(0.1, 0.2)
    rates = [student.training.learning_rate(epoch, base, 4, [6, 9], factor) for epoch in range(12)]

    shares = [0.25, 0.5, 0.75, 1, 1, 1, factor, factor, factor, factor**2, factor**2, factor**2]
    expected = [base * share for share in shares]
    for epoch, (rate, right) in enumerate(zip(rates, expected, strict=True)):
        passed = (epoch > 6) + (epoch > 9)
        later = max(epoch - 4, 0)
        wrong = {
            "the rate of a warm-up that starts from 0": base * epoch / 4,
            "the rate of the epoch before": expected[max(epoch - 1, 0)],
            "the rate of milestones that count one epoch late": base * factor**passed,
            "the rate of one step for all milestones": base * factor,
            "the rate of milestones counted from the end of the warm-up": base
            * factor ** ((later >= 6) + (later >= 9)),
            "the base, without a warm-up": base,
        }
        assert_close(
            rate,
            right,
            what=f"the learning rate of epoch {epoch}",
            hint="Epochs count from 0; a milestone is the first epoch with the smaller rate.",
            wrong={name: value for name, value in wrong.items() if not np.isclose(value, right)},
        )


SCHEDULE = {"warmup_epochs": 2, "milestones": [3, 4], "factor": 0.5}


@pytest.fixture
def best(rng):
    """The best of five epochs: neither the first nor one of the last two."""
    return int(rng.integers(1, 3))


@pytest.fixture
def accuracies(rng, best):
    """What validation reports in a fit of five epochs: the largest number is that of the best epoch."""
    drawn_ = rng.uniform(0.2, 0.6, 5)
    drawn_[best] = rng.uniform(0.7, 0.9)
    return drawn_.tolist()


@pytest.fixture
def losses(rng, best):
    """The same: the smallest number is that of the epoch after the best one, the largest that of epoch 0."""
    drawn_ = rng.uniform(1.0, 2.0, 5)
    drawn_[0], drawn_[best + 1] = rng.uniform(2.5, 3.0), rng.uniform(0.5, 0.9)
    return drawn_.tolist()


@number("2.6")
@weight(1)
def test_torch_fit_keeps_the_best_epoch(student, rng, best, accuracies, losses):
    """After `fit` the model is that of the epoch with the best validation accuracy, not the last one."""
    pace = rng.uniform(1.0, 2.0)
    found = given(student, "training_probes.py").fit(
        student.training, accuracies, losses, pace=pace, base=0.25, **SCHEDULE
    )

    assert_close(
        found["parameter"],
        np.full(2, pace * (best + 1)),
        what=f"the parameter, which grows by {pace:.3f} an epoch, after a fit whose epoch {best} is the best",
        hint="state_dict() holds the parameters themselves: later steps change them. Keep copies.",
        wrong={
            "the model of the last epoch": np.full(2, pace * 5),
            "the model of the epoch with the smallest validation loss": np.full(2, pace * (best + 2)),
            "the model of the first epoch": np.full(2, pace),
            "the model before the first epoch": np.zeros(2),
        },
    )


@number("2.6")
@weight(1)
def test_torch_fit_tells_and_follows_the_schedule(student, rng, accuracies, losses):
    """Each epoch: learning rate, train_epoch, validate; the history holds five lists of their numbers."""
    base = rng.uniform(0.2, 0.3)
    found = given(student, "training_probes.py").fit(
        student.training, accuracies, losses, base=base, **SCHEDULE
    )

    assert_that(
        found["calls"] == ["train_epoch", "validate"] * 5,
        f"In 5 epochs fit called {found['calls']}; expected train_epoch, validate in each epoch.",
    )
    asked = [[epoch, base, 2, [3, 4], 0.5] for epoch in range(5)]
    assert_that(
        found["asked"] == asked,
        f"fit asked learning_rate for {found['asked']}; expected {asked}.",
        "learning_rate(epoch, base, warmup_epochs, milestones, factor), once in each epoch.",
    )
    rates = [base + epoch / 2 for epoch in range(5)]
    for epoch, rate in enumerate(rates):
        assert_length(found["rates"], 5, what="the epochs that were trained")
        assert_that(
            isinstance(found["rates"][epoch], list) and found["rates"][epoch][:1] == [rate],
            f"In epoch {epoch} the optimiser's learning rate was not that of learning_rate.",
            'optimizer.param_groups[0]["lr"] is where the optimiser looks.',
        )
    history = found["history"]
    columns = {
        "learning_rate": rates,
        "train_loss": [10.0 + epoch for epoch in range(5)],
        "train_accuracy": [epoch / 8 for epoch in range(5)],
        "validation_loss": losses,
        "validation_accuracy": accuracies,
    }
    assert_keys(history, list(columns), what="the history")
    for name, values in columns.items():
        assert_length(history[name], 5, what=f"history['{name}']")
        for epoch, value in enumerate(values):
            assert_type(history[name][epoch], float, what=f"history['{name}'][{epoch}]")
            assert_close(history[name][epoch], value, what=f"history['{name}'][{epoch}]")
