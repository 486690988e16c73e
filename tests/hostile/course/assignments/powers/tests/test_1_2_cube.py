import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close


@number("1.2")
@weight(2)
def test_cube_of_a_vector(student):
    """The cube of (1, 2, 3) is (1, 8, 27)."""
    x = np.array([1.0, 2.0, 3.0])

    assert_close(student.cube.cube(x), x**3, what="cube of (1, 2, 3)")
