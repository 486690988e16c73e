"""Shared by the engine's tests: tiny submissions, tiny courses, and what a run makes of them."""

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import Assignment
from autograder.model import RunReport, TestResult
from autograder.run import Run, grade, scored
from autograder.sandbox.client import Sandbox
from autograder.sandbox.policy import Rules
from autograder.sandbox.verdicts import Allowance, StudentError
from autograder.sandbox.workshop import Equipment, Workshop

# What the data sets' real files are proved on, where somebody has them.
REAL_DATA = Path(os.environ.get("DATASETS_DIR") or Path(__file__).parents[2] / "shared" / "datasets")
ALLOWANCE = Allowance(seconds=20, memory_mb=256, disk_mb=16, output_kb=64)
GRADER_HEAD = """\
import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import (
    hide_errors, leaderboard, number, partial_credit, tags, visibility, weight,
)
from autograder.grading import *

"""


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes each text, without its common indentation, and each bytes as they are."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else textwrap.dedent(content).encode()
        path.write_bytes(data)
    return folder


def load(sandbox: Sandbox, module: str = "a") -> Any:
    """The handle of a submitted module, as the `student` fixture gives it."""
    return sandbox.ask(f"{module}.py", "import", module)


@dataclass
class Bench:
    """A workshop whose submission changes from test to test: the fork server starts once a module.

    `with bench(code) as student_module:` gives a handle of a fresh sandbox's module `a`.
    """

    workshop: Workshop
    folder: Path
    made: int = 0
    load = staticmethod(load)

    def submit(self, files: Mapping[str, str | bytes]) -> None:
        """Replaces the submitted files."""
        for old in self.folder.iterdir():
            old.unlink()
        write_files(self.folder, files)

    @contextmanager
    def module(self, files: Mapping[str, str | bytes] | str | bytes, **limits: float) -> Iterator[Any]:
        """The handle of a.py in a fresh sandbox."""
        with self.sandbox(files, **limits) as sandbox:
            yield load(sandbox)

    def verdict(self, code: str | bytes | Mapping[str, str | bytes], **limits: float) -> StudentError:
        """What becomes of `a.f()`."""
        with pytest.raises(StudentError) as caught, self.module(code, **limits) as module:
            module.f()
        return caught.value

    def sandbox(self, files: Mapping[str, str | bytes] | str | bytes, **limits: float) -> Any:
        """A sandbox (a context manager) with these files; a single text is the file a.py."""
        self.submit({"a.py": files} if isinstance(files, (str, bytes)) else files)
        chosen = {**ALLOWANCE.__dict__, **limits}
        # A sandbox is prepared while the one before it is used, with the files of then; one with other
        # limits is made anew.
        self.made += 1
        chosen["seconds"] += self.made * 1e-9
        return self.workshop.sandbox(Allowance(**chosen))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One fork server for the module's tests; submissions may hand in a.py, b.py, c.py and c.txt."""
    folder = tmp_path_factory.mktemp("submitted")
    expected = ("a.py", "b.py", "c.py", "c.txt")
    workshop = Workshop(Equipment(folder, Rules(expected=expected, allowed=("numpy",))))
    workshop._compiled = {}  # the files change from test to test, so each sandbox compiles its own
    yield Bench(workshop, folder)
    workshop.close()


@dataclass
class Graded:
    """What a run found, and what it wrote."""

    run: Run
    report: RunReport

    @property
    def rows(self) -> dict[str, TestResult]:
        """The tests with their points, by name."""
        return {row.spec.name: row for row in scored(self.run, self.report)}

    @property
    def points(self) -> float:
        """All points together."""
        return sum(row.points for row in self.rows.values())

    @property
    def results(self) -> dict[str, Any]:
        """The results.json."""
        assert self.run.results is not None
        return json.loads(self.run.results.read_text(encoding="utf-8"))

    @property
    def output(self) -> dict[str, str]:
        """What the student reads of each test, by the name that Gradescope shows."""
        return {row["name"]: row["output"] for row in self.results["tests"]}


