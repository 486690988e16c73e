from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close


@number("1.1")
@weight(2)
def test_square_of_a_vector(student, rng):
    """The square of a vector of three random numbers is taken entry by entry."""
    x = rng.uniform(2.0, 9.0, size=3)

    assert_close(student.square.square(x), x * x, what="square of the vector")
