import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close


@number("1.1")
@weight(2)
def test_square_of_a_vector(student):
    """The square of (1, 2, 3) is (1, 4, 9)."""
    x = np.array([1.0, 2.0, 3.0])

    assert_close(student.square.square(x), x * x, what="square of (1, 2, 3)")
