"""results.json as Gradescope reads it: its schema, its texts, and how it is written.

Imported by run, emulate and report. It alone decides what a student may see of a result:
staff's details never enter a visible field, and a hidden test shows fixed wording only.
It runs nothing and knows nothing of sandboxes or pytest.
"""

import json
import math
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError

from autograder import __version__
from autograder.errors import ResultsError
from autograder.manifest import Manifest
from autograder.model import CaseResult, Kind, LeaderboardEntry, Outcome, RunReport, TestResult
from autograder.scoring import NOT_REACHED, UNJUDGED, shown

__all__ = [
    "HIDDEN_WORDING",
    "LeaderboardRow",
    "Results",
    "Row",
    "build_results",
    "clean",
    "cut",
    "write_results",
]

LIMIT = 100_000  # characters: Gradescope cuts longer texts itself

# All that a hidden test says of a failure: no name, number or text of the student or the grader.
HIDDEN_WORDING = {
    Kind.VALUE: "A result has a wrong value.",
    Kind.SHAPE: "A result has a wrong shape.",
    Kind.DTYPE: "A result has a wrong dtype.",
    Kind.TYPE: "A result has a wrong type.",
    Kind.RAISED: "Your code raised an exception.",
    Kind.NOT_IMPLEMENTED: "Something that this test needs is not written yet.",
    Kind.MISSING_FILE: "A file that this test needs was not handed in.",
    Kind.MISSING_NAME: "A name that this test needs is not defined in your file.",
    Kind.SYNTAX: "A file that this test needs has a syntax error.",
    Kind.POLICY: "Your code uses something that the assignment does not allow.",
    Kind.TIMEOUT: "Your code took longer than it may.",
    Kind.MEMORY: "Your code used more memory than it may.",
    Kind.CRASHED: "Your code ended the process that it ran in.",
    Kind.PRINTED: "Your code printed more than it may.",
    Kind.DISK: "Your code wrote more to disk than it may.",
    Kind.PROTOCOL: "What your code returned could not be read.",
}
_FAILED = "This test failed."
_REPORT = "This is a fault of a grader or of the engine: correct it there."

# Control characters except newline and tab, marks that reorder, break or hide text, and halves of
# surrogate pairs.
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
_MARK = "\n[... the middle of this text is left out ...]\n"


def clean(text: str) -> str:
    r"""Make every character visible and harmless.

    Line ends become "\n". Control characters, marks that reorder or hide text and lone surrogates become
    escapes such as "\x1b", so that they are seen and do nothing.
    """
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def cut(text: str, limit: int = LIMIT) -> str:
    """Leave out the middle of a text, with a mark there, so that fewer than `limit` characters stay."""
    if len(text) < limit:
        return text
    room = limit - 1 - len(_MARK)
    if room < 0:
        return text[: max(limit - 1, 0)]
    return text[: room - room // 2] + _MARK + text[len(text) - room // 2 :]


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _must_be_clean(text: str) -> str:
    if clean(text) != text:
        raise ValueError("it holds characters that are not shown")
    return text


Text = Annotated[str, Field(max_length=LIMIT - 1), AfterValidator(_must_be_clean)]
Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]
Format = Literal["text", "html", "simple_format", "md", "ansi"]


