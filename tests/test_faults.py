"""What goes wrong around a run: killed graders, deadlines, full disks.

Results are always left, and nobody is blamed.
"""

import errno
import inspect
import json
import os
import subprocess
import textwrap
import time
from contextlib import suppress
from pathlib import Path

import pytest

from autograder import run as runs
from autograder.errors import ResultsError
from autograder.model import Outcome
from autograder.sandbox.leftovers import remove_folder

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

EARNED = """
    @number("1.1")
    @weight(2)
    def test_earned(student):
        '''It is earned.'''
        assert student.a.one() == 1

    @number("1.1")
    @weight(1)
    def test_fatal(student):
        '''It ends everything.'''
        {0}

    @number("1.1")
    @weight(1)
    def test_after(student):
        '''It comes too late.'''
"""
CODE = "def one(): return 1\ndef loop():\n    while True: pass\n"
POINTS = {"1.1": 4}


def check_earned(found) -> None:
    """The first test kept its points, the others were not judged, and the student reads whose fault it is."""
    assert found.rows["test_earned"].points == 2
    for name in ("test_fatal", "test_after"):
        assert found.rows[name].outcome is Outcome.UNJUDGED
    results = found.results
    assert [row["score"] for row in results["tests"]] == [2, 0, 0]
    assert "score" not in results


@pytest.mark.parametrize(
    "fatal",
    [
        "import os; os.kill(os.getpid(), 9)",
        "import os; os._exit(0)",
        "raise KeyboardInterrupt",
        "pytest.exit('enough')",
    ],
)
def test_a_grader_that_ends_in_the_middle_keeps_what_was_earned(graded, fatal):
    """However it ends."""
    found = graded(EARNED.format(fatal), CODE, points=POINTS)

    check_earned(found)
    assert found.report.trouble == runs.OUR_FAULT
    assert runs.OUR_FAULT in found.results["output"]
    assert runs.OUR_FAULT in found.output["after"]


def test_the_runs_deadline_keeps_what_was_earned_says_why_and_leaves_nothing(
    graded, processes_of, monkeypatch
):
    """The deadline is the run's own, before Gradescope's; no process and no folder outlives it."""
    drawn, made = [], []
    draw, take_in = runs.UserBlock._draw, runs.take_in

    def draw_and_remember() -> int:
        drawn.append(draw())
        return drawn[-1]

    def take_in_and_remember(submission, manifest, destination):
        made.append(destination.parent)
        return take_in(submission, manifest, destination)

    monkeypatch.setattr(runs.UserBlock, "_draw", staticmethod(draw_and_remember))
    monkeypatch.setattr(runs, "take_in", take_in_and_remember)
    # The run's clock starts first, so it is the one that ends the loop.
    limits = "test_seconds = 8\nrun_seconds = 8"
    start = time.monotonic()
    found = graded(EARNED.format("student.a.loop()"), CODE, points=POINTS, limits=limits)

    assert time.monotonic() - start < 30
    check_earned(found)
    assert "The tests took more than 8 s together" in found.results["output"]
    assert "use up the time" in found.results["output"]
    assert len(made) == 1
    assert not made[0].exists()
    if ROOT:
        assert len(drawn) == 1
        assert processes_of(drawn[0]) == []


def test_a_grader_that_leaves_by_an_exception_costs_its_own_test_only(graded):
    """Pytest takes it for an error of the test."""
    found = graded(EARNED.format("raise SystemExit(0)"), CODE, points=POINTS)

    assert [row.points for row in found.rows.values()] == [2, 0, 1]
    assert found.rows["test_fatal"].outcome is Outcome.UNJUDGED
    assert found.report.trouble == ""


SERVER_DIES = """
import os, signal, time
from pathlib import Path
for entry in Path("/proc").glob("[0-9]*/status"):
    try:
        parent = entry.read_text().split("PPid:")[1].split()[0]
    except OSError:
        continue
    if parent == str(os.getpid()):
        os.kill(int(entry.parent.name), signal.SIGKILL)
time.sleep(0.2)
"""
MEMORY_ENDS = """
import resource
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**24, resource.RLIM_INFINITY))
kept = bytearray(2**27)
"""
CLOCK_JUMPS = """
import time
time.time = lambda: 4e9
time.sleep(0.1)
time.time = lambda: 0.0
"""
PYTEST_BREAKS = """
class Broken:
    def pytest_runtest_logreport(self, report):
        raise RuntimeError("a bug in a plugin")
request.config.pluginmanager.register(Broken())
"""


