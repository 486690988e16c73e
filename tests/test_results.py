"""results.json: Gradescope's schema, what students may see of it, and how it is written."""

import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograder
from autograder import results as results_module
from autograder.errors import ResultsError
from autograder.manifest import Manifest
from autograder.model import CaseResult, Kind, LeaderboardEntry, Outcome, RunReport, TestSpec
from autograder.results import HIDDEN_WORDING, LIMIT, Results, Row, build_results, clean, cut, write_results
from autograder.scoring import NOT_REACHED, UNJUDGED, score

PASSED, FAILED, STUCK = Outcome.PASSED, Outcome.FAILED, Outcome.UNJUDGED
SPEC = TestSpec(name="test_softmax_sums_to_one", part="1.1", title="Rows sum to 1.", points=6.0)
MANIFEST = Manifest.model_validate(
    {
        "title": "T",
        "summary": "S.",
        "parts": [{"id": "1.1", "title": "T", "files": ["a.py"], "points": 6.0}],
    },
    strict=False,
)
SECRET = "expected 0.7310585"


def case(outcome: Outcome, kind: Kind | None = None, **fields: object) -> CaseResult:
    """Make the case of SPEC."""
    return CaseResult(test=SPEC.name, case="", outcome=outcome, kind=kind, **fields)


def report_of(spec: TestSpec, *cases: CaseResult, **fields: object) -> RunReport:
    """Make a report of one test."""
    return RunReport(tests=[spec], cases=list(cases), seed=7, seconds=1.5, **fields)


def built(report: RunReport) -> dict:
    """Make the results of a report, as Gradescope would read them."""
    made = build_results(report, score(report.tests, report.cases), MANIFEST)
    return json.loads(made.model_dump_json(exclude_none=True))


def row(spec: TestSpec, *cases: CaseResult) -> dict:
    """Make the row of one test."""
    return built(report_of(spec, *cases))["tests"][0]


def test_a_passed_test_is_a_full_row():
    """Name, number, points, status and the test's sentence; all of it as text."""
    spec = replace(SPEC, tags=("softmax",))

    assert row(spec, case(PASSED, printed="shape (3, 5)")) == {
        "score": 6.0,
        "max_score": 6.0,
        "status": "passed",
        "name": "softmax sums to one",
        "name_format": "text",
        "number": "1.1",
        "output": "Rows sum to 1.\n\nPassed.\n\nYour code printed:\nshape (3, 5)",
        "output_format": "text",
        "tags": ["softmax"],
        "visibility": "visible",
    }


def test_the_whole_has_a_summary_and_says_how_it_was_run():
    """The total is told in words and left to Gradescope in numbers; staff get seed and layers."""
    report = report_of(
        SPEC, case(FAILED), layers={"seccomp": True}, notes=["A <b>note</b>."], trouble="It broke."
    )
    made = built(report)

    assert made.keys() == {
        "execution_time",
        "output",
        "output_format",
        "test_output_format",
        "test_name_format",
        "stdout_visibility",
        "extra_data",
        "tests",
    }
    assert made["output"] == "0 of 6 points.\n\nIt broke.\n\n- A <b>note</b>."
    assert made["execution_time"] == 1.5
    assert made["stdout_visibility"] == "hidden"
    assert made["extra_data"].keys() == {"seed", "layers", "engine"}
    assert made["extra_data"]["layers"] == {"seccomp": True}
    assert {made[key] for key in made if key.endswith("_format")} == {"text"}


@pytest.mark.parametrize(
    ("count", "summary"),
    [(1, "0 of 6 points; 1 test could not be judged."), (2, "0 of 6 points; 2 tests could not be judged.")],
)
def test_what_could_not_be_judged_is_counted(count, summary):
    """A student sees at once that something is amiss which is not theirs."""
    tests = [replace(SPEC, name=f"test_{i}") for i in range(count)]

    assert built(RunReport(tests=tests))["output"] == summary


def test_a_total_is_not_told_while_a_test_is_not_shown():
    """Gradescope withholds the total then, since it would give the test away; so does the text."""
    report = report_of(SPEC, case(PASSED))
    report.tests.append(replace(SPEC, name="test_late", visibility="after_published"))
    report.cases.append(replace(report.cases[0], test="test_late"))

    assert built(report)["output"] == "Some tests are not shown yet, so the total is not shown either."
    assert [test["visibility"] for test in built(report)["tests"]] == ["visible", "after_published"]


def test_results_without_tests_have_a_score_of_their_own():
    """Gradescope takes neither nothing nor an empty list without a score."""
    made = built(RunReport(trouble="The graders could not be read."))

    assert made["score"] == 0
    assert made["output"] == "0 of 6 points.\n\nThe graders could not be read."
    assert "score" not in built(report_of(SPEC))


