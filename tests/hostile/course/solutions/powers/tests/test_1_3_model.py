import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_shape, assert_that, seconds

WORDS = "wisteria lantern"
POINTS = np.random.default_rng(739).normal(size=(40, 2))
LABELS = POINTS[:, 0] > POINTS[:, 1]


@number("1.3")
@weight(3)
def test_classes_of_hidden_points(student, set_column):
    """The classes of points that nobody has seen; the leaderboard shows how many are right."""
    found, took = seconds(lambda: student.model.predict(POINTS))

    assert_shape(found, (40,), what=f"classes of the {WORDS}")
    accuracy = float((np.asarray(found) == LABELS).mean())
    set_column("accuracy", accuracy)
    set_column("seconds", took)
    assert_that(accuracy > 0.9, f"Too few classes of the {WORDS} are right.")
