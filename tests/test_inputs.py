"""Inputs that are drawn anew for each run."""

import numpy as np
import pytest

from autograder.grading import vary


@pytest.fixture
def rng():
    """The generator of a run."""
    return np.random.default_rng(4711)


def test_an_input_keeps_its_case_and_no_number(rng):
    """Zeros and signs stay, and the order of what is a quarter apart; all else is new."""
    x = np.array([[0.0, -2.0, 4.0], [5.0, -0.0, 1e-3]])

    varied = vary(rng, x)

    assert varied.shape == x.shape
    assert np.array_equal(np.sign(varied), np.sign(x))
    assert np.array_equal(varied == x, x == 0)
    assert varied[1, 0] > varied[0, 2]
    assert np.abs(varied - x).max() <= 0.5


def test_weights_by_name_keep_their_types(rng):
    """float32 is not widened; what was given is left alone."""
    weights = {"W": np.ones((2, 3), np.float32), "b": np.ones(3)}

    varied = vary(rng, weights, by=0.01)

    assert {name: array.dtype for name, array in varied.items()} == {"W": np.float32, "b": np.float64}
    assert all(0 < np.abs(array - 1).max() <= 0.01 for array in varied.values())
    assert (weights["W"] == 1).all()


def test_the_same_run_draws_the_same():
    """A grade can be made again."""
    first, second = (vary(np.random.default_rng(1), np.ones(4)) for _ in range(2))

    assert np.array_equal(first, second)