def test_a_public_failure_tells_what_went_wrong():
    """The test's sentence, the message and what was printed, in this order."""
    failed = case(FAILED, Kind.VALUE, message="off by 2", printed="x = 3")

    assert row(SPEC, failed)["output"] == "Rows sum to 1.\n\noff by 2\n\nYour code printed:\nx = 3"
    assert row(SPEC, failed)["status"] == "failed"
    assert row(SPEC, case(FAILED))["output"] == "Rows sum to 1.\n\nThis test failed."


def test_a_test_that_could_not_be_judged_blames_nobody():
    """It is not passed, has no points, and its traceback is nowhere in the file."""
    report = report_of(SPEC, case(STUCK, detail=SECRET, message=SECRET), detail=SECRET)
    shown = built(report)["tests"][0]

    assert (shown["status"], shown["score"]) == ("failed", 0)
    assert shown["output"] == f"Rows sum to 1.\n\n{UNJUDGED}"
    assert SECRET not in json.dumps(built(report))


@pytest.mark.parametrize("kind", list(Kind))
def test_a_hidden_failure_shows_fixed_wording_only(kind):
    """Neither message nor output of a hidden test reaches the student, whatever the kind of failure."""
    failed = case(FAILED, kind, message=SECRET, printed=SECRET, detail=SECRET)
    output = row(replace(SPEC, hidden=True), failed)["output"]

    assert output == f"Rows sum to 1.\n\n{HIDDEN_WORDING[kind]}"
    assert not any(character.isdigit() for character in HIDDEN_WORDING[kind])


@pytest.mark.parametrize(
    ("ran", "wording"),
    [
        ([case(PASSED, printed=SECRET)], "Passed."),
        ([case(FAILED, message=SECRET)], "This test failed."),
        ([case(STUCK, message=SECRET)], UNJUDGED),
        ([], NOT_REACHED),
    ],
)
def test_a_hidden_test_has_a_sentence_for_every_outcome(ran, wording):
    """A hidden test that passed says so, and no output is shown with it."""
    assert row(replace(SPEC, hidden=True), *ran)["output"] == f"Rows sum to 1.\n\n{wording}"


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize(
    ("ran", "wording"),
    [
        (case(FAILED, Kind.VALUE, message=SECRET, printed=SECRET), "Look at the axes."),
        (case(STUCK, message=SECRET, printed=SECRET), UNJUDGED),
        (case(PASSED, printed=SECRET), "Passed."),
    ],
)
def test_hide_errors_replaces_the_message(hidden, ran, wording):
    """The teaching assistant's wording stands in for all that the test would say."""
    spec = replace(SPEC, hidden=hidden, hide_errors="Look at the axes.")

    assert row(spec, ran)["output"] == f"Rows sum to 1.\n\n{wording}"


def test_the_leaderboard_is_passed_on():
    """More is better unless "asc" says otherwise; a value that JSON cannot hold becomes text."""
    report = report_of(SPEC, case(PASSED))
    report.leaderboard += [
        LeaderboardEntry("accuracy", 0.97),
        LeaderboardEntry("seconds", math.nan, "asc"),
        LeaderboardEntry("team", "\x1b[31mred"),
    ]

    assert built(report)["leaderboard"] == [
        {"name": "accuracy", "value": 0.97},
        {"name": "seconds", "value": "nan", "order": "asc"},
        {"name": "team", "value": "\\x1b[31mred"},
    ]


@pytest.mark.parametrize(
    ("wrong", "value", "reason"),
    [
        (
            replace(SPEC, points=math.nan),
            "'tests.0.max_score' is nan",
            "Input should be a finite number",
        ),
        (
            replace(SPEC, visibility="sometimes"),
            "'tests.0.visibility' is 'sometimes'",
            "Input should be 'visible', 'hidden', 'after_due_date' or 'after_published'",
        ),
    ],
)
def test_a_value_outside_the_schema_is_refused(wrong, value, reason):
    """An error names the key, the value and what the schema takes."""
    (result,) = score([SPEC], [case(PASSED)])
    with pytest.raises(ResultsError) as caught:
        build_results(RunReport(), [replace(result, spec=wrong)], MANIFEST)

    assert str(caught.value) == (
        f"results.json: {value}, which does not fit Gradescope's schema: {reason}. "
        "This is a fault of a grader or of the engine: correct it there."
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb\nc\r\nd", "a\tb\nc\nd"),
        ("50%\r100%", "50%\\x0d100%"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("end\x00of\x7fline\x9b", "end\\x00of\\x7fline\\x9b"),
        ("if admin\u202e\u2066 # check\u2069", "if admin\\u202e\\u2066 # check\\u2069"),
        ("a\u200bd\u2028min\u200f\u061c", "a\\u200bd\\u2028min\\u200f\\u061c"),
        ("a tag: \U000e0041", "a tag: \\U000e0041"),
        ("half \ud83d", "half \\ud83d"),
        ("<b>bold</b> é 漢字 😀", "<b>bold</b> é 漢字 😀"),
    ],
)
def test_hidden_characters_become_visible(text, expected):
    """Markup and other scripts stay; what a screen would act on is shown as an escape."""
    assert clean(text) == expected


