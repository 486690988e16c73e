"""Points: shared by cases, kept apart from what could not be judged, and equal to the manifest's."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.errors import ManifestError
from autograder.manifest import Manifest
from autograder.model import CaseResult, Outcome, TestSpec
from autograder.scoring import NOT_REACHED, UNJUDGED, check_points, score, shown

PASSED, FAILED, STUCK = Outcome.PASSED, Outcome.FAILED, Outcome.UNJUDGED
SPEC = TestSpec(name="test_a", part="1.1", title="A.", points=6.0)


def case(outcome: Outcome, name: str = "", **fields: object) -> CaseResult:
    """Make a case of SPEC."""
    return CaseResult(test="test_a", case=name, outcome=outcome, **fields)


def cases(*outcomes: Outcome) -> list[CaseResult]:
    """Make numbered cases of SPEC; those that failed say their number."""
    return [case(outcome, f"n{i}", message=f"wrong {i}") for i, outcome in enumerate(outcomes)]


def manifest(**points: float) -> Manifest:
    """Make a manifest of parts such as p1_2=5."""
    parts = [
        {"id": key[1:].replace("_", "."), "title": "T", "files": ["a.py"], "points": value}
        for key, value in points.items()
    ]
    return Manifest.model_validate({"title": "T", "summary": "S.", "parts": parts}, strict=False)


@pytest.mark.parametrize(
    ("by_case", "outcomes", "outcome", "points", "message"),
    [
        (False, [PASSED, PASSED, PASSED], PASSED, 6, ""),
        (False, [PASSED, FAILED, PASSED], FAILED, 0, "1 of 3 cases failed. [n1]\nwrong 1"),
        (False, [PASSED, FAILED, FAILED], FAILED, 0, "2 of 3 cases failed. The first one: [n1]\nwrong 1"),
        (False, [PASSED, STUCK, PASSED], STUCK, 0, UNJUDGED),
        (False, [PASSED, PASSED], STUCK, 0, NOT_REACHED),
        (False, [], STUCK, 0, NOT_REACHED),
        (True, [PASSED, PASSED, PASSED], PASSED, 6, ""),
        (True, [PASSED, FAILED, PASSED], FAILED, 4, "1 of 3 cases failed. [n1]\nwrong 1"),
        (True, [PASSED, STUCK, PASSED], STUCK, 4, UNJUDGED),
        (True, [PASSED, STUCK, FAILED], STUCK, 2, f"{UNJUDGED}\n\n1 of 3 cases failed. [n2]\nwrong 2"),
        (True, [PASSED, FAILED], STUCK, 2, f"{NOT_REACHED}\n\n1 of 3 cases failed. [n1]\nwrong 1"),
    ],
)
def test_cases_share_the_points_of_their_test(by_case, outcomes, outcome, points, message):
    """All cases must pass, or each earns its share; what was not judged is neither passed nor failed."""
    (result,) = score([replace(SPEC, cases=3, by_case=by_case)], cases(*outcomes))

    assert (result.outcome, result.points, result.message) == (outcome, points, message)


def test_a_test_of_one_case_says_just_what_failed():
    """There is no "1 of 1 cases" about a test without parameters."""
    failed = case(FAILED, message="off by 2", printed="hi", seconds=0.5)
    (result,) = score([SPEC], [failed])

    assert (result.points, result.message, result.printed, result.seconds) == (0, "off by 2", "hi", 0.5)


def test_the_caller_says_why_a_test_did_not_run():
    """The sentence for a test that was not reached can be the run's own."""
    (result,) = score([SPEC], [], not_run="The run is not finished.")

    assert (result.outcome, result.message) == (STUCK, "The run is not finished.")


@pytest.mark.parametrize(
    ("scores", "outcome", "points", "message"),
    [
        ([6.0], PASSED, 6, ""),
        ([4.5], FAILED, 4.5, "Partial credit: 4.5 of 6 points."),
        ([-3.0], FAILED, 0, "Partial credit: 0 of 6 points."),
        ([1000.0], PASSED, 6, ""),
        ([6.0, 3.0], FAILED, 4.5, "Partial credit: 4.5 of 6 points."),
        ([None, 3.0], FAILED, 4.5, "Partial credit: 4.5 of 6 points."),
        ([math.nan], STUCK, 0, UNJUDGED),
        ([math.inf], STUCK, 0, UNJUDGED),
    ],
)
def test_partial_credit_stays_between_nothing_and_all(scores, outcome, points, message):
    """A score that the test gave itself is clipped, averaged over cases, and never nan."""
    ran = [case(PASSED, f"n{i}", score=value) for i, value in enumerate(scores)]
    (result,) = score([replace(SPEC, cases=len(scores))], ran)

    assert (result.outcome, result.points, result.message) == (outcome, points, message)


