"""The grader as an ordinary user, as on a student's own machine: which promises are not held there.

NOT_HELD says it as data. What is not in it holds there too, with the layers that need no root: an ordinary
run tries a few attacks, HOSTILE_LAYERS=all in the environment every folder of the corpus.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from autograder.results import Results

HERE = Path(__file__).parent
USER = (1 << 22) + 739  # nobody's: the processes of this user may all be killed
GRADE = """
import json, sys
from pathlib import Path
from autograder.assignment import Assignment
from autograder.display import print_run
from autograder.run import Run, grade
from rich.console import Console

root, submission, results, off = sys.argv[1:]
assignment = Assignment.from_repository(Path(root), "powers")
run = Run(assignment, Path(submission), results=Path(results), off=tuple(filter(None, off.split(","))))
print_run(Console(width=300), run, grade(run))
"""
LANDLOCK, SECCOMP, BOTH = ("landlock",), ("seccomp",), ("landlock", "seccomp")

CHOSEN = (
    "daemon_that_waits",
    "message_in_files",
    "open_sockets",
    "overwrite_results",
    "read_graders",
)
EVERY = sorted({path.parent.name for path in HERE.glob("corpus/*/*.py")})
TRIED = EVERY if os.environ.get("HOSTILE_LAYERS") == "all" else CHOSEN
# What is lost, with all layers that an ordinary user can have or with layers less, and why. "" stands for
# nothing.
NOT_HELD = {
    ("hard_coded_answers", ()): ("score", "everybody knows the seed with which a grader runs at home"),
    ("read_its_course", LANDLOCK): ("secrets", "a student's code may read what the student may read"),
    ("read_its_course", SECCOMP): ("", "Landlock refuses it"),
    ("daemon_that_waits", SECCOMP): ("processes", "a process that leaves its group is not known any more"),
    ("overwrite_results", LANDLOCK): ("", "the file is overwritten, and then written anew by rename"),
}
# Knows where the course lies, as a student does; a run as root keeps the graders where nobody else may look.
READ_ITS_COURSE = """
from pathlib import Path

def square(x):
    for file in Path({place!r}).glob("solutions/powers/tests/*.py"):
        print(file.read_text())
    return x
"""


@pytest.fixture
def place(powers):
    """A folder of the ordinary user's, with the course in it, below one that they cannot list."""
    above = Path(tempfile.mkdtemp(prefix="hostile-ordinary-"))
    above.chmod(0o711)
    folder = above / "home"
    root = powers.reference.parents[1]
    for name in ("assignments", "solutions"):
        shutil.copytree(root / name, folder / name)
    yield folder
    shutil.rmtree(above)


@pytest.fixture
def grade(place, submission, hand_in, processes_of):
    """What is lost when an attack is graded by the ordinary user, and what the run prints."""

    def run(name, off=()):
        handed_in = place / "handed_in"
        if name == "read_its_course":
            (submission / "square.py").write_text(READ_ITS_COURSE.format(place=str(place)))
        else:
            hand_in(submission, name)
        shutil.copytree(submission, handed_in)
        subprocess.run(["chown", "-R", f"{USER}:{USER}", place], check=True)
        results = place / "results.json"
        try:
            done = subprocess.run(
                [sys.executable, "-c", GRADE, place, handed_in, results, ",".join(off)],
                user=USER,
                group=USER,
                extra_groups=[],
                cwd=place,
                env={"PATH": "/usr/bin:/bin", "HOME": str(place), "PYTHONPATH": str(HERE.parents[1])},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            time.sleep(0.5)  # what has been killed needs a moment to go
            return lost(results, done, processes_of(USER, 1)), done.stdout + done.stderr
        finally:
            end_all(lambda: processes_of(USER, 1))

    return run


def lost(results, done, left):
    """Which promises were not held."""
    if done.returncode or not results.exists():
        return {"results"}
    found = json.loads(results.read_text())
    Results.model_validate(found)
    score = sum(row["score"] for row in found["tests"])
    if score < 10 or not found["extra_data"]["layers"]:
        return {"results"}
    assert found["extra_data"]["layers"]["own user"] is False
    return {
        what
        for what, gone in {
            "score": score > 10,
            "secrets": any(secret in json.dumps(found) for secret in ("wisteria", "7.390625")),
            "processes": bool(left),
        }.items()
        if gone
    }


def end_all(processes):
    """Ends what is left of that user, and of nobody else."""
    for _ in range(20):
        for number in processes():
            os.kill(number, signal.SIGKILL)
        if not processes():
            return
        time.sleep(0.05)


@pytest.mark.parametrize("name", [name for name in TRIED if (name, ()) not in NOT_HELD])
def test_with_the_layers_that_need_no_root_everything_holds(grade, name):
    """And the run says that it has no user of its own."""
    gone, printed = grade(name)

    assert gone == set(), printed
    assert "Layers of the sandbox that are off here: own user, own network." in printed


@pytest.mark.parametrize(("name", "off"), NOT_HELD)
def test_what_is_not_held_without_root(grade, name, off):
    """Exactly that: whoever closes one of these takes it out of the list."""
    what, _ = NOT_HELD[name, off]

    gone, printed = grade(name, off)

    assert gone == ({what} if what else set()), printed