class _Schema(BaseModel):
    """Known keys, exact types and finite numbers; a key that is None is left out of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Row(_Schema):
    """One test, as Gradescope shows it; scores in points."""

    score: float | None = None
    max_score: float | None = None
    status: Literal["passed", "failed"] | None = None
    name: Text | None = None
    name_format: Format | None = None
    number: Text | None = None
    output: Text | None = None
    output_format: Format | None = None
    tags: list[Text] | None = None
    visibility: Visibility | None = None
    extra_data: dict[str, JsonValue] | None = None


class LeaderboardRow(_Schema):
    """One column of the leaderboard; without an order, more is better."""

    name: Text
    value: float | Text
    order: Literal["asc", "desc"] | None = None


class Results(_Schema):
    """The whole results.json; `score` would override the sum of the tests."""

    score: float | None = None
    execution_time: float | None = None
    output: Text | None = None
    output_format: Format | None = None
    test_output_format: Format | None = None
    test_name_format: Format | None = None
    visibility: Visibility | None = None
    stdout_visibility: Visibility | None = None
    extra_data: dict[str, JsonValue] | None = None
    tests: list[Row] | None = None
    leaderboard: list[LeaderboardRow] | None = None


def build_results(report: RunReport, scored: Sequence[TestResult], manifest: Manifest) -> Results:
    """Make what Gradescope gets.

    Args:
        report: what the run found; its `detail` is left out, since staff get that on standard output.
        scored: what `scoring.score` made of the report's tests and cases.
        manifest: has the assignment's points.

    Raises:
        ResultsError: if a value does not fit the schema, such as a score of nan.
    """
    data: dict[str, Any] = {
        "execution_time": report.seconds,
        "output": _text(_overview(report, scored, manifest)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "stdout_visibility": "hidden",
        "extra_data": {"seed": report.seed, "layers": dict(report.layers), "engine": __version__},
        "tests": [_row(result, report.cases) for result in scored],
        "leaderboard": [_column(entry) for entry in report.leaderboard] or None,
    }
    if not scored:  # Gradescope takes results without tests only if they have a score of their own
        data["score"] = 0.0
    return _validated(data, "results.json")


def write_results(results: Results, path: Path) -> None:
    """Write results.json in one step: a reader finds the old file or the new one, whole.

    Raises:
        ResultsError: if the results do not fit the schema, or the file cannot be written, as on a full
            disk; an older file is left as it was.
    """
    checked = _validated(results.model_dump(), path).model_dump(exclude_none=True)
    content = json.dumps(checked, ensure_ascii=False, allow_nan=False, indent=1)
    try:
        _replace(path, content.encode() + b"\n")
    except OSError as problem:
        raise ResultsError(
            path,
            f"the results cannot be written: {problem.strerror}.",
            "Make room there, or name another file; an older one is left as it was.",
        ) from problem


def _validated(data: dict[str, Any], place: object) -> Results:
    try:
        return Results.model_validate(data)
    except ValidationError as invalid:
        error = invalid.errors()[0]
        key = ".".join(str(step) for step in error["loc"])
        shown_value = repr(error["input"])[:60]
        problem = f"'{key}' is {shown_value}, which does not fit Gradescope's schema: {error['msg']}."
        raise ResultsError(place, problem, _REPORT) from None


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _text(text: str) -> str:
    return cut(clean(text))


def _row(result: TestResult, cases: Sequence[CaseResult]) -> dict[str, Any]:
    spec = result.spec
    return {
        "score": result.points,
        "max_score": 0.0 if spec.bonus else spec.points,  # Gradescope takes more than the maximum
        "status": "passed" if result.outcome is Outcome.PASSED else "failed",
        "name": _text(spec.name.removeprefix("test_").replace("_", " ")),
        "name_format": "text",
        "number": _text(spec.part),
        "output": _text("\n\n".join(filter(None, _paragraphs(result, cases)))),
        "output_format": "text",
        "tags": [_text(tag) for tag in spec.tags] or None,
        "visibility": spec.visibility,
    }


def _paragraphs(result: TestResult, cases: Sequence[CaseResult]) -> list[str]:
    """What a student reads of one test: its sentence, what became of it, what the code printed."""
    spec = result.spec
    if spec.hide_errors is not None and result.outcome is Outcome.FAILED:
        return [spec.title, spec.hide_errors]
    if spec.hidden or spec.hide_errors is not None:
        return [spec.title, _fixed_wording(result, cases)]
    printed = f"Your code printed:\n{result.printed}" if result.printed else ""
    fallback = "Passed." if result.outcome is Outcome.PASSED else _FAILED
    return [spec.title, result.message or fallback, printed]


def _fixed_wording(result: TestResult, cases: Sequence[CaseResult]) -> str:
    if result.outcome is Outcome.PASSED:
        return "Passed."
    own = [case for case in cases if case.test == result.spec.name]
    if result.outcome is Outcome.UNJUDGED:
        judged = all(case.outcome is not Outcome.UNJUDGED for case in own)
        return NOT_REACHED if judged and len(own) < result.spec.cases else UNJUDGED
    kinds = [case.kind for case in own if case.outcome is Outcome.FAILED and case.kind]
    return HIDDEN_WORDING[kinds[0]] if kinds else _FAILED


def _overview(report: RunReport, scored: Sequence[TestResult], manifest: Manifest) -> str:
    notes = "\n".join(f"- {note}" for note in report.notes)
    return "\n\n".join(filter(None, (_summary(scored, manifest), report.trouble, notes)))


def _summary(scored: Sequence[TestResult], manifest: Manifest) -> str:
    """Tell the total, unless a test is shown later: then it would give that test away."""
    if any(result.spec.visibility != "visible" for result in scored):
        total = "Some tests are not shown yet, so the total is not shown either"
    else:
        points = round(math.fsum(result.points for result in scored), 2)
        total = f"{shown(points)} of {shown(manifest.points)} points"
    unjudged = sum(result.outcome is Outcome.UNJUDGED for result in scored)
    if not unjudged:
        return f"{total}."
    return f"{total}; {unjudged} {'test' if unjudged == 1 else 'tests'} could not be judged."


def _column(entry: LeaderboardEntry) -> dict[str, Any]:
    """One column; a value that is not finite, which JSON cannot hold, is told as text."""
    value = entry.value
    if not isinstance(value, str) and not math.isfinite(value):
        value = str(value)
    return {
        "name": _text(entry.name),
        "value": _text(value) if isinstance(value, str) else value,
        "order": "asc" if entry.order == "asc" else None,
    }