def test_a_failed_test_keeps_the_partial_credit_that_it_gave_itself():
    """Credit that was set before the assertion failed counts, as with gradescope-utils."""
    (result,) = score([SPEC], [case(FAILED, score=2.0, message="stopped there")])

    assert (result.outcome, result.points, result.message) == (FAILED, 2, "stopped there")


def test_staff_get_the_details_of_every_case():
    """What went wrong in a grader is gathered for staff and is no part of the message."""
    ran = [case(STUCK, "a", message="odd", detail="Traceback 1"), case(STUCK, "b", score=math.nan)]
    (result,) = score([replace(SPEC, cases=2)], ran)

    assert result.detail == "[a]\nodd\nTraceback 1\n\n[b]\nThe test gave itself a score of nan."
    assert result.message == UNJUDGED


def test_tests_stand_in_the_order_of_the_parts():
    """1.10 comes after 1.9, and tests of one part stay as they were collected."""
    tests = [
        replace(SPEC, name=name, part=part)
        for name, part in zip("abcd", ("1.10", "1.9", "1.2", "1.9"), strict=True)
    ]

    assert [result.spec.name for result in score(tests, [])] == ["c", "b", "d", "a"]


def test_the_last_result_of_a_case_counts():
    """A case that is reported twice does not stand in for one that did not run."""
    (result,) = score([replace(SPEC, cases=2)], [case(FAILED, "x"), case(PASSED, "x")])

    assert (result.outcome, result.message) == (STUCK, NOT_REACHED)


@given(
    st.lists(st.sampled_from([PASSED, FAILED, STUCK]), max_size=9),
    st.integers(1, 9),
    st.booleans(),
    st.floats(0, 100),
    st.one_of(st.none(), st.floats()),
)
@settings(deadline=None)
def test_points_never_leave_their_range(outcomes, count, by_case, points, partial):
    """Whatever happens, a test earns between 0 and its points, and all of them only if it passed."""
    spec = replace(SPEC, cases=count, by_case=by_case, points=points)
    (result,) = score([spec], [replace(one, score=partial) for one in cases(*outcomes)])

    assert 0 <= result.points <= points
    assert (result.outcome is PASSED) <= (result.points == points)
    assert result.outcome is not PASSED or (set(outcomes) == {PASSED} and len(outcomes) >= count)


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.floats(0.01, 100))
@settings(deadline=None)
def test_cases_earn_their_share_exactly(passed, points):
    """By case, k of n cases earn k/n of the points, and all cases all points without rounding."""
    spec = replace(SPEC, cases=len(passed), by_case=True, points=points)
    (result,) = score([spec], cases(*(PASSED if one else FAILED for one in passed)))

    assert result.points == pytest.approx(points * sum(passed) / len(passed))
    assert result.points == points or not all(passed)


def test_points_that_add_up_are_accepted():
    """Sums of binary fractions count as equal, and parts may come in any order."""
    tests = [replace(SPEC, name=f"t{i}", points=0.1) for i in range(3)] + [
        replace(SPEC, part="1.10", points=2)
    ]

    check_points(tests, manifest(p1_10=2, p1_1=0.3))


def test_points_that_differ_are_listed():
    """The error has each part that differs, what either side says, and the totals."""
    tests = [
        replace(SPEC, points=0.1 + 0.2),
        replace(SPEC, part="1.3", points=1),
        replace(SPEC, part="9.9", points=2),
        replace(SPEC, part="", points=1),
    ]
    with pytest.raises(ManifestError) as caught:
        check_points(tests, manifest(p1_1=14, p1_2=5, p1_3=1), "a/assignment.toml")

    assert str(caught.value) == (
        "a/assignment.toml: the points of parts and tests differ:\n"
        "  part 1.1: the manifest says 14, its tests sum to 0.3\n"
        "  part 1.2: the manifest says 5, its tests sum to 0\n"
        "  part (no @number): the manifest has no such part, its tests sum to 1\n"
        "  part 9.9: the manifest has no such part, its tests sum to 2\n"
        "  in total: the manifest says 20, the tests sum to 4.3\n"
        "  Change the @weight of the tests, or 'points' of the parts."
    )


@pytest.mark.parametrize("points", [-1.0, math.nan, math.inf])
def test_points_below_zero_are_refused(points):
    """A negative weight could make up for one that is too large."""
    with pytest.raises(
        ManifestError, match=r"test_a: the test gives .* points\. Use @weight with 0 or a pos"
    ):
        check_points([replace(SPEC, points=points)], manifest(p1_1=6))


def test_points_are_shown_without_noise():
    """0.1 + 0.2 is 0.3, and whole numbers have no point."""
    assert [shown(value) for value in (0.1 + 0.2, 100.0, 61.5)] == ["0.3", "100", "61.5"]
