"""From the outcomes of cases to the points of tests.

Points belong to a test function; its cases share them. Imported by results, run, bundle
and verify. It knows nothing of pytest, Gradescope or what a test checks.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from autograder.errors import ManifestError
from autograder.manifest import Manifest
from autograder.model import CaseResult, Outcome, TestResult, TestSpec

__all__ = ["NOT_REACHED", "UNJUDGED", "check_points", "part_order", "score", "shown"]

UNJUDGED = "This test could not be judged. The fault is ours, not yours; staff can see the details."
NOT_REACHED = "This test was not reached: the run ended before it."

# Weights such as 0.1 add up with rounding errors far below this, and nobody gives fewer points.
_TOLERANCE = 1e-6


def score(
    tests: Iterable[TestSpec], cases: Iterable[CaseResult], *, not_run: str = NOT_REACHED
) -> list[TestResult]:
    """Give each test its points, in the order of the parts and then as collected.

    Args:
        tests: every test that was collected.
        cases: what has run so far; the last result of a case counts.
        not_run: the student's sentence for a test of which a case did not run.
    """
    ran: dict[str, dict[str, CaseResult]] = defaultdict(dict)
    for case in cases:
        ran[case.test][case.case] = _checked(case)
    ordered = sorted(tests, key=lambda spec: part_order(spec.part))
    return [_result(spec, list(ran[spec.name].values()), not_run) for spec in ordered]


def part_order(part: str) -> tuple[int, ...]:
    """Sort key of a part id: 1.10 comes after 1.9."""
    return tuple(int(digits) for digits in re.findall(r"\d+", part))


def shown(points: float) -> str:
    """Write points without the noise of binary fractions: 0.1 + 0.2 is 0.3."""
    return f"{points:.10g}"


def check_points(tests: Sequence[TestSpec], manifest: Manifest, place: object = "assignment.toml") -> None:
    """Check that the tests' points are those of the manifest, part by part and in total.

    Args:
        tests: every test, public and hidden.
        manifest: has the points of the parts.
        place: what to name in the error, best the path of the assignment.toml.

    Raises:
        ManifestError: if they are not; it lists each part that differs, and the total.
    """
    for spec in tests:
        if not (math.isfinite(spec.points) and spec.points >= 0):
            raise ManifestError(
                spec.name, f"the test gives {spec.points} points.", "Use @weight with 0 or a positive number."
            )
    lines = _differences(tests, manifest)
    if lines:
        listed = "".join(f"\n  {line}" for line in lines)
        remedy = "Change the @weight of the tests, or 'points' of the parts."
        raise ManifestError(place, f"the points of parts and tests differ:{listed}\n ", remedy)


def _checked(case: CaseResult) -> CaseResult:
    """Turn a score that is no number, which only a faulty grader gives, into "could not be judged"."""
    if case.score is None or math.isfinite(case.score):
        return case
    detail = f"{case.detail}\nThe test gave itself a score of {case.score}.".strip()
    return replace(case, outcome=Outcome.UNJUDGED, score=None, detail=detail)


def _result(spec: TestSpec, cases: list[CaseResult], not_run: str) -> TestResult:
    outcome, points = _judged(spec, cases)
    telling = _first(cases, Outcome.FAILED) or _first(cases, Outcome.UNJUDGED) or next(iter(cases), None)
    return TestResult(
        spec=spec,
        outcome=outcome,
        points=points,
        message=_message(spec, cases, outcome, points, not_run),
        printed=telling.printed if telling else "",
        detail="\n\n".join(filter(None, (_detail(case) for case in cases))),
        seconds=math.fsum(case.seconds for case in cases),
    )


def _judged(spec: TestSpec, cases: list[CaseResult]) -> tuple[Outcome, float]:
    outcomes = {case.outcome for case in cases}
    shared = spec.by_case or any(case.score is not None for case in cases)
    earned = _earned(spec, cases)
    if Outcome.UNJUDGED in outcomes or len(cases) < spec.cases:
        return Outcome.UNJUDGED, earned if spec.by_case else 0.0
    whole = Outcome.FAILED not in outcomes and (spec.bonus or earned == spec.points)
    return (Outcome.PASSED if whole else Outcome.FAILED), earned if shared or whole else 0.0


def _earned(spec: TestSpec, cases: list[CaseResult]) -> float:
    """Points that the cases earn together, each an equal share: exactly all points where none is lost."""
    earned = math.fsum(_share(spec, case) for case in cases) / max(spec.cases, len(cases), 1)
    return spec.points if math.isclose(earned, spec.points, rel_tol=1e-12) else earned


def _share(spec: TestSpec, case: CaseResult) -> float:
    """What a case would earn if it were the test's only one, in [0, points]."""
    if case.outcome is Outcome.UNJUDGED:
        return 0.0
    if case.score is not None:
        return min(max(case.score, 0.0), spec.points)
    return spec.points if case.outcome is Outcome.PASSED else 0.0


