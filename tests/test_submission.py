"""The fixture `student` and the functions that reach behind the wall, as graders import them."""

import copy

import numpy as np
import pytest

from autograder.errors import AutograderError
from autograder.grading import assert_raises, fetch, given, limits, printed, reference, seconds, send
from autograder.grading.submission import Submission
from autograder.sandbox.verdicts import StudentError

CODE = """
    import numpy as np
    class Net:
        def __init__(self):
            self.weights = {"W": np.zeros(2)}
    def step(weights): weights["W"] += 1
    def picky(n):
        print("asked for", n)
        if n < 0:
            raise ValueError("negative")
        if n == 0:
            raise KeyError("zero")
        return n
"""


@pytest.fixture
def student(bench, tmp_path):
    """The submission above."""
    with bench.sandbox(CODE) as sandbox:
        yield Submission(sandbox, [tmp_path / "given"])


def test_an_argument_that_is_changed_in_place_shows_where_it_was_sent_to(student):
    """The same dict, twice."""
    weights = send(student, {"W": np.zeros(2)})

    student.a.step(weights)
    student.a.step(weights)

    assert fetch(weights)["W"].tolist() == [2, 2]


def test_an_argument_that_is_passed_by_value_may_be_changed_too(student):
    """Its numbers are right, whatever else it does."""
    # A function that works in place on what it is given is right as far as its numbers go.
    own = {"W": np.zeros(2)}

    student.a.step(own)

    assert own["W"].tolist() == [0, 0]


def test_an_attribute_as_a_reference_is_the_students_own(student):
    """And a name that is missing is told like any other."""
    net = student.a.Net()
    weights = reference(net, "weights")

    student.a.step(weights)

    assert net.weights["W"].tolist() == [1, 1]
    with pytest.raises(StudentError, match="Net has no attribute 'bias'"):
        reference(net, "bias")


def test_given_code_sees_the_students_objects(student, tmp_path):
    """A helper may look where a grader cannot."""
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "spy.py").write_text("def peek(net): return sorted(net.weights)\n")

    assert given(student, "spy.py").peek(student.a.Net()) == ["W"]


def test_an_error_in_given_code_tells_no_line_of_it(student, tmp_path):
    """The grader's helper is secret too."""
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "spy.py").write_text("SECRET = 5\ndef peek(): return SECRET / 0\n")
    with pytest.raises(StudentError) as caught:
        given(student, "spy.py").peek()
    assert str(caught.value) == "peek raised ZeroDivisionError: division by zero."


def test_expected_exceptions(student):
    """By name, and told when it is another one or none."""
    assert_raises("ValueError", lambda: student.a.picky(-1), what="picky(-1)")
    with pytest.raises(AssertionError, match=r"picky\(0\): expected a ValueError, got a KeyError"):
        assert_raises("ValueError", lambda: student.a.picky(0), what="picky(0)")
    with pytest.raises(AssertionError, match=r"picky\(1\): expected a ValueError, but nothing was raised"):
        assert_raises("ValueError", lambda: student.a.picky(1), what="picky(1)")


def test_what_was_printed_and_how_long_a_call_took(student):
    """By the grader's own clock."""
    value, elapsed = seconds(lambda: student.a.picky(3))

    assert value == 3
    assert 0 < elapsed < 10
    for _ in range(100):
        if printed(student):
            break
        student.a.picky(3)
    assert printed(student).startswith("asked for 3\n")


def test_python_may_look_at_the_fixture(student):
    """A probe for a protocol is no request."""
    assert not hasattr(student, "__wrapped__")
    assert not hasattr(student.a, "__array__")
    with pytest.raises((TypeError, AttributeError, AutograderError)):
        copy.deepcopy(student)


def test_limits_are_kept_with_the_function():
    """The plugin reads them there."""

    @limits(seconds=2)
    def some():
        """Nothing."""

    assert some.__limits__ == {"seconds": 2, "memory_mb": None}
