from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close


@number("1.1")
@weight(3)
def test_square_of_a_matrix(student, rng):
    """The square of a matrix is taken entry by entry, negative entries included."""
    x = rng.normal(size=(3, 2))

    assert_close(student.square.square(x), x * x, what="square of a matrix")
