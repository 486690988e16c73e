from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_dtype, assert_shape


@number("1.3")
@weight(2)
def test_three_steps(student):
    """Three steps that halve the number lead from 8 to 1."""

    def step(x):
        assert_dtype(x, "number", what="what step is called with")
        assert_shape(x, (), what="what step is called with")
        return x / 2

    assert_close(student.model.walk(step, 8.0, 3), 1.0, what="where three steps lead from 8")
