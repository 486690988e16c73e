"""Tests the graders: the reference gets all, the stub nothing, each mistake fails its own tests.

Imported by cli. Runs real gradings, two at a time.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from autograder import mistakes
from autograder.assignment import Assignment, solution_folder, template_folder
from autograder.markers import make_broken
from autograder.mistakes import Catalogue, Mistake, load_catalogue
from autograder.model import Outcome, RunReport
from autograder.run import Run, grade_all, not_loaded, scored
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

# Other inputs than everywhere else: what is right must pass with any. `make soak` tries many more.
SEEDS = (1,)


@dataclass(frozen=True)
class Trial:
    """One submission that was made to test the graders, and what they said.

    Attributes:
        name: "reference", "reference, seed 1", "stub", "careless: ..." or the id of a mistake.
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
class _Share:
    """What one trial is about, in a submission that several may share.

    Attributes:
        judge: what the graders should have said, in sentences on what they did not.
        only: names of the tests that judge it; empty for all, and then nobody shares.
        seen_by: names of the tests that may see it, whether they judge it or not.
    """

    name: str
    judge: Callable[[RunReport, "Trial"], Iterator[str]]
    only: tuple[str, ...] = ()
    seen_by: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Plan:
    """A submission to be graded, and the trials that it decides."""

    files: Mapping[str, bytes]
    shares: tuple[_Share, ...]
    seed: int = 0
    trace: bool = False  # its report tells which functions each test has used


def verify(
    root: Path,
    slug: str,
    on_trial: Callable[[str, int], None] = lambda name, count: None,
    *,
    quick: bool = False,
) -> Verification:
    """Makes every trial of an assignment.

    Args:
        root: the repository.
        slug: the assignment.
        on_trial: told the name of each finished trial and the number of all, for a progress display.
        quick: one careless answer instead of all, no other seed, and each mistake is tried on one of the
            tests that should catch it.

    Raises:
        ManifestError: if no grader can be loaded, or the points of tests and manifest differ.
        MistakeError: if a mistake does not fit the reference or the tests.
    """
    assignment = Assignment.from_repository(root, slug)
    names = assignment.manifest.all_files
    reference = _files(solution_folder(root, slug), names)
    path = solution_folder(root, slug) / "mistakes.toml"
    catalogue = load_catalogue(path)
    whole = [_Plan(reference, (_Share("reference", _all_pass),), trace=True)]
    seeds = () if quick else SEEDS
    whole += [_Plan(reference, (_Share(f"reference, seed {seed}", _all_pass),), seed) for seed in seeds]
    whole += _useless(reference, _files(template_folder(root, slug), names), 1 if quick else len(CARELESS))
    count = len(whole) + len(catalogue.mistake)

    def ended(share: _Share) -> None:
        on_trial(share.name, count)

    made = _try_all(assignment, whole, ended)
    report = made[0][1]
    if not report.tests:
        raise not_loaded(assignment, report)
    check_points(report.tests, assignment.manifest, assignment.folder / "assignment.toml")
    mistakes.check_catalogue(catalogue, report.tests, path)
    made += _try_all(assignment, list(_mistaken(reference, catalogue, report, quick)), ended)
    trials = {trial.name: trial for trial, _ in made}
    order = [share.name for plan in whole for share in plan.shares]
    order += [mistake.id for mistake in catalogue.mistake]
    tests = tuple(spec.name for spec in report.tests)
    return Verification(slug, tests, tuple(trials[name] for name in order), catalogue.mistake)


def _useless(reference: Mapping[str, bytes], stub: Mapping[str, bytes], count: int) -> Iterator[_Plan]:
    yield _Plan(stub, (_Share("stub", _nothing_passes),))
    for name, statement in islice(CARELESS.items(), count):
        broken = {
            file: make_broken(source.decode(), statement).encode()
            for file, source in reference.items()
            if file.endswith(".py")
        }
        share = _Share(f"careless: {name}", lambda report, trial: iter(()))
        yield _Plan({**reference, **broken}, (share,))