@given(st.text(st.characters(codec=None)))
@settings(deadline=None)
def test_clean_text_stays_clean_and_is_utf_8(text):
    """Cleaning twice is cleaning once, and any text can then be written."""
    once = clean(text)

    assert clean(once) == once
    assert once.encode().decode() == once
    assert all(ord(character) >= 32 or character in "\n\t" for character in once)


@given(st.text(max_size=300), st.integers(1, 200))
@settings(deadline=None)
def test_a_cut_text_is_below_its_limit(text, limit):
    """The middle goes, beginning and end stay, and a text that fits is left alone."""
    short = cut(text, limit)

    assert len(short) < limit
    assert (short == text) == (len(text) < limit)


def test_a_cut_text_says_so():
    """A reader sees where the middle is missing."""
    short = cut("a" * LIMIT + "z" * LIMIT)

    assert len(short) == LIMIT - 1
    assert short[0] + short[-1] == "az"
    assert "a\n[... the middle of this text is left out ...]\nz" in short


@given(st.text(st.characters(codec=None), max_size=50), st.text(st.characters(codec=None), max_size=50))
@settings(deadline=None, max_examples=25)
def test_whatever_a_student_prints_the_file_can_be_read(tmp_path_factory, message, printed):
    """No text of a student makes results.json invalid."""
    path = tmp_path_factory.mktemp("results") / "results.json"
    report = report_of(SPEC, case(FAILED, message=message, printed=printed * 3000), notes=[message])
    write_results(build_results(report, score(report.tests, report.cases), MANIFEST), path)

    read = json.loads(path.read_bytes())
    assert len(read["tests"][0]["output"]) < LIMIT


def some_results() -> Results:
    """Make results that fit the schema."""
    return Results(tests=[Row(name="é", score=1.0, max_score=1.0)], output="two\nlines")


def test_the_file_is_utf_8_with_plain_line_ends(tmp_path):
    """The file is the same on every system, and holds no key that is not set."""
    path = tmp_path / "results.json"
    write_results(some_results(), path)

    assert b"\r" not in path.read_bytes()
    assert "é" in path.read_text(encoding="utf-8")
    assert json.loads(path.read_bytes()) == {
        "tests": [{"name": "é", "score": 1.0, "max_score": 1.0}],
        "output": "two\nlines",
    }
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"score": math.nan}, "'score' is nan, which does not fit"),
        ({"output": "\x00"}, r"'output' is '\\x00', which does not fit .*: Value error, it holds characters"),
        ({"output": "x" * LIMIT}, "'output' is 'xxx.*should have at most 99999 characters"),
        ({"visibility": "no"}, "'visibility' is 'no', which does not fit"),
        ({"extra_data": {"x": math.inf}}, "'extra_data.x.float' is inf, which does not fit"),
    ],
)
def test_results_are_checked_again_when_written(tmp_path, changed, problem):
    """What was put past the schema does not reach the file, and the old file stays."""
    path = tmp_path / "results.json"
    path.write_text("old")
    with pytest.raises(ResultsError, match=problem) as caught:
        write_results(some_results().model_copy(update=changed), path)

    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("This is a fault of a grader or of the engine: correct it there.")
    assert path.read_text() == "old"


def full_disk(*_: object) -> None:
    """Do as a full disk does."""
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("owner", "call"), [(os, "fsync"), (Path, "replace"), (results_module.tempfile, "mkstemp")]
)
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, owner, call):
    """At whatever step writing fails, the older results are whole and no half file is left."""
    path = tmp_path / "results.json"
    write_results(some_results(), path)
    before = path.read_bytes()
    monkeypatch.setattr(owner, call, lambda *_, **__: full_disk())
    with pytest.raises(ResultsError) as caught:
        write_results(some_results(), path)

    assert str(caught.value) == (
        f"{path}: the results cannot be written: No space left on device. "
        "Make room there, or name another file; an older one is left as it was."
    )
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_a_missing_folder_is_told(tmp_path):
    """A mistyped --out is explained like a full disk."""
    with pytest.raises(ResultsError, match=r"cannot be written: No such file or directory\. Make room there"):
        write_results(some_results(), tmp_path / "nowhere" / "results.json")


def test_the_engine_s_version_is_recorded():
    """A regrade next year can tell which engine gave the first grade."""
    assert built(report_of(SPEC))["extra_data"]["engine"] == autograder.__version__
