"""What the hostile tests share: a small course in an image of its own, and what must hold after each run.

To add an attack, make the folder corpus/<name>/ with the files that differ from the small course's
reference: square.py or model.py, whose part is attacked, and what else there is. That file's docstring says
in one sentence what it tries, and its last line names the lines of threats.txt: "Threat: A1, B11.". Nothing
else is edited.
"""

import ast
import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from images import build_powers

from autograder.emulate import EmulatedRun, Emulator
from autograder.emulate.local import SECRET
from autograder.results import HIDDEN_WORDING, Results
from autograder.sandbox.leftovers import SHARED_FOLDERS
from autograder.scoring import UNJUDGED

HERE = Path(__file__).parent
# Not to be collected: pytest would run a hostile conftest.py before any test.
collect_ignore = ["corpus", "course"]

# No student may see these: text of the hidden graders, an input and an expected value of theirs,
# where they lie, what the harness's environment and the metadata hold.
SECRETS = ("wisteria", "7.390625", "54.6213", "hidden_tests", "WORDS", *SECRET.values(), "ada@example.edu")
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
POINTS, PART = 15, 5  # of the small course, and of each of its parts
ROWS = {
    "square.py": slice(0, 2),
    "cube.py": slice(2, 4),
    "model.py": slice(4, 6),
}  # of each part: public, hidden
SETTINGS = {(): "all layers", ("landlock",): "no Landlock", ("seccomp",): "no seccomp"}
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


@pytest.fixture(scope="session")
def threats() -> dict[str, str]:
    """What a submission may try: the lines of threats.txt by their names."""
    return dict(line.split(" ", 1) for line in (HERE / "threats.txt").read_text().splitlines())


@dataclass(frozen=True)
class Attack:
    """A folder of the corpus.

    Attributes:
        file: square.py or model.py: its part is attacked.
        sentence: what it tries.
        threats: names of the lines that it belongs to.
    """

    name: str
    file: str
    sentence: str
    threats: tuple[str, ...]

    @classmethod
    def read(cls, name: str) -> "Attack":
        """The attack of that name, as its docstring describes it."""
        folder = HERE / "corpus" / name
        file = next(file for file in ("square.py", "model.py") if (folder / file).exists())
        sentence, _, rest = (ast.get_docstring(ast.parse((folder / file).read_bytes())) or "").partition(
            "\n\n"
        )
        found = re.fullmatch(r"Threat: ([A-Z]\d+(?:, [A-Z]\d+)*)\.", rest.strip())
        return cls(name, file, sentence, tuple(found[1].split(", ")) if found else ())

    def gained_nothing(self, rows: Sequence[dict[str, Any]]) -> None:
        """No points for the attacked part, all for the others: what its stub would get."""
        attacked, others = rows[ROWS[self.file]], [row for row in rows if row not in rows[ROWS[self.file]]]
        assert [row["score"] for row in attacked] == [0, 0]
        assert {row["status"] for row in attacked} == {"failed"}
        assert [row["score"] for row in others] == [row["max_score"] for row in others]

    @staticmethod
    def told_nothing(results: dict[str, Any]) -> None:
        """Hidden tests speak in fixed words, and the leaderboard holds what the grader measured."""
        told = {row["output"].split("\n\n", 1)[1] for row in results["tests"] if "hidden" in row["name"]}
        assert told <= {*HIDDEN_WORDING.values(), "Passed."}
        columns = {column["name"]: column["value"] for column in results.get("leaderboard", ())}
        assert columns.keys() <= {"accuracy", "seconds"}
        full = results["tests"][-1]["score"] == 3
        assert columns.get("accuracy", 0) == 1 if full else columns.get("accuracy", 0) < 0.9


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
def powers(workplace: Path, tmp_path_factory: pytest.TempPathFactory) -> Image:
    """The small course, ready to grade: one process of a test run builds it, and the others copy it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    with FileLock(shared / "powers.lock"):
        if not (shared / "powers").exists():
            build_powers(workplace / "built")  # where setup.sh can look in as another user
            (workplace / "built").rename(shared / "powers")
    root = workplace / "powers"
    shutil.copytree(shared / "powers", root, symlinks=True)
    reference, stub = root / "solutions" / "powers", root / "student_templates" / "powers"
    return Image(Emulator(root / "image"), reference, stub, rows=6)


@pytest.fixture
def submission(tmp_path: Path, powers: Image) -> Path:
    """The reference, to be changed."""
    folder = tmp_path / "handed_in"
    folder.mkdir()
    for file in powers.reference.glob("*.py"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture(scope="session")
def described() -> Callable[[str], Attack]:
    """Reads what an attack says of itself."""
    return Attack.read


@pytest.fixture(scope="session")
def hand_in() -> Callable[[Path, str], Path]:
    """Puts an attack's files over the reference's."""

    def put(folder: Path, name: str) -> Path:
        return Path(shutil.copytree(HERE / "corpus" / name, folder, dirs_exist_ok=True))

    return put


@pytest.fixture(scope="session")
def honest(powers: Image) -> tuple[EmulatedRun, EmulatedRun]:
    """What the reference and the stub get before any attack."""
    return powers.run(powers.reference), powers.run(powers.stub)


@pytest.fixture
def attempt(
    powers: Image,
    submission: Path,
    hand_in: Callable[[Path, str], Path],
    honest: object,
    record_property: Callable[[str, object], None],
) -> Callable[..., EmulatedRun]:
    """Runs an attack of the corpus, checks all that must hold, and notes it for the table of verdicts."""

    def run(name: str, off: tuple[str, ...] = ()) -> EmulatedRun:
        attack = Attack.read(name)
        done = powers.run(hand_in(submission, name), layers_off=off)
        verdict = done.results["tests"][ROWS[attack.file]][0]["output"].split("\n\n", 1)[-1].splitlines()[0]
        threats = ", ".join(attack.threats)
        record_property("attack", [name, threats, SETTINGS[off], POINTS - PART, done.score, verdict])
        powers.check(done)
        attack.gained_nothing(done.results["tests"])
        attack.told_nothing(done.results)
        assert done.score == POINTS - PART
        off_now = {layer for layer, on in done.results["extra_data"]["layers"].items() if not on}
        assert off_now - {"own network"} == set(off)  # not every root may make a network
        return done

    return run


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of verdicts, where one asks for it with -v or runs the hostile tests alone; else one line."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, ())]
    tried = [
        (*row, report.outcome)
        for report in reports
        for name, row in getattr(report, "user_properties", ())
        if name == "attack" and report.when == "call"
    ]
    if not tried:
        return
    gained = sum(row[4] > row[3] for row in tried)
    failed = sum(row[-1] == "failed" for row in tried)
    places = [Path(argument.partition("::")[0]).absolute() for argument in config.args]
    alone = all(HERE in (place, *place.parents) for place in places)
    if alone or config.option.verbose > 0:
        terminalreporter.section("hostile corpus")
        for name, lines, setting, without, score, verdict, outcome in sorted(tried):
            terminalreporter.write_line(
                f"{name:32} {lines:12} {setting:12} {without:>4g} {score:>4g}  "
                f"{'' if outcome == 'passed' else 'FAILED '}{verdict[:90]}"
            )
    terminalreporter.write_line(
        f"hostile corpus: {len({row[0] for row in tried})} submissions, {len(tried)} runs, "
        f"{gained or 'none'} gained, {failed or 'none'} failed"
    )
