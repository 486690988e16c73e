"""A chosen dozen against the real assignment 1, out of its own zip: each scores nothing."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from autograder.assignment import Assignment, find_repository
from autograder.bundle import build_autograder
from autograder.emulate import Emulator, layout
from autograder.templates import write_templates

HERE = Path(__file__).parent
SLUG = "a1_nn"
DOZEN = (
    "equals_everything",
    "exit_zero",
    "fork_bomb",
    "inspect_frames",
    "loop_catching_everything",
    "memory_bomb",
    "ndarray_subclass",
    "open_sockets",
    "overwrite_results",
    "patch_numpy",
    "read_graders",
)
# The corpus attacks square(x): here that stands behind one function of part 1.1, and no other is written.
FUNCTIONS = """

def relu_gradient(x):  # of another number: x itself is right at 0
    return square(x + 2.0)


def relu(x):
    raise NotImplementedError("relu is not written yet")


softmax = sigmoid = sigmoid_gradient = relu
"""


@pytest.fixture(scope="module")
def a1(workplace, powers):
    """Part 1.1 of assignment 1 as a zip of its own, built: the other parts' graders would only cost time.

    The packages are the small course's, to the letter, so they are copied instead of installed again.
    """
    root = workplace / "repository"
    copy_part(find_repository(HERE), root)
    zip_path = build_autograder(Assignment.from_repository(root, SLUG), root, root / "dist")
    small, emulator = powers.emulator.base, Emulator(workplace / SLUG)
    shutil.copytree(small, emulator.base, symlinks=True)
    shutil.rmtree(emulator.base / "source")
    layout.unpack_autograder(zip_path, emulator.base / "source")
    requirements = (emulator.base / "source" / "requirements.txt").read_text()
    assert requirements == (small / "source" / "requirements.txt").read_text()
    program = [
        emulator.base / "venv/bin/python",
        "-m",
        "compileall",
        "-q",
        emulator.base / "source/autograder",
    ]
    subprocess.run(program, check=True)
    graders = (root / place / SLUG / "tests" for place in ("assignments", "solutions"))
    names = [name for folder in graders for file in folder.glob("*.py") for name in test_names(file)]
    return type(powers)(
        emulator, root / "solutions" / SLUG, root / "student_templates" / SLUG, rows=len(names)
    )


def copy_part(repository: Path, root: Path) -> None:
    """Copies part 1.1 into a repository of its own, where a test may take 2 s: a loop takes no longer."""
    for place in ("assignments", "solutions"):
        (root / place / SLUG).mkdir(parents=True)
        others = shutil.ignore_patterns("test_1_[2-9]*", "__pycache__")
        shutil.copytree(repository / place / SLUG / "tests", root / place / SLUG / "tests", ignore=others)
    for file in ("activations.py", "losses.py"):
        shutil.copy(repository / "solutions" / SLUG / file, root / "solutions" / SLUG)
    write_templates(root / "solutions" / SLUG, root / "student_templates" / SLUG)
    text = (repository / "assignments" / SLUG / "assignment.toml").read_text(encoding="utf-8")
    text = re.sub(r'(?ms)^\[\[parts\]\]\nid = "1\.[2-9]".*?(?=^\[)', "", text)
    text, changed = re.subn(r"(?m)^test_seconds = .*$", "test_seconds = 2", text)
    text += "" if changed else "\n[limits]\ntest_seconds = 2\n"
    (root / "assignments" / SLUG / "assignment.toml").write_text(text, encoding="utf-8")


def test_names(file: Path) -> list[str]:
    """The tests of a grader file."""
    return [
        node.name
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


test_names.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever pytest makes of the name


@pytest.fixture(scope="module")
def honest(a1):
    """What the stub gets, and what the reference with one function missing gets: before any attack."""
    return a1.run(a1.stub), a1.run(without_relu(a1, a1.emulator.base.parent / "partial"))


def without_relu(a1, folder: Path) -> Path:
    """An honest submission with one part missing."""
    folder.mkdir()
    text = (a1.reference / "activations.py").read_text(encoding="utf-8")
    (folder / "activations.py").write_text(f"{text}\n\ndel relu\n", encoding="utf-8")
    return folder


@pytest.fixture
def submission(tmp_path, a1) -> Path:
    """The stubs, to be changed."""
    folder = tmp_path / "handed_in"
    folder.mkdir()
    for file in a1.stub.glob("*.py"):
        shutil.copy(file, folder)
    return folder


def hidden_lines(a1, shown: str) -> list[str]:
    """Lines of the hidden graders that an honest student does not see: their text, inputs and names."""
    texts = [file.read_text(encoding="utf-8") for file in (a1.reference / "tests").glob("*.py")]
    lines = {line.strip() for text in texts for line in text.splitlines() if len(line.strip()) > 40}
    return sorted(line for line in lines if line not in shown and not line.startswith(("from ", "import ")))


def scores_nothing(a1, honest, run) -> None:
    """As the stub does, row by row."""
    stub = honest[0]
    a1.check(run, hidden_lines(a1, " ".join(a1.texts(stub))))
    assert run.score == stub.score == 0
    assert [row["name"] for row in run.results["tests"]] == [row["name"] for row in stub.results["tests"]]


@pytest.mark.parametrize("name", DOZEN)
def test_an_attack_on_assignment_1_scores_nothing(a1, honest, submission, name):
    """See the docstring of corpus/<name>/square.py."""
    attack = (HERE / "corpus" / name / "square.py").read_text(encoding="utf-8")
    (submission / "activations.py").write_text(attack + FUNCTIONS, encoding="utf-8")

    scores_nothing(a1, honest, a1.run(submission))


def test_files_that_shadow_modules_score_nothing(a1, honest, submission):
    """A conftest.py, a numpy.py and others beside the stubs, which would end the run if they ran."""
    forger = "import os, pathlib\npathlib.Path('results/results.json').write_text('{}')\nos._exit(0)\n"
    for name in (
        "conftest.py",
        "numpy.py",
        "pytest.py",
        "sitecustomize.py",
        "tests/conftest.py",
        "numpy/__init__.py",
    ):
        (submission / name).parent.mkdir(exist_ok=True)
        (submission / name).write_text(forger)
    (submission / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")

    run = a1.run(submission)

    scores_nothing(a1, honest, run)
    assert a1.told(run)[1:] == a1.told(honest[0])[1:]


def test_a_link_to_a_hidden_grader_scores_and_shows_nothing(a1, honest, submission):
    """It is not followed; the student reads that it was not taken."""
    grader = sorted((a1.emulator.base / "source" / SLUG / "hidden_tests").glob("test_1_1*.py"))[0]
    (submission / "activations.py").unlink()
    (submission / "activations.py").symlink_to(grader)
    run = a1.run(submission)

    scores_nothing(a1, honest, run)
    assert "'activations.py' was not taken: it is a symbolic link." in run.results["output"]


def test_honest_submissions_are_graded_as_before(a1, honest):
    """Row for row, after all of the above."""
    partial = a1.emulator.base.parent / "partial"

    again = a1.run(a1.stub), a1.run(partial)

    assert 0 < honest[1].score < a1.run(a1.reference).score
    assert list(map(a1.told, again)) == list(map(a1.told, honest))
