"""One run: takes the submission in, watches over the grader, and always leaves results.

Imported by verify, cli and image. The grader is a process of its own, which reports
each case as an event. Whatever becomes of it, the results so far are on disk.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.assignment import Assignment
from autograder.errors import ManifestError, ResultsError
from autograder.intake import take_in
from autograder.model import CaseResult, Kind, LeaderboardEntry, Outcome, RunReport, TestResult, TestSpec
from autograder.results import build_results, write_results
from autograder.sandbox.launch import ENGINE, USERS_PER_RUN, UserBlock
from autograder.sandbox.leftovers import remove_folder
from autograder.scoring import NOT_REACHED, score

__all__ = ["OUR_FAULT", "Run", "collect", "grade", "grade_all", "not_loaded", "scored"]

OUR_FAULT = (
    "The autograder stopped before it had run every test. The fault is ours, not yours; "
    "staff can see the details."
)
TOO_LONG = (
    "The tests took more than {seconds:g} s together, so the last ones were not reached and count 0. "
    "Look for the tests below that did not finish: they use up the time."
)
KEPT_LOG = 20_000  # characters of the grader's log, from its end


@dataclass(frozen=True)
class Run:
    """What to grade, and how.

    Attributes:
        assignment: whose graders.
        submission: a folder or a zip.
        results: where to write results.json after every test, None for nowhere.
        seed: of the random inputs; the same seed gives the same grade.
        part: only this part, "" for all.
        here: the student's code runs in the grader's process, for a debugger.
        off: layers of the sandbox that are left out on purpose.
        collect_only: the graders are loaded and counted, and nothing of the submission runs.
        only: names of the tests to run, empty for all.
        trace: each case tells which of the student's modules and functions it has used.
    """

    assignment: Assignment
    submission: Path
    results: Path | None = None
    seed: int = 0
    part: str = ""
    here: bool = False
    off: tuple[str, ...] = ()
    collect_only: bool = False
    only: tuple[str, ...] = ()
    trace: bool = False


@dataclass
class _Progress:
    """What is known so far, and who is told of it."""

    run: Run
    report: RunReport
    files: Path  # where the submitted files are, once they are taken in
    on_case: Callable[[RunReport], None] = lambda report: None
    start: float = field(default_factory=time.monotonic)
    finished: bool = False  # the grader has come to its own end
    broken: bool = False  # it said that something of its own is wrong

    def save(self) -> None:
        """Writes the results so far. A full disk now may be a writable one later."""
        if self.run.results:
            with suppress(ResultsError):
                self.write()

    def write(self) -> None:
        """Writes the results so far.

        Raises:
            ResultsError: if they cannot be written.
        """
        self.report.seconds = time.monotonic() - self.start
        if self.run.results:
            manifest = self.run.assignment.manifest
            write_results(
                build_results(self.report, scored(self.run, self.report), manifest), self.run.results
            )


def grade(run: Run, on_case: Callable[[RunReport], None] = lambda report: None) -> RunReport:
    """Grades one submission.

    Args:
        run: what to grade.
        on_case: given the report after each case, for a progress display.

    Returns:
        What became of every test. A run that could not finish says so in `trouble`.

    Raises:
        IntakeError: if the submission as a whole cannot be read.
        ManifestError: if the assignment's manifest is wrong.
        ResultsError: if the results cannot be written at the end.
    """
    return grade_all([run], on_case)[0]


def grade_all(
    runs: Sequence[Run],
    on_case: Callable[[RunReport], None] = lambda report: None,
    on_end: Callable[[int], None] = lambda number: None,
) -> list[RunReport]:
    """Grades submissions to one assignment one after the other, with one grader for all.

    The graders and what they import are loaded once. What stops the grader stops the runs that follow.

    Args:
        runs: of one assignment; errors as for `grade`.
        on_case: as for `grade`.
        on_end: told the number of each run that has ended, from 0, for a progress display.
    """
    with _run_folder() as folder:
        batch = []
        for number, run in enumerate(runs):
            report = RunReport(seed=run.seed, trouble=OUR_FAULT)
            files = _take_in(run, folder / f"files{number}", report)
            batch.append(_Progress(run, report, files, on_case))
            batch[-1].save()
        _watch(batch, folder, on_end)
        for progress in batch:  # before the folder goes: what a submission has left there may take a while
            progress.write()
    return [progress.report for progress in batch]


@contextmanager
def _run_folder() -> Iterator[Path]:
    """A folder for the run's files and sandboxes; a grader that was killed may have left anything in it."""
    folder = Path(tempfile.mkdtemp(prefix="autograder-run-"))
    folder.chmod(0o711)  # sandboxes must get through to their own folders
    try:
        yield folder
    finally:
        remove_folder(folder)