def _message(spec: TestSpec, cases: list[CaseResult], outcome: Outcome, points: float, not_run: str) -> str:
    sentences = []
    if _first(cases, Outcome.UNJUDGED):
        sentences.append(UNJUDGED)
    elif len(cases) < spec.cases:
        sentences.append(not_run)
    if _first(cases, Outcome.FAILED):
        sentences.append(_failure(spec, cases))
    elif spec.bonus and outcome is Outcome.PASSED:
        sentences.append(f"Bonus: {shown(points)} of {shown(spec.points)} points.")
    elif outcome is Outcome.FAILED:
        sentences.append(f"Partial credit: {shown(points)} of {shown(spec.points)} points.")
    return "\n\n".join(sentences)


def _failure(spec: TestSpec, cases: list[CaseResult]) -> str:
    """Tell the first case that failed; of a parametrised test, also which one and how many failed."""
    failed = [case for case in cases if case.outcome is Outcome.FAILED]
    first, count = failed[0], max(spec.cases, len(cases))
    if count == 1:
        return first.message
    which = "" if len(failed) == 1 else " The first one:"
    return f"{len(failed)} of {count} cases failed.{which} [{first.case}]\n{first.message}"


def _detail(case: CaseResult) -> str:
    """Gather what staff need, with the sentence of a case that was not judged."""
    told = case.message if case.outcome is Outcome.UNJUDGED else ""
    text = "\n".join(filter(None, (told, case.detail)))
    return f"[{case.case}]\n{text}" if text and case.case else text


def _first(cases: list[CaseResult], outcome: Outcome) -> CaseResult | None:
    return next((case for case in cases if case.outcome is outcome), None)


def _differences(tests: Sequence[TestSpec], manifest: Manifest) -> list[str]:
    """Say for each part that differs, and then for the total, what either side has."""
    sums: dict[str, float] = defaultdict(float)
    for spec in tests:
        if not spec.bonus:
            sums[spec.part] += spec.points
    wanted = {part.id: part.points for part in manifest.parts}
    lines = [
        f"part {part}: the manifest says {shown(wanted[part])}, its tests sum to {shown(sums[part])}"
        for part in sorted(wanted, key=part_order)
        if abs(wanted[part] - sums[part]) > _TOLERANCE
    ]
    lines += [
        f"part {part or '(no @number)'}: the manifest has no such part, its tests sum to {shown(sums[part])}"
        for part in sorted(sums.keys() - wanted.keys())
    ]
    bonus = math.fsum(spec.points for spec in tests if spec.bonus)
    if abs(bonus - manifest.bonus) > _TOLERANCE:
        lines.append(f"bonus: the manifest says {shown(manifest.bonus)}, its tests sum to {shown(bonus)}")
    if lines:
        total = shown(math.fsum(sums.values()))
        lines.append(f"in total: the manifest says {shown(manifest.points)}, the tests sum to {total}")
    return lines