def inside(code: str) -> str:
    """Lines for the body of test_fatal."""
    return code.strip().replace("\n", "\n        ")


@pytest.mark.skipif(not ROOT, reason="the sandbox's processes are other users' only under root")
@pytest.mark.parametrize(
    ("fault", "points"),
    [(SERVER_DIES, [2, 0, 1]), (MEMORY_ENDS, [2, 0, 1]), (CLOCK_JUMPS, [2, 1, 1])],
    ids=["the fork server dies", "memory runs out in the grader", "the clock jumps"],
)
def test_what_goes_wrong_beside_a_test_keeps_what_was_earned(graded, fault, points):
    """A new fork server is started; what cannot go on is nobody's fault; another date does not matter."""
    graders = EARNED.format(inside(fault) + "\n        assert student.a.one() == 1")
    found = graded(graders + "        assert student.a.one() == 1\n", CODE, points=POINTS)

    assert [row.points for row in found.rows.values()] == points, (found.report, found.output)
    assert {row.outcome for row in found.rows.values()} <= {Outcome.PASSED, Outcome.UNJUDGED}
    assert len(found.results["tests"]) == 3
    assert "Traceback" not in json.dumps(found.results)


def test_what_a_killed_grader_leaves_behind_is_removed_after_the_results(graded, monkeypatch):
    """Folders nested deeper than Python's own removal can follow; the results are final by then."""
    code = """
        import os
        def one():
            for _ in range(1010):
                os.mkdir("d")
                os.chdir("d")
            return 1
    """
    written = []
    monkeypatch.setattr(runs, "remove_folder", lambda folder: written.append(folder) or remove_folder(folder))
    monkeypatch.setattr(
        runs._Progress, "write", lambda self, write=runs._Progress.write: written.append("w") or write(self)
    )
    fatal = inside("assert student.a.one() == 1\nimport os\nos.kill(os.getpid(), 9)")
    found = graded(EARNED.format(fatal), textwrap.dedent(code), points=POINTS)

    check_earned(found)
    *_, last, folder = written
    assert last == "w"
    assert not folder.exists()


def test_a_bug_in_pytest_itself_keeps_what_was_earned(graded):
    """An internal error ends the grader; staff read why."""
    graders = EARNED.format(inside(PYTEST_BREAKS)).replace(
        "test_fatal(student)", "test_fatal(student, request)"
    )
    found = graded(graders, CODE, points=POINTS)

    assert found.rows["test_earned"].points == 2
    assert found.report.trouble == runs.OUR_FAULT
    assert "a bug in a plugin" in found.report.detail
    assert "a bug in a plugin" not in json.dumps(found.results)


SLEEP = "__import__('time').sleep(60)"
SLOW_AT = {  # what is slow: lines of the grader file, what its second test does, and the points of its tests
    "loading the graders": (SLEEP, "pass", [0]),
    "starting the fork server": (
        f"import autograder.sandbox.launch as l; l.ForkServer.wait_until_ready = lambda server: {SLEEP}",
        "pass",
        [0],
    ),
    "importing the student's file": ("", "student.a.one()", [0, 0, 0]),
    "between two tests": ("", f"request.addfinalizer(lambda: {SLEEP})", [2, 0, 0]),
}


@pytest.mark.parametrize("phase", SLOW_AT)
def test_the_deadline_may_pass_at_every_phase(graded, phase):
    """There are results; only where the student's code has run do they say that it may have been slow."""
    at_load, in_test, points = SLOW_AT[phase]
    earned = EARNED.format(in_test).replace("test_fatal(student)", "test_fatal(student, request)")
    endless = "while True: pass\n" if phase == "importing the student's file" else ""
    limits = "test_seconds = 12\nrun_seconds = 12"
    began = time.monotonic()
    found = graded(f"\n    {at_load}\n{earned}", CODE + endless, points=POINTS, limits=limits)

    assert time.monotonic() - began < 40
    expected = runs.TOO_LONG.format(seconds=12) if in_test != "pass" else runs.OUR_FAULT
    assert found.report.trouble == expected
    assert expected in found.results["output"]
    assert [row["score"] for row in found.results["tests"]] == points
    assert ("The graders were not loaded within 12 s." in found.report.detail) == (points == [0])


