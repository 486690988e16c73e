import numpy as np
import pytest
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_raises,
    assert_shape,
    assert_that,
    fetch,
    given,
    send,
    vary,
)

LABELS = np.array([0, 2, 2, 1])  # predicted well, badly, well, not at all surely


@pytest.fixture
def logits(rng):
    """Logits of 4 examples and 3 classes."""
    return vary(rng, np.array([[2.0, -1.0, 0.5], [0.0, 1.5, 1.0], [-0.5, 0.25, 3.0], [1.0, 1.0, -2.0]]))


@pytest.fixture
def weights(rng):
    """A weight for each class."""
    return vary(rng, np.array([0.5, 1.75, 3.0]))


def losses(logits, labels, gamma, weight_=None):
    """Focal loss of each example, (N,)."""
    log_p = torch.log_softmax(logits, 1).gather(1, torch.as_tensor(labels)[:, None])[:, 0]
    factor = 1.0 if weight_ is None else torch.as_tensor(weight_)[labels]
    return factor * (1 - log_p.exp()) ** gamma * -log_p


def gradient(of, logits):
    """Gradient of a function by the logits."""
    leaf = torch.tensor(logits, requires_grad=True)
    of(leaf).backward()
    return leaf.grad


def run(student, *arguments):
    """Value and gradient of the student's loss."""
    found = given(student, "focal_runs.py").run(student.imbalance.FocalLoss, *arguments)
    assert_keys(found, ["value", "gradient"], what="the loss and its gradient")
    return found


@number("2.7")
@weight(1)
def test_class_balanced_weights_by_hand(student, rng):
    """Counts 1, 2 and 4, with beta 0.5 for example 1, 2/3 and 8/15, scaled to sum to 3; beta 0 gives ones."""
    beta = rng.uniform(0.4, 0.6)
    result = student.imbalance.class_balanced_weights([1, 2, 4], beta)

    counts = np.array([1.0, 2.0, 4.0])
    raw, frequency = (1 - beta) / (1 - beta**counts), 1 / counts
    assert_close(
        result,
        3 * raw / raw.sum(),
        what=f"the weights for counts 1, 2, 4 and beta {beta:.3f}",
        sizes={"C": 3},
        wrong={
            "right up to its scale: the weights do not sum to C": raw,
            "right up to its scale: the weights sum to 1, not to C": raw / raw.sum(),
            "the effective numbers themselves: frequent classes count more": 3 / raw / (1 / raw).sum(),
            "the inverse frequencies, without beta": 3 * frequency / frequency.sum(),
        },
    )
    assert_dtype(result, "float64", what="the weights")
    assert_that(
        isinstance(result, torch.Tensor),
        "class_balanced_weights returns no tensor.",
        "It is part of a loss in torch.",
    )
    assert_close(
        student.imbalance.class_balanced_weights([7, 1, 30, 2], 0.0),
        np.ones(4),
        what="the weights for beta 0",
    )


@number("2.7")
@weight(0.5)
def test_class_balanced_weights_refuse_what_has_no_weight(student):
    """Equal counts give weights of 1; a count of 0, and a beta of 1 or below 0, are a ValueError."""
    weights = student.imbalance.class_balanced_weights
    assert_close(weights([6, 6, 6], 0.0), np.ones(3), what="the weights for equal counts and beta 0")
    assert_raises("ValueError", lambda: weights([3, 0, 5], 0.9), what="the weights for a count of 0")
    assert_raises("ValueError", lambda: weights([3, 2], 1.0), what="the weights for beta 1")
    assert_raises("ValueError", lambda: weights([3, 2], -0.1), what="the weights for beta -0.1")


