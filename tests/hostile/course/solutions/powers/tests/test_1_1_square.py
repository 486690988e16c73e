import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close

# These words and numbers stand nowhere else: whoever shows one of them has seen inside a hidden grader.
WORDS = "wisteria lantern"
HIDDEN = np.array([[7.390625, -3.109375], [0.015625, 11.265625]])


@number("1.1")
@weight(3)
def test_square_of_the_hidden_matrix(student):
    """The square of a matrix is taken entry by entry."""
    assert_close(student.square.square(HIDDEN), HIDDEN**2, what=f"square of the {WORDS}", hint=WORDS)