def test_a_library_that_is_not_there_is_the_staffs_affair(graded):
    """The image is wrong, not the submission."""
    more = '[sandbox]\npreload = ["no_such_library"]\nallowed_imports = ["no_such_library"]'
    found = graded(EARNED.format("pass"), CODE, points=POINTS, limits=f"test_seconds = 5\n{more}")

    assert found.report.trouble == runs.OUR_FAULT
    assert "fork server: It did not start" in found.report.detail
    assert "No module named 'no_such_library'" in found.report.detail
    assert [row["score"] for row in found.results["tests"]] == [0]
    assert "no_such_library" not in json.dumps(found.results)


def test_a_disk_that_is_full_for_a_while_costs_nothing(graded, monkeypatch):
    """The next write brings everything."""
    from autograder import results

    replace, calls = results._replace, []

    def sometimes(path, content):
        calls.append(path)
        if len(calls) < 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(path, content)

    monkeypatch.setattr(results, "_replace", sometimes)
    found = graded(EARNED.format("pass"), CODE, points=POINTS)

    assert len(calls) == 5
    assert found.results["output"] == "4 of 4 points."


def test_a_disk_that_stays_full_is_an_explained_error(graded, monkeypatch):
    """The older file is untouched."""
    from autograder import results

    def never(path, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(results, "_replace", never)
    with pytest.raises(
        ResultsError, match=r"the results cannot be written: No space left on device\. Make room"
    ):
        graded(EARNED.format("pass"), CODE, points=POINTS)


@pytest.mark.skipif(not ROOT, reason="only root can mount a small disk")
def test_a_disk_that_is_really_full_leaves_the_older_results(graded, tmp_path):
    """On a real disk of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=False).returncode:
        pytest.skip("this container may not mount a small disk")
    try:
        (disk / "results.json").write_text("{}")
        (disk / "filler").write_bytes(bytes(60 * 1024))
        with pytest.raises(ResultsError, match="No space left on device"):
            graded(EARNED.format("pass"), CODE, points=POINTS, results=disk / "results.json")
        assert (disk / "results.json").read_text() == "{}"
        assert sorted(entry.name for entry in disk.iterdir()) == ["filler", "results.json"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_events_that_are_half_written_are_left_out():
    """A killed grader leaves half a line."""

    class Process:
        stdout = None

    report = runs.RunReport()
    progress = runs._Progress(runs.Run(runs.Assignment(Path()), Path()), report, Path())
    lines = iter(['{"event": "end", "finished": true}\n', '{"event": "case", "te'])

    class Lines:
        def __iter__(self):
            return lines

        def close(self):
            """Like a pipe."""

    process = Process()
    process.stdout = Lines()
    ended = []
    runs._listen([progress, progress], process, ended.append)

    assert progress.finished
    assert ended == [0]


INTERRUPTED = """
import json, os, signal, sys, threading, time
from contextlib import suppress
from pathlib import Path

from autograder.assignment import Assignment
from autograder.run import Run, grade


def main(root):
    os.environ["STARTED_BY"] = str(root)  # which its grader inherits
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
    threading.Thread(target=interrupt_when_earned, args=(root,)).start()
    try:
        grade(Run(Assignment(root / "tiny"), root / "submission", results=root / "results.json"))
    except KeyboardInterrupt:
        print("interrupted")


def interrupt_when_earned(root):
    score = 0
    while score != 2:
        time.sleep(0.1)
        with suppress(OSError, KeyError):
            score = json.loads((root / "results.json").read_text())["tests"][0]["score"]
    print(len(_started_by(str(root))), "grader")
    os.kill(os.getpid(), signal.SIGINT)


"""


def test_a_supervisor_that_is_interrupted_ends_its_grader(tmp_path, python, graded):
    """Ctrl-C leaves results, and no process."""
    graded(EARNED.format("student.a.loop()"), CODE, points=POINTS, limits="test_seconds = 1")
    manifest = (
        (tmp_path / "tiny/assignment.toml").read_text().replace("test_seconds = 1", "test_seconds = 60")
    )
    (tmp_path / "tiny/assignment.toml").write_text(manifest)
    script = INTERRUPTED + inspect.getsource(_started_by) + "main(Path(sys.argv[1]))\n"
    done = python("-c", script, str(tmp_path), cwd=Path(runs.__file__).parents[1])

    assert done.stdout == "1 grader\ninterrupted\n"
    assert json.loads((tmp_path / "results.json").read_text())["tests"][0]["score"] == 2
    assert _started_by(str(tmp_path)) == []


def _started_by(mark: str) -> list[str]:
    """Processes that have inherited STARTED_BY with this value."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # gone by now
            found += [entry.parent.name] * (f"STARTED_BY={mark}\0".encode() in entry.read_bytes())
    return found