@number("2.7")
@weight(1)
def test_focal_loss_counts_easy_examples_less(student, logits):
    """Without weights and with gamma 2: the mean over 4 examples of (1 - p)^2 * -log p."""
    found = run(student, None, 2.0, logits, LABELS)

    z = torch.from_numpy(logits)
    p = z.softmax(1).gather(1, torch.as_tensor(LABELS)[:, None])[:, 0]
    each = losses(z, LABELS, 2.0)
    assert_close(
        found["value"],
        each.mean(),
        what="the focal loss of 4 examples, gamma 2",
        sizes={"N": 4, "C": 3},
        wrong={
            "the loss with p ** gamma in the place of (1 - p) ** gamma": (p**2 * -p.log()).mean(),
            "the cross-entropy, without the factor": -p.log().mean(),
            "the sum": each.sum(),
            "the mean loss times its own factor: each example has one of its own": (
                1 - (p.log().mean()).exp()
            )
            ** 2
            * -p.log().mean(),
            "the loss of a softmax over the examples": losses(z.T.log_softmax(1).T, LABELS, 2.0).mean(),
            "the loss with gamma * (1 - p) in the place of (1 - p) ** gamma": (2 * (1 - p) * -p.log()).mean(),
        },
    )


@number("2.7")
@weight(1)
def test_focal_loss_weighs_classes(student, logits, weights):
    """With weights: the mean over N of weight times loss, not over the weights; p has no weight in it."""
    z = torch.from_numpy(logits)
    for gamma in (0.0, 2.0):
        found = run(student, weights, gamma, logits, LABELS)

        each = losses(z, LABELS, gamma)
        factors = torch.from_numpy(weights)[LABELS]
        costs = losses(z, LABELS, 0.0, weights)
        wrong = {
            "the mean of nn.CrossEntropyLoss, divided by the sum of the weights": (factors * each).sum()
            / factors.sum(),
            "the loss without the weights": each.mean(),
            "the loss with the class weight inside p: exp(-weighted cross-entropy)": (
                (1 - (-costs).exp()) ** gamma * costs
            ).mean(),
            "the weighted mean loss times its own factor: each example has one of its own": (
                1 - (-costs.mean()).exp()
            )
            ** gamma
            * costs.mean(),
        }
        right = (factors * each).mean()
        assert_close(
            found["value"],
            right,
            what=f"the weighted focal loss of 4 examples, gamma {gamma:g}",
            sizes={"N": 4, "C": 3},
            wrong={name: value for name, value in wrong.items() if not torch.isclose(value, right)},
        )


@number("2.7")
@weight(1)
def test_focal_loss_gradient(student, logits):
    """The gradient by the logits takes both factors into account, (1 - p) ** gamma too."""
    found = run(student, None, 2.0, logits, LABELS)

    def detached(z):
        log_p = z.log_softmax(1).gather(1, torch.as_tensor(LABELS)[:, None])[:, 0]
        return ((1 - log_p.exp().detach()) ** 2 * -log_p).mean()

    assert_that(
        found["gradient"] is not None,
        "The loss cannot be differentiated.",
        ".item(), .detach(), .data and NumPy cut the graph: stay with tensors from logits to loss.",
    )
    assert_close(
        found["gradient"],
        gradient(lambda z: losses(z, LABELS, 2.0).mean(), logits),
        what="the gradient of the focal loss by the logits",
        rtol=1e-5,
        sizes={"N": 4, "C": 3},
        wrong={"the gradient with the factor (1 - p) ** gamma detached": gradient(detached, logits)},
    )


@number("2.7")
@weight(1)
def test_focal_loss_survives_extreme_logits(student, rng):
    """Logits of about +-10,000 give a finite loss and finite gradients, for gamma 0, 1 and 2."""
    size = rng.uniform(9e3, 11e3)
    sure, wrong = [size, -size, 0.0], [-size, size, size]
    logits = np.array([sure, wrong, [size, size, -size]])
    labels = np.array([0, 0, 1])
    # -log p is 0, 2 * size + log 2 and log 2; 1 - p is 0, 1 and 1/2.
    for gamma, expected in (
        (0.0, 2 * size + 2 * np.log(2)),
        (1.0, 2 * size + 1.5 * np.log(2)),
        (2.0, 2 * size + 1.25 * np.log(2)),
    ):
        found = run(student, None, gamma, logits, labels)

        assert_close(
            found["value"],
            expected / 3,
            what=f"the focal loss at logits of +-{size:.0f}, gamma {gamma:g}",
            hint="log_softmax is safe where log(softmax) is not: p may be exactly 0.",
        )
        assert_that(found["gradient"] is not None, "The loss cannot be differentiated.")
        assert_shape(found["gradient"], (3, 3), what="the gradient")
        assert_that(
            np.isfinite(np.asarray(found["gradient"])).all(),
            f"The gradient at logits of +-{size:.0f} is not finite for gamma {gamma:g}.",
            "Which step has an infinite slope where p is exactly 0 or 1? 0 * inf is nan.",
        )


