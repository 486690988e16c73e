"""All that a grader may import from the engine.

    from autograder.grading import assert_close, check_gradient, send, fetch

Checks compare a student's answer with what is right and say in words where they
differ. The rest reaches behind the wall: a grader gets the submission as the
fixture `student`, and random numbers that belong to the run as `rng`.
"""

from autograder.grading.asserts import (
    assert_close,
    assert_dtype,
    assert_keys,
    assert_length,
    assert_raises,
    assert_shape,
    assert_that,
    assert_type,
    check_gradient,
)
from autograder.grading.inputs import vary
from autograder.grading.marks import bonus, by_case, limits
from autograder.grading.submission import fetch, given, printed, reference, replace, seconds, send

__all__ = [
    "assert_close",
    "assert_dtype",
    "assert_keys",
    "assert_length",
    "assert_raises",
    "assert_shape",
    "assert_that",
    "assert_type",
    "bonus",
    "by_case",
    "check_gradient",
    "fetch",
    "given",
    "limits",
    "printed",
    "reference",
    "replace",
    "seconds",
    "send",
    "vary",
]