def collect(assignment: Assignment) -> list[TestSpec]:
    """The tests of an assignment, as its graders describe them.

    Raises:
        ManifestError: if a grader cannot be loaded; it says which and why.
    """
    run = Run(assignment, assignment.folder, collect_only=True)
    report = RunReport(trouble=OUR_FAULT)
    with _run_folder() as folder:
        _watch([_Progress(run, report, assignment.folder)], folder)
    if report.trouble:
        raise not_loaded(assignment, report)
    return report.tests


def not_loaded(assignment: Assignment, report: RunReport) -> ManifestError:
    """The error of an assignment none of whose graders could be loaded, with what they said."""
    return ManifestError(assignment.folder, f"Its graders cannot be loaded. {report.detail}", "Correct them.")


def scored(run: Run, report: RunReport) -> list[TestResult]:
    """The tests with their points; in a troubled run also what could not be loaded, part by part."""
    lost = _lost(run, report) if report.trouble else []
    return score([*report.tests, *lost], report.cases, not_run=report.trouble or NOT_REACHED)


def _lost(run: Run, report: RunReport) -> list[TestSpec]:
    """A row for each part of which not all graders are known, with the points that are missing."""
    known: dict[str, float] = {}
    for spec in report.tests:
        if not spec.bonus:
            known[spec.part] = known.get(spec.part, 0.0) + spec.points
    return [
        TestSpec(f"test_part_{part.id}", part.id, f"{part.title}: graders that could not be loaded.", missing)
        for part in run.assignment.manifest.parts
        if run.part in ("", part.id) and (missing := round(part.points - known.get(part.id, 0.0), 6)) > 0
    ]


def _take_in(run: Run, destination: Path, report: RunReport) -> Path:
    if run.here and run.submission.is_dir():
        return run.submission  # a breakpoint must be in the file that the student has open
    intake = take_in(run.submission, run.assignment.manifest, destination)
    destination.chmod(0o700)
    report.notes += intake.notes
    report.notes += [f"{name} was not handed in." for name in intake.missing]
    return destination


def _watch(
    batch: Sequence[_Progress], folder: Path, on_end: Callable[[int], None] = lambda number: None
) -> None:
    """Runs the grader to its end, or to the deadline."""
    here = any(progress.run.here for progress in batch)
    first_uid = UserBlock().start if hasattr(os, "geteuid") and os.geteuid() == 0 else None
    (folder / "log").touch(mode=0o600)
    with (folder / "log").open("w+", encoding="utf-8", errors="replace") as log:
        process = _start_grader(batch, folder, first_uid, None if here else log)
        late = threading.Event()
        limit = batch[0].run.assignment.manifest.limits.run_seconds
        timer = threading.Timer(limit * len(batch), _end_late, (process, late))
        if not here:  # nobody hurries a debugger
            timer.start()
        try:
            _listen(batch, process, on_end)
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            _kill_users(first_uid)
        log.seek(0)
        told = log.read()[-KEPT_LOG:]
    for progress in batch:
        report = progress.report
        report.detail = "\n".join(filter(None, [report.detail, told]))
        if progress.finished and not progress.broken:
            report.trouble = ""
        elif late.is_set() and report.tests:
            report.trouble = TOO_LONG.format(seconds=limit)
        elif late.is_set():  # nothing of the submission has run
            report.detail += f"\nThe graders were not loaded within {limit:g} s."