def make_assignment(
    folder: Path, graders: Mapping[str, str], hidden: Mapping[str, str], manifest: str
) -> Assignment:
    """An assignment of one or more parts, with these graders."""
    write_files(folder, {"tiny/assignment.toml": manifest})
    for place, files in (("tiny/tests", graders), ("hidden", hidden)):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            head = GRADER_HEAD if name.startswith("test_") else ""
            write_files(folder / place, {name: head + textwrap.dedent(text)})
    return Assignment(folder / "tiny", folder / "hidden" if hidden else None)


def manifest_text(points: Mapping[str, float], limits: str = "", more: str = "", top: str = "") -> str:
    """An assignment.toml whose parts all ask for a.py, with further tables and top-level keys."""
    parts = "".join(
        f'[[parts]]\nid = "{part}"\ntitle = "Part {part}"\nfiles = ["a.py"]\npoints = {value}\n'
        for part, value in points.items()
    )
    return f'title = "Tiny"\nsummary = "A small course."\n{top}\n{parts}[limits]\n{limits}\n{more}\n'


def grader_in(folder: Path) -> Callable[..., Graded]:
    """A function that grades `code` as a.py with one grader file, or several, and gives what came of it."""

    def grade_it(
        graders: str | Mapping[str, str],
        code: str | Mapping[str, str | bytes] = "",
        *,
        hidden: Mapping[str, str] | None = None,
        points: Mapping[str, float] | None = None,
        limits: str = "test_seconds = 5",
        more: str = "",
        top: str = "",
        on_case: Callable[[RunReport], None] = lambda report: None,
        **run: Any,
    ) -> Graded:
        files = {"test_tiny.py": graders} if isinstance(graders, str) else graders
        manifest = manifest_text(points or {"1.1": 1}, limits, more, top)
        assignment = make_assignment(folder, files, hidden or {}, manifest)
        submission = folder / "submission"
        submission.mkdir(exist_ok=True)
        write_files(submission, {"a.py": code} if isinstance(code, str) else code)
        made = Run(
            **{"assignment": assignment, "submission": submission, "results": folder / "results.json", **run}
        )
        return Graded(made, grade(made, on_case))

    return grade_it


@pytest.fixture
def graded(tmp_path: Path) -> Callable[..., Graded]:
    """See grader_in."""
    return grader_in(tmp_path)


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Graded]:
    """See grader_in; for a grading that several tests look at."""
    return grader_in(tmp_path_factory.mktemp("graded"))


def user_processes(first: int, count: int = 4096) -> list[int]:
    """Processes that still run and whose user lies in a range."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                lines = (entry / "status").read_text().splitlines()
            except OSError:
                continue
            if any(line.startswith(("State:\tZ", "State:\tX")) for line in lines):
                continue  # it has ended, and waits for whoever inherited it
            uid = int(next(line for line in lines if line.startswith("Uid:")).split()[1])
            if first <= uid < first + count:
                found.append(int(entry.name))
    return found


def run_python(
    *arguments: str, cwd: Path | None = None, timeout: float = 60, **env: str
) -> "subprocess.CompletedProcess[str]":
    """`python *arguments` with what it prints."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture
def python() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs Python in another process."""
    return run_python


@pytest.fixture
def processes_of() -> Callable[..., list[int]]:
    """Tells the processes of a range of users."""
    return user_processes


@pytest.fixture
def real_data() -> Callable[[str], Path]:
    """The path of a file or folder of the real data; the test is skipped, and says so, where it is not."""

    def find(name: str) -> Path:
        if not (REAL_DATA / name).exists():
            pytest.skip(f"there is no {REAL_DATA / name}; set DATASETS_DIR to a folder that holds {name}")
        return REAL_DATA / name

    return find
