"""Proves built zips: out of the zip, the reference gets all points and the stub none.

Imported by cli. Runs the emulator, so it needs Linux.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from autograder.assignment import Assignment, solution_folder, template_folder
from autograder.emulate import EmulatedRun, Emulator
from autograder.scoring import shown

__all__ = ["Proof", "prove"]

TOLERANCE = 1e-6  # points


@dataclass(frozen=True)
class Proof:
    """What a zip did with the two submissions whose points are known.

    Attributes:
        reference, stub: points out of `points`.
        tests: number of tests.
        seconds: wall time of the reference's run.
        peak_memory_mb: most memory of its processes together, MiB; None where it was not measured.
        zip_kb: size of the zip, KiB.
        problems: sentences on what should have been otherwise.
    """

    slug: str
    points: float
    reference: float
    stub: float
    tests: int
    seconds: float
    peak_memory_mb: float | None
    zip_kb: float
    problems: tuple[str, ...]


def prove(
    root: Path, slug: str, zip_path: Path, emulator: Emulator, progress: Callable[[str], None]
) -> Proof:
    """Builds the zip's image and grades the reference and the stub in it.

    Raises:
        EmulatorError: if the image cannot be built.
    """
    assignment = Assignment.from_repository(root, slug)
    progress(f"{slug}: building the image")
    emulator.build(zip_path)
    runs = {}
    for name, folder in (("reference", solution_folder(root, slug)), ("stub", template_folder(root, slug))):
        progress(f"{slug}: grading the {name}")
        # The container that the README tells staff to choose; its time is the machine's own.
        runs[name] = emulator.run(folder, cpus=1.0)
    points, reference, stub = assignment.manifest.points, runs["reference"].score, runs["stub"].score
    problems = [
        *_problems(slug, "reference", (points, points + assignment.manifest.bonus), runs["reference"]),
        *_problems(slug, "stub", (0.0, 0.0), runs["stub"]),
    ]
    return Proof(
        slug=slug,
        points=points,
        reference=reference,
        stub=stub,
        tests=len(runs["reference"].results.get("tests") or ()),
        seconds=runs["reference"].seconds,
        peak_memory_mb=runs["reference"].peak_memory_mb,
        zip_kb=zip_path.stat().st_size / 1024,
        problems=tuple(problems),
    )


def _problems(slug: str, name: str, expected: tuple[float, float], run: EmulatedRun) -> list[str]:
    problems = []
    low, high = expected
    if not low - TOLERANCE <= run.score <= high + TOLERANCE:
        said = run.results.get("output", "")
        problems.append(f"{slug}: the {name} gets {shown(run.score)} points, not {shown(low)}. {said}")
    problems += [f"{slug}: the {name}'s run left a process behind: {process}." for process in run.leftovers]
    problems += [f"{slug}: the {name}'s run changed the image: {file}." for file in run.changed]
    return problems