def _settings(progress: _Progress, first_uid: int | None) -> dict[str, Any]:
    """What the grader needs to know, as JSON."""
    run = progress.run
    return {
        "folder": str(run.assignment.folder.resolve()),
        "hidden_tests": str(run.assignment.hidden_tests.resolve()) if run.assignment.hidden_tests else None,
        "files": str(progress.files.resolve()),
        "seed": run.seed,
        "part": run.part,
        "here": run.here,
        "collect_only": run.collect_only,
        "only": list(run.only),
        "trace": run.trace,
        "off": list(run.off),
        "first_uid": first_uid,
    }


def _start_grader(
    batch: Sequence[_Progress], folder: Path, first_uid: int | None, log: Any
) -> "subprocess.Popen[str]":
    settings = folder / "settings.json"
    settings.touch(mode=0o600)
    settings.write_text(json.dumps([_settings(progress, first_uid) for progress in batch]), encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ENGINE),
        "TMPDIR": str(folder),  # what a killed grader leaves behind goes with the run
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    environment.pop("PYTEST_ADDOPTS", None)
    command = [sys.executable, "-m", "autograder.grading", str(settings)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=folder, text=True, encoding="ascii"
    )


def _end_late(process: "subprocess.Popen[str]", late: threading.Event) -> None:
    late.set()
    process.kill()


def _listen(
    batch: Sequence[_Progress], process: "subprocess.Popen[str]", on_end: Callable[[int], None]
) -> None:
    ended = 0
    for line in process.stdout or ():
        with suppress(json.JSONDecodeError):  # the last line of a killed grader may be half a line
            event = json.loads(line)
            _take_event(batch[ended], event)
            if event["event"] == "end":
                on_end(ended)
                ended += 1
    if process.stdout:
        process.stdout.close()


def _take_event(progress: _Progress, event: dict[str, Any]) -> None:
    report = progress.report
    what = event["event"]
    if what == "tests":
        report.tests = [TestSpec(**{**spec, "tags": tuple(spec["tags"])}) for spec in event["tests"]]
    elif what == "case":
        report.cases.append(_case(event))
        progress.on_case(report)
        progress.save()
    elif what == "layers":
        report.layers = event["layers"]
    elif what == "leaderboard":
        entry = LeaderboardEntry(event["name"], event["value"], event["order"])
        report.leaderboard = [*(e for e in report.leaderboard if e.name != entry.name), entry]
    elif what == "end":
        progress.finished = event["finished"]
    else:  # "broken": a grader file, or the grader as a whole
        report.detail += f"{event['place']}\n{event['detail']}\n"
        progress.broken = True


def _case(event: dict[str, Any]) -> CaseResult:
    kind = Kind(event["kind"]) if event["kind"] else None
    exact = {"outcome": Outcome(event["outcome"]), "kind": kind, "used": tuple(event["used"])}
    return CaseResult(**{name: value for name, value in event.items() if name != "event"} | exact)


def _kill_users(first_uid: int | None) -> None:
    """Ends what may still run under the run's own users, before the results are final."""
    if first_uid is None:
        return
    last_uid = first_uid + USERS_PER_RUN - 1
    for _ in range(20):  # a process may have started another while the list was read
        found = [pid for pid in _processes() if first_uid <= _living_user_of(pid) <= last_uid]
        if not found:
            return
        for pid in found:
            with suppress(OSError):
                os.kill(pid, 9)
        time.sleep(0.01)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _living_user_of(pid: int) -> int:
    """A process's user; -1 if it is dead, though its parent has not asked yet what became of it."""
    # The owner of /proc/<pid> is root for a process that has changed its user: its status tells.
    with suppress(OSError, ValueError, KeyError):
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
        status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        if status["State"][0] not in "ZX":
            return int(status["Uid"][0])
    return -1
