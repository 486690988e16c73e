"""What the hostile tests share: a small course in an image of its own, and what must hold after each run.

To add an attack, make the folder corpus/<name>/ with the files that differ from the small course's
reference, mostly square.py. Its docstring says in one sentence what it tries. Nothing else is edited.
"""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import Assignment
from autograder.bundle import build_autograder
from autograder.emulate import EmulatedRun, Emulator
from autograder.emulate.local import SECRET
from autograder.results import Results
from autograder.sandbox.workshop import SHARED_FOLDERS
from autograder.scoring import UNJUDGED
from autograder.templates import write_templates

HERE = Path(__file__).parent
# Not to be collected: pytest would run a hostile conftest.py before any test.
collect_ignore = ["corpus", "course"]

# No student may see these: text of the hidden graders, an input and an expected value of theirs,
# where they lie, what the harness's environment and the metadata hold.
SECRETS = ("wisteria", "7.390625", "54.6213", "hidden_tests", "WORDS", *SECRET.values(), "ada@example.edu")
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
SHARED_MEMORY_KEY = 0x5EED  # of corpus/message_in_shared_memory
FIRST_SANDBOX_USER = 1 << 24  # no person or service of a system has such a number


def reason_to_skip() -> str:
    """Why the hostile tests cannot tell anything here, "" where they can."""
    if not sys.platform.startswith("linux"):
        return "the sandbox's layers are Linux's"
    if os.geteuid() != 0:
        return "not root: the sandbox cannot have a user of its own, which is the layer under test"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Says of each test here why it does not run."""
    if reason := reason_to_skip():
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@dataclass(frozen=True)
class Image:
    """An assignment's built zip, ready to grade submissions."""

    emulator: Emulator
    reference: Path
    stub: Path
    rows: int

    def run(self, submission: Path, layers_off: Sequence[str] = ()) -> EmulatedRun:
        """Grades one submission as Gradescope would, on two processors to save time."""
        left_before = left_behind()
        run = self.emulator.run(submission, cpus=2, layers_off=layers_off)
        left = left_behind() - left_before
        if left:  # another run on this machine may be using its own just now
            time.sleep(1)
            left &= left_behind()
        remove_ours(left)
        assert left == set()
        return run

    def check(self, run: EmulatedRun, secrets: Sequence[str] = SECRETS) -> None:
        """What must hold after every run, whatever was handed in."""
        assert not run.timed_out
        assert run.exit_status == 0, run.stdout
        assert run.out_of_memory == 0
        assert (run.leftovers, run.changed) == ((), ())
        Results.model_validate(run.results)
        assert len(run.results["tests"]) == self.rows
        shown = json.dumps(run.results, ensure_ascii=False)
        places = [f"{self.emulator.base}/{name}" for name in ("source", "results", "submission")]
        assert [secret for secret in (*secrets, *places) if secret in shown] == []
        assert not UNSAFE.search("".join(self.texts(run)))
        assert not [text for text in self.texts(run) if UNJUDGED in text], run.stdout

    @staticmethod
    def texts(run: EmulatedRun) -> list[str]:
        """Each text that the student reads."""
        return [run.results.get("output", ""), *(row["output"] for row in run.results["tests"])]

    @staticmethod
    def told(run: EmulatedRun) -> list[tuple[Any, ...]]:
        """All that a run says of its tests."""
        return [(row["name"], row["score"], row["status"], row["output"]) for row in run.results["tests"]]


def left_behind() -> set[str]:
    """What sandboxes' users have where everybody may write: files, and segments of shared memory.

    The folders of runs in /tmp are looked at elsewhere: other runs may be going on here.
    """
    found = set()
    for shared in map(Path, SHARED_FOLDERS):
        entries = shared.iterdir() if shared.is_dir() else ()
        found |= {str(entry) for entry in entries if owner(entry) >= FIRST_SANDBOX_USER}
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]]
    segments = (f"shared memory {row[1]} {row[0]}" for row in rows if int(row[7]) >= FIRST_SANDBOX_USER)
    return found | set(segments)


def owner(path: Path) -> int:
    """User of a file, -1 where it has just gone."""
    try:
        return path.lstat().st_uid
    except OSError:
        return -1


def remove_ours(left: set[str]) -> None:
    """After a failure: only what the corpus makes under its own names, as others use this machine."""
    for entry in left:
        if entry.startswith("shared memory ") and int(entry.split()[3]) == SHARED_MEMORY_KEY:
            ctypes.CDLL(None).shmctl(int(entry.split()[2]), 0, None)
        elif "left_by_square" in Path(entry).name:
            subprocess.run(["rm", "-rf", "--", entry], check=True)


@pytest.fixture(scope="session")
def workplace() -> Iterator[Path]:
    """A folder that sandboxes can pass through, unlike pytest's own, which only its user can enter."""
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def powers(workplace: Path) -> Image:
    """The small course: built, and its reference known to get all points."""
    root = workplace / "powers"
    shutil.copytree(HERE / "course", root)
    reference, stub = root / "solutions" / "powers", root / "student_templates" / "powers"
    write_templates(reference, stub)
    zip_path = build_autograder(Assignment.from_repository(root, "powers"), root, root / "dist")
    emulator = Emulator(root / "image")
    emulator.build(zip_path)
    return Image(emulator, reference, stub, rows=4)
