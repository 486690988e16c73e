"""What a test function says of itself: decorators, docstring, file and folder.

Used by the plugin, and by graders for the two decorators that gradescope-utils
does not have. Knows pytest's items and no sandbox.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from gradescope_utils.autograder_utils.decorators import partial_credit

from autograder.errors import ManifestError
from autograder.model import LeaderboardEntry, TestSpec

__all__ = [
    "bonus",
    "by_case",
    "forget_scores",
    "given_score",
    "leaderboard_entry",
    "limits",
    "limits_of",
    "plain",
    "specs_of",
]

VISIBILITIES = ("visible", "hidden", "after_due_date", "after_published")  # Gradescope's

F = TypeVar("F", bound=Callable[..., Any])


def by_case(function: F) -> F:
    """Points of a parametrised test are earned case by case instead of all or nothing."""
    function.__by_case__ = True  # type: ignore[attr-defined]  # how gradescope-utils marks functions too
    return function


def bonus(points: float) -> Callable[[F], F]:
    """Points on top of the assignment's; the test gives them with `set_score`, as in `partial_credit`."""

    def decorate(function: F) -> F:
        function.__bonus__ = True  # type: ignore[attr-defined]  # see above
        decorated: F = partial_credit(points)(function)
        return decorated

    return decorate


def limits(*, seconds: float | None = None, memory_mb: int | None = None) -> Callable[[F], F]:
    """Other limits for one test than the manifest's.

    Args:
        seconds: wall time of each case.
        memory_mb: MiB that the student's code may use.
    """

    def decorate(function: F) -> F:
        function.__limits__ = {"seconds": seconds, "memory_mb": memory_mb}  # type: ignore[attr-defined]  # see above
        return function

    return decorate


def limits_of(item: pytest.Item) -> dict[str, Any]:
    """The limits that a test sets for itself."""
    chosen = _mark(item, "__limits__", {})
    return {name: value for name, value in chosen.items() if value is not None}


def specs_of(items: Iterable[pytest.Item], hidden: Path | None) -> dict[str, TestSpec]:
    """Each test function once, by name, with the number of its cases.

    Args:
        items: pytest's items, one a case.
        hidden: folder of the graders that only staff have.

    Raises:
        ManifestError: if a test lacks its part, points or sentence, or shares its name with another.
    """
    specs: dict[str, TestSpec] = {}
    files: dict[str, Path] = {}
    for item in items:
        spec = _spec(item, hidden)
        if files.setdefault(spec.name, item.path) != item.path:
            raise _incomplete(
                item, f"There is another {spec.name} in {files[spec.name]}.", "Give one a new name."
            )
        cases = specs[spec.name].cases + 1 if spec.name in specs else 1
        specs[spec.name] = replace(spec, cases=cases)
    return specs


def _spec(item: pytest.Item, hidden: Path | None) -> TestSpec:
    part = _mark(item, "__number__", None)
    points = _mark(item, "__weight__", None)
    title = " ".join((_function(item).__doc__ or "").strip().partition("\n\n")[0].split())
    if part is None:
        raise _incomplete(item, "It belongs to no part.", 'Decorate it with @number("1.1").')
    if points is None:
        raise _incomplete(
            item, "It is worth no points.", "Decorate it with @weight(2), or @partial_credit(2)."
        )
    visibility = _mark(item, "__visibility__", "visible")
    if visibility not in VISIBILITIES:
        raise _incomplete(
            item, f"Its visibility is {visibility!r}.", "Use one of: " + ", ".join(VISIBILITIES)
        )
    if not title:
        raise _incomplete(item, "It has no docstring.", "Write the sentence that the student reads.")
    return TestSpec(
        name=name_of(item),
        part=str(part),
        title=title,
        points=float(points),
        hidden=hidden is not None and hidden.resolve() in item.path.resolve().parents,
        by_case=_mark(item, "__by_case__", False),
        bonus=_mark(item, "__bonus__", False),
        visibility=visibility,
        tags=tuple(_mark(item, "__tags__", ())),
        hide_errors=_mark(item, "__hide_errors__", None),
    )


def _incomplete(item: pytest.Item, problem: str, remedy: str) -> ManifestError:
    return ManifestError(f"{item.path.name}, {name_of(item)}", problem, remedy)


def name_of(item: pytest.Item) -> str:
    """Name of the test function, without the case."""
    return str(getattr(item, "originalname", None) or item.name)


def case_of(item: pytest.Item) -> str:
    """Pytest's id of the case, "" where the test is not parametrised."""
    callspec = getattr(item, "callspec", None)
    return str(callspec.id) if callspec else ""


def forget_scores(item: pytest.Item) -> None:
    """Clears what an earlier case has set: gradescope-utils keeps it on the function."""
    for function in _layers(item):
        for mark in ("__score__", "__leaderboard_value__"):
            function.__dict__.pop(mark, None)


def given_score(item: pytest.Item) -> float | None:
    """The points that the test gave itself with `set_score`."""
    score = _mark(item, "__score__", None)
    return None if score is None else float(score)


def leaderboard_entry(item: pytest.Item) -> LeaderboardEntry | None:
    """The column that the test filled with `set_leaderboard_value`."""
    value = _mark(item, "__leaderboard_value__", None)
    if value is None:
        return None
    order = _mark(item, "__leaderboard_sort_order__", "desc")
    return LeaderboardEntry(_mark(item, "__leaderboard_column__", ""), plain(value), order)


def plain(value: float | str) -> float | str:
    """A value that JSON can hold: a NumPy number is none."""
    return value if isinstance(value, str) else float(value)


def _function(item: pytest.Item) -> Any:
    return getattr(item, "function", item)


def _layers(item: pytest.Item) -> Iterator[Any]:
    """The function and all that its decorators wrapped: some keep their marks inside."""
    function = _function(item)
    while function is not None:
        yield function
        function = getattr(function, "__wrapped__", None)


def _mark(item: pytest.Item, name: str, default: Any) -> Any:
    return next((f.__dict__[name] for f in _layers(item) if name in f.__dict__), default)