# Numbers of examples for which the factor 0.03 keeps other numbers when rounded than when rounded down.
COUNTS = (93, 95, 97, 99, 105, 108, 111, 113, 117, 121, 124, 127)


def profile(labels, kept):
    """How many of each class are among the indices."""
    return np.bincount(labels[np.asarray(kept)], minlength=labels.max() + 1)


def assert_indices(result, labels):
    """Whole numbers that can index the labels, each at most once, in order."""
    assert_dtype(result, "int", what="the indices")
    assert_that(np.ndim(result) == 1 and np.size(result) > 0, "The indices are no array (M,) with M > 0.")
    kept = np.asarray(result)
    assert_that(((kept >= 0) & (kept < len(labels))).all(), "An index points outside the labels.")
    assert_that(len(np.unique(kept)) == len(kept), "An index occurs twice.", "Draw without replacement.")
    assert_that((np.diff(kept) > 0).all(), "The indices are not sorted.")


def left_of(count, shares):
    """How many of `count` examples are left of each class, rounded down."""
    return np.floor(count * np.asarray(shares)).astype(int)


@number("2.7")
@weight(1)
def test_imbalanced_indices_follow_the_profile(student, rng):
    """About 100 examples of each of 4 classes, factor 0.03: of 100, the classes keep 100, 31, 9 and 3."""
    count = int(rng.choice(COUNTS))
    labels = rng.permutation(np.repeat(np.arange(4), count))

    result = student.imbalance.imbalanced_indices(labels, 0.03, seed=1)

    assert_indices(result, labels)
    classes = np.arange(4)
    shares = 0.03 ** (classes / 3)
    assert_close(
        profile(labels, result),
        left_of(count, shares),
        what=f"the number of examples that each of 4 classes keeps of {count}",
        hint="floor(n_max * factor ** (c / (C - 1)))",
        wrong={
            "the profile, rounded": np.round(count * shares).astype(int),
            "the profile, rounded up": np.ceil(count * shares).astype(int),
            "the profile with the exponent c / C": left_of(count, 0.03 ** (classes / 4)),
            "a straight line": left_of(count, 1 - 0.97 * classes / 3),
            "the profile the other way round": left_of(count, shares)[::-1],
        },
    )


@number("2.7")
@weight(0.5)
def test_imbalance_leaves_its_inputs_and_random_state_alone(student, rng, logits, weights):
    """Labels, logits, counts and weights are unchanged, and no global random generator is used or seeded."""
    labels = rng.permutation(np.repeat(np.arange(3), 20))
    held = send(student, labels)
    counts = send(student, [5, 2, 9])
    imbalance = student.imbalance

    quiet = given(student, "quiet_torch.py").changes_global_randomness
    changed = [
        quiet(imbalance.imbalanced_indices, held, 0.2, seed=3),
        quiet(imbalance.class_balanced_weights, counts, 0.9),
    ]
    chosen = imbalance.imbalanced_indices(held, 0.2, seed=3)
    after = given(student, "focal_runs.py").untouched(imbalance.FocalLoss, weights, logits, LABELS)

    assert_indices(chosen, labels)
    expected = np.array([20, 8, 4])
    assert_close(profile(labels, chosen), expected, what="the number of examples that each class keeps of 20")
    assert_that(
        changed == [False] * 2,
        "The global random state is another one after a call.",
        "numpy.random.default_rng(seed) is a generator of your own.",
    )
    assert_close(fetch(held), labels, what="the labels, after the call")
    assert_that(fetch(counts) == [5, 2, 9], "The counts have changed.")
    assert_keys(after, ["weight", "logits", "labels"], what="the loss's arguments, after the call")
    for name, array in (("weight", weights), ("logits", logits), ("labels", LABELS)):
        assert_close(after[name], array, what=f"{name}, after the loss")