def _mistaken(
    reference: Mapping[str, bytes], catalogue: Catalogue, traced: RunReport, quick: bool
) -> Iterator[_Plan]:
    """Mistakes before those tests that use their function, or their file: no others can see them.

    Where no test that judges one mistake sees the other, they share a submission: starting to grade
    one costs more than its tests.
    """
    groups: list[list[tuple[Mistake, _Share]]] = []
    for mistake in catalogue.mistake:
        source = reference[mistake.file].decode()
        mistakes.apply(mistake, source)  # raises where it does not fit
        seen_by = _tests_of(mistake, source, traced)
        expected, not_run = frozenset(mistake.caught_by), catalogue.end_to_end
        if quick:
            # The first in the list; one that takes long only where there is no other.
            first = min(mistake.caught_by, key=lambda name: name in catalogue.end_to_end)
            expected, not_run = frozenset({first}), seen_by
        only = tuple(name for name in seen_by if name in expected or name not in not_run)
        share = _Share(mistake.id, _caught_by(expected), only, frozenset(seen_by))
        group = next((group for group in groups if _can_join(share, group)), None)
        if group is None:
            groups.append(group := [])
        group.append((mistake, share))
    for group in groups:
        files = dict(reference)
        for file in {mistake.file for mistake, _ in group}:
            made = [mistake for mistake, _ in group if mistake.file == file]
            files[file] = mistakes.apply_all(made, reference[file].decode()).encode()
        yield _Plan(files, tuple(share for _, share in group))


def _can_join(share: _Share, group: Sequence[tuple[Mistake, _Share]]) -> bool:
    return all(
        share.only
        and other.only
        and share.seen_by.isdisjoint(other.only)
        and other.seen_by.isdisjoint(share.only)
        for _, other in group
    )


def _tests_of(mistake: Mistake, source: str, traced: RunReport) -> tuple[str, ...]:
    module, line = mistake.file.removesuffix(".py"), mistakes.function_of(mistake, source)
    place = f"{module}:{line}" if line else module
    return tuple(dict.fromkeys(case.test for case in traced.cases if place in case.used))


def _files(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def _try_all(
    assignment: Assignment, plans: Sequence[_Plan], ended: Callable[[_Share], None]
) -> list[tuple[Trial, RunReport]]:
    """Makes the trials of all plans, as many at a time as there are processors."""
    # Few graders with many trials each: what a grader imports, torch above all, takes seconds.
    workers = min(4, os.cpu_count() or 1)
    batches = [plans[start::workers] for start in range(workers) if plans[start::workers]]
    with ThreadPoolExecutor(max_workers=workers) as pool:
        made = pool.map(lambda batch: _try_batch(assignment, batch, ended), batches)
        return [result for results in made for result in results]


def _try_batch(
    assignment: Assignment, plans: Sequence[_Plan], ended: Callable[[_Share], None]
) -> list[tuple[Trial, RunReport]]:
    """Makes the trials of these plans with one grader."""

    def on_end(number: int) -> None:
        for share in plans[number].shares:
            ended(share)

    with tempfile.TemporaryDirectory(prefix="autograder-trial-") as name:
        runs = []
        for number, plan in enumerate(plans):
            folder = Path(name) / str(number)
            folder.mkdir()
            for file, content in plan.files.items():
                (folder / file).write_bytes(content)
            only = tuple(name for share in plan.shares for name in share.only)
            runs.append(Run(assignment, folder, seed=plan.seed, only=only, trace=plan.trace))
        reports = grade_all(runs, on_end=on_end)
    return [
        (_trial(share, run, _part_of(report, share)), report)
        for plan, run, report in zip(plans, runs, reports, strict=True)
        for share in plan.shares
    ]


def _part_of(report: RunReport, share: _Share) -> RunReport:
    """What the report says of the share's tests."""
    if not share.only:
        return report
    return replace(
        report,
        tests=[spec for spec in report.tests if spec.name in share.only],
        cases=[case for case in report.cases if case.test in share.only],
    )


def _trial(share: _Share, run: Run, report: RunReport) -> Trial:
    rows = scored(run, report)
    failed = frozenset(row.spec.name for row in rows if row.outcome is Outcome.FAILED)
    unjudged = frozenset(row.spec.name for row in rows if row.outcome is Outcome.UNJUDGED)
    lost = sum(row.spec.points - row.points for row in rows if not row.spec.bonus)
    trial = Trial(share.name, run.assignment.manifest.points - lost, failed, unjudged, ())
    return replace(trial, problems=(*_unjudged(report, trial), *share.judge(report, trial)))


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


def _caught_by(expected: frozenset[str]) -> Callable[[RunReport, Trial], Iterator[str]]:
    def judge(report: RunReport, trial: Trial) -> Iterator[str]:
        if missed := sorted(expected - trial.failed):
            yield f"{', '.join(missed)} should fail and passes."
        if surplus := sorted(trial.failed - expected):
            yield f"{', '.join(surplus)} fails too: add it to caught_by, or make the test narrower."

    return judge
