"""Measures what the README states: `make bench`. Each ratio comes from one run, its two sides in turn."""

import ast
import contextlib
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from images import ROOT, image_of
from rich.console import Console
from rich.table import Table

from autograder.assignment import Assignment, repository_slugs, solution_folder
from autograder.bundle import build_autograder, build_student
from autograder.grading.plugin import Settings
from autograder.run import Run, grade
from autograder.sandbox.verdicts import Allowance
from autograder.sandbox.workshop import Workshop

REPEATS = 5
console = Console(highlight=False)


def seconds(action) -> float:
    """Wall time of a call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def rooms_ratio(slug: str) -> tuple[float, float, float]:
    """Median seconds of grading the reference through the rooms, in one process, and their ratio."""
    assignment = Assignment.from_repository(ROOT, slug)
    reference = solution_folder(ROOT, slug)
    pairs = []
    for _ in range(REPEATS):
        with contextlib.redirect_stderr(io.StringIO()):
            rooms = seconds(lambda: grade(Run(assignment, reference)))
            here = seconds(lambda: one_process(assignment, reference))
        pairs.append((rooms, here))
    return (
        statistics.median(rooms for rooms, _ in pairs),
        statistics.median(here for _, here in pairs),
        statistics.median(rooms / here for rooms, here in pairs),
    )


def one_process(assignment: Assignment, reference: Path) -> None:
    """The same graders, the student's code beside them: `autograder grade --here`, without its terminal."""
    command = [sys.executable, "-m", "autograder", "grade", assignment.slug, str(reference), "--here"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def isolation(slug: str) -> list[float]:
    """Milliseconds to fork a sandbox, drop all rights and load the student's first file, many times."""
    assignment = Assignment.from_repository(ROOT, slug)
    module = assignment.manifest.files[0].removesuffix(".py")
    allowance = Allowance(seconds=10, memory_mb=256, disk_mb=16, output_kb=64)
    workshop = Workshop(Settings(assignment, solution_folder(ROOT, slug)).equipment())
    times = []
    try:
        for _ in range(40):
            start = time.perf_counter()
            with workshop.sandbox(allowance) as sandbox:
                sandbox.ask(module, "import", module)
                times.append(1000 * (time.perf_counter() - start))
    finally:
        workshop.close()
    return times


def unchanged_build() -> tuple[float, bool]:
    """Seconds to build all zips a second time, and whether the bytes are the same."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)

        def build() -> dict[Path, bytes]:
            for slug in repository_slugs(ROOT):
                assignment = Assignment.from_repository(ROOT, slug)
                build_student(assignment, ROOT, out)
                build_autograder(assignment, ROOT, out)
            return {path: path.read_bytes() for path in out.rglob("*.zip")}

        first = build()
        taken = seconds(build)
        return taken, first == build()


def convolution_ratio() -> tuple[float, float, float]:
    """Seconds of assignment 2's NumPy convolution and of torch's, both ways, and their ratio.

    64 images of 3x32x32, 32 filters 5x5, float64, one thread; the best of a few turns.
    """
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("time_convolution.py"))],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    ours, theirs = map(float, done.stdout.split())
    return ours, theirs, ours / theirs


def function_lengths() -> list[int]:
    """Lines of each function of the engine, its docstring not counted."""
    lengths = []
    for path in (ROOT / "autograder").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno:
                docstring = len((ast.get_docstring(node, clean=False) or "").splitlines())
                lengths.append(node.end_lineno - node.lineno + 1 - docstring)
    return lengths


def main() -> None:
    """Prints one table."""
    table = Table("what", "measured", "goal", box=None, pad_edge=False)
    for slug in repository_slugs(ROOT):
        console.print(f"measuring {slug} ...")
        rooms, here, ratio = rooms_ratio(slug)
        table.add_row(f"{slug}: rooms / one process", f"{ratio:.2f} ({rooms:.2f} s / {here:.2f} s)", "1.25")
        times = isolation(slug)
        spread = f"median {np.median(times):.1f} ms ({min(times):.1f} to {max(times):.1f})"
        table.add_row(f"{slug}: isolation per test", spread, "30 ms")
        run = image_of(slug).run(solution_folder(ROOT, slug), cpus=2)
        table.add_row(f"{slug}: grading, from the zip", f"{run.seconds:.1f} s", "A1 10 s, others 60 s")
        memory = "not measured" if run.peak_memory_mb is None else f"{run.peak_memory_mb:.0f} MiB"
        table.add_row(f"{slug}: memory, all processes", memory, "A1 250, others 700 MiB")
    taken, same = unchanged_build()
    table.add_row("all zips, nothing changed", f"{taken:.2f} s, {'same' if same else 'OTHER'} bytes", "5 s")
    ours, theirs, ratio = convolution_ratio()
    table.add_row(
        "a2_cnn: NumPy convolution / torch",
        f"{ratio:.1f} ({ours * 1e3:.0f} ms / {theirs * 1e3:.0f} ms)",
        "10",
    )
    lengths = sorted(function_lengths())
    nine_tenths = lengths[int(0.9 * len(lengths))]
    table.add_row(
        "lines of a function",
        f"median {lengths[len(lengths) // 2]}, nine in ten under {nine_tenths + 1}",
        "10, 30",
    )
    console.print(table)


if __name__ == "__main__":
    main()
