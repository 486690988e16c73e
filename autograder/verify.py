"""Tests the graders: the reference gets all, the stub nothing, each mistake fails its own tests.

Imported by cli. Runs real gradings, two at a time.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from autograder import mistakes
from autograder.assignment import Assignment, solution_folder, template_folder
from autograder.markers import make_broken
from autograder.mistakes import Mistake, load_mistakes
from autograder.model import Outcome, RunReport
from autograder.run import Run, grade_all, scored
from autograder.scoring import check_points

__all__ = ["Trial", "Verification", "verify"]

# What a careless function returns. A grader must call each of them wrong, and never stumble.
CARELESS = {
    "nothing": "return None",
    "text": 'return "x"',
    "an object": "return object()",
    "a wrong shape": 'return __import__("numpy").zeros((2, 0, 7))',
    "an exception": 'raise KeyError("x")',
}


@dataclass(frozen=True)
class Trial:
    """One submission that was made to test the graders, and what they said.

    Attributes:
        name: "reference", "stub", "careless: ..." or the id of a mistake.
        failed: names of the tests that failed.
        unjudged: names of the tests that could not be judged.
        problems: sentences on what should have been otherwise; empty where all is well.
    """

    name: str
    points: float
    failed: frozenset[str]
    unjudged: frozenset[str]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Verification:
    """All trials of one assignment, and the names of its tests in order."""

    slug: str
    tests: tuple[str, ...]
    trials: tuple[Trial, ...]
    mistakes: tuple[Mistake, ...]

    @property
    def problems(self) -> list[str]:
        """One sentence for each thing that is not as it should be."""
        return [
            f"{self.slug}, {trial.name}: {problem}" for trial in self.trials for problem in trial.problems
        ]

    def trial(self, name: str) -> Trial:
        """The trial of that name."""
        return next(trial for trial in self.trials if trial.name == name)


@dataclass(frozen=True)
class _Plan:
    """A trial to be made: its files, and what the graders should say."""

    name: str
    files: Mapping[str, bytes]
    judge: Callable[[RunReport, "Trial"], Iterator[str]]
    only: tuple[str, ...] = ()


def verify(
    root: Path, slug: str, on_trial: Callable[[str, int], None] = lambda name, count: None
) -> Verification:
    """Makes every trial of an assignment.

    Args:
        root: the repository.
        slug: the assignment.
        on_trial: told the name of each finished trial and the number of all, for a progress display.

    Raises:
        ManifestError: if the points of tests and manifest differ.
        MistakeError: if a mistake does not fit the reference or the tests.
    """
    assignment = Assignment.from_repository(root, slug)
    names = assignment.manifest.all_files
    reference = _files(solution_folder(root, slug), names)
    path = solution_folder(root, slug) / "mistakes.toml"
    catalogue = load_mistakes(path)
    first, report = _try_all(assignment, [_Plan("reference", reference, _all_pass)], trace=True)[0]
    check_points(report.tests, assignment.manifest, assignment.folder / "assignment.toml")
    mistakes.check_mistakes(catalogue, report.tests, path)
    plans = [*_useless(reference, _files(template_folder(root, slug), names))]
    plans += [_mistaken(reference, mistake, report) for mistake in catalogue]
    on_trial("reference", len(plans) + 1)

    def attempt(batch: list[_Plan]) -> list[Trial]:
        def ended(number: int) -> None:
            on_trial(batch[number].name, len(plans) + 1)

        return [trial for trial, _ in _try_all(assignment, batch, ended)]

    # Few graders with many trials each: what a grader imports, torch above all, takes seconds.
    workers = min(4, os.cpu_count() or 1)
    batches = [plans[start::workers] for start in range(workers) if plans[start::workers]]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        made = {trial.name: trial for trials in pool.map(attempt, batches) for trial in trials}
    trials = (first, *(made[plan.name] for plan in plans))
    return Verification(slug, tuple(spec.name for spec in report.tests), trials, tuple(catalogue))


def _useless(reference: Mapping[str, bytes], stub: Mapping[str, bytes]) -> Iterator[_Plan]:
    yield _Plan("stub", stub, _nothing_passes)
    for name, statement in CARELESS.items():
        broken = {
            file: make_broken(source.decode(), statement).encode()
            for file, source in reference.items()
            if file.endswith(".py")
        }
        yield _Plan(f"careless: {name}", {**reference, **broken}, lambda report, trial: iter(()))


def _mistaken(reference: Mapping[str, bytes], mistake: Mistake, traced: RunReport) -> _Plan:
    """A mistake before those tests that use its function, or its file: no other can see it."""
    source = reference[mistake.file].decode()
    edited = mistakes.apply(mistake, source).encode()
    module, line = mistake.file.removesuffix(".py"), mistakes.function_of(mistake, source)
    place = f"{module}:{line}" if line else module
    only = tuple(dict.fromkeys(case.test for case in traced.cases if place in case.used))
    return _Plan(mistake.id, {**reference, mistake.file: edited}, _caught_by(mistake), only)


def _files(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def _try_all(
    assignment: Assignment,
    plans: list[_Plan],
    on_end: Callable[[int], None] = lambda number: None,
    *,
    trace: bool = False,
) -> list[tuple[Trial, RunReport]]:
    with tempfile.TemporaryDirectory(prefix="autograder-trial-") as name:
        runs = []
        for number, plan in enumerate(plans):
            folder = Path(name) / str(number)
            folder.mkdir()
            for file, content in plan.files.items():
                (folder / file).write_bytes(content)
            runs.append(Run(assignment, folder, only=plan.only, trace=trace))
        reports = grade_all(runs, on_end=on_end)
    return [
        (_trial(plan, run, report), report) for plan, run, report in zip(plans, runs, reports, strict=True)
    ]


def _trial(plan: _Plan, run: Run, report: RunReport) -> Trial:
    rows = scored(run, report)
    failed = frozenset(row.spec.name for row in rows if row.outcome is Outcome.FAILED)
    unjudged = frozenset(row.spec.name for row in rows if row.outcome is Outcome.UNJUDGED)
    lost = sum(row.spec.points - row.points for row in rows if not row.spec.bonus)
    trial = Trial(plan.name, run.assignment.manifest.points - lost, failed, unjudged, ())
    problems = [*_unjudged(report, trial), *plan.judge(report, trial)]
    return Trial(plan.name, trial.points, failed, unjudged, tuple(problems))


def _unjudged(report: RunReport, trial: Trial) -> Iterator[str]:
    if report.trouble or trial.unjudged:
        details = [case.detail.strip().splitlines()[-1] for case in report.cases if case.detail.strip()]
        names = ", ".join(sorted(trial.unjudged)) or "the run"
        yield f"{names} could not be judged: {'; '.join(details[:3]) or report.trouble or report.detail}"


def _all_pass(report: RunReport, trial: Trial) -> Iterator[str]:
    for case in report.cases:
        if case.outcome is Outcome.FAILED:
            yield f"{case.test} fails: {case.message}"


def _nothing_passes(report: RunReport, trial: Trial) -> Iterator[str]:
    for spec in report.tests:
        if spec.name not in trial.failed | trial.unjudged:
            yield f"{spec.name} passes."
    if trial.points:
        yield f"it gets {trial.points:g} points."


def _caught_by(mistake: Mistake) -> Callable[[RunReport, Trial], Iterator[str]]:
    def judge(report: RunReport, trial: Trial) -> Iterator[str]:
        expected = frozenset(mistake.caught_by)
        if missed := sorted(expected - trial.failed):
            yield f"{', '.join(missed)} should fail and passes."
        if surplus := sorted(trial.failed - expected):
            yield f"{', '.join(surplus)} fails too: add it to caught_by, or make the test narrower."

    return judge
