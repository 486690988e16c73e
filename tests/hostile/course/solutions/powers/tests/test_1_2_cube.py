import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close

WORDS = "wisteria lantern"
HIDDEN = np.array([[7.390625, -3.109375], [0.015625, 11.265625]])


@number("1.2")
@weight(3)
def test_cube_of_the_hidden_matrix(student):
    """The cube of a matrix is taken entry by entry."""
    assert_close(student.cube.cube(HIDDEN), HIDDEN**3, what=f"cube of the {WORDS}", hint=WORDS)
