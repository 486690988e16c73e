import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_dtype, assert_keys, assert_that, given


def losses(logits, labels, gamma, weights):
    """Focal loss of each example, in float64."""
    log_p = torch.as_tensor(logits).double().log_softmax(1)[range(len(labels)), labels]
    return torch.as_tensor(weights).double()[labels] * (1 - log_p.exp()) ** gamma * -log_p


def run(student, *arguments):
    """Value and gradient of the student's loss."""
    found = given(student, "focal_runs.py").run(student.imbalance.FocalLoss, *arguments)
    assert_keys(found, ["value", "gradient"], what="the loss and its gradient")
    return found


@number("2.7")
@weight(0.5)
def test_class_balanced_weights_of_any_counts(student):
    """Lists, arrays and tensors, one class, large counts and a beta close to 1 are all right."""
    cases = [
        ([9, 4, 6, 1, 2], 0.75),
        (np.array([5000, 2997, 50]), 0.9999),
        (torch.tensor([12, 300_000]), 0.999),
        ([17], 0.9),
        (np.array([3, 3, 3, 3], dtype=np.int32), 0.99),
    ]
    for counts, beta in cases:
        weights = (1 - beta) / (1 - beta ** np.asarray(counts, dtype=np.float64))
        assert_close(
            student.imbalance.class_balanced_weights(counts, beta),
            len(counts) * weights / weights.sum(),
            what="the weights",
        )


@number("2.7")
@weight(0.5)
def test_focal_loss_of_any_size(student, rng):
    """Other numbers of examples and classes, other gammas, and float64 weights with float32 logits."""
    for N, C, gamma in ((1, 4, 1.0), (6, 2, 5.0), (5, 7, 1.5)):
        logits, labels = 2 * rng.normal(size=(N, C)), rng.integers(C, size=N)
        weights = rng.uniform(0.1, 3.0, C)
        for dtype, rtol in ((np.float64, 1e-6), (np.float32, 1e-4)):
            found = run(student, weights, gamma, logits.astype(dtype), labels)
            right = losses(logits, labels, gamma, weights).mean()
            assert_close(found["value"], right, what="the focal loss", rtol=rtol)


@number("2.7")
@weight(0.5)
def test_focal_loss_survives_extreme_logits_in_float32(student):
    """Logits of +-10,000 in float32, with weights: a finite loss and finite gradients."""
    logits = np.array([[1e4, -1e4], [1e4, -1e4], [-1e4, -1e4]], dtype=np.float32)
    labels, weights = np.array([0, 1, 0]), np.array([1.0, 0.25], dtype=np.float32)
    for gamma, last in ((0.0, 1.0), (1.0, 0.5), (3.0, 0.125)):
        found = run(student, weights, gamma, logits, labels)

        right = (0.25 * 20_000 + last * np.log(2)) / 3
        assert_close(found["value"], right, what="the focal loss at extreme logits", rtol=1e-5)
        assert_dtype(found["gradient"], "float", what="the gradient at extreme logits")
        finite = np.isfinite(np.asarray(found["gradient"])).all()
        assert_that(finite, "The gradient at extreme logits is not finite.")


def kept_of(student, labels, factor, seed):
    """The student's indices, once they are whole numbers that can index the labels."""
    result = student.imbalance.imbalanced_indices(labels, factor, seed=seed)
    assert_dtype(result, "int", what="the indices")
    assert_that(np.ndim(result) == 1, "The indices are no array (M,).")
    kept = np.asarray(result)
    assert_that(((kept >= 0) & (kept < len(labels))).all(), "An index points outside the labels.")
    return kept


@number("2.7")
@weight(1)
def test_imbalanced_indices_at_the_edges(student, rng):
    """Rare classes keep all they have, at least 1 stays of each, factor 1 and a single class keep all."""
    cases = [
        ([60, 5, 40, 90], 0.07, [60, 5, 15, 6]),
        ([30, 30, 30], 0.001, [30, 1, 1]),
        ([40, 30, 20, 10, 5], 0.3, [40, 29, 20, 10, 5]),
        ([20, 12, 16], 1.0, [20, 12, 16]),
        ([11], 0.3, [11]),
        ([25, 0, 25], 0.5, [25, 0, 12]),
    ]
    for counts, factor, expected in cases:
        labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))

        kept = kept_of(student, labels, factor, seed=0)

        assert_that(len(np.unique(kept)) == len(kept), "An index occurs twice.")
        found = np.bincount(labels[kept], minlength=len(counts))
        assert_close(found, np.array(expected), what="the number of examples that each class keeps")


@number("2.7")
@weight(0.5)
def test_imbalanced_indices_are_drawn_by_their_seed(student, rng):
    """Equal seeds give equal indices, different seeds different ones; 0 is a seed like any other."""
    labels = rng.permutation(np.repeat(np.arange(3), 40))
    chosen = [kept_of(student, labels, 0.1, seed).tolist() for seed in (0, 0, 5, 5, 6)]

    assert_that(chosen[0] == chosen[1] and chosen[2] == chosen[3], "Equal seeds give different indices.")
    assert_that(chosen[0] != chosen[2] != chosen[4] != chosen[0], "Different seeds give the same indices.")
