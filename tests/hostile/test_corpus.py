"""Each folder of corpus/ is handed in: it gains nothing, shows nothing, and harms no other run."""

import ast
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.assignment import Assignment
from autograder.run import Run, grade

HERE = Path(__file__).parent
ATTACKS = sorted(file.parent.name for file in HERE.glob("corpus/*/square.py"))
ATTACKED = 2  # rows of part 1.1 come first: its points are 5 of 10, and part 1.2 must keep its own

# The sentence that the student reads of the public test, where it should be exact.
VERDICTS = {
    "crash": "crashed with signal 11 (SIGSEGV)",
    "equals_everything": "got an object of type Everything",
    "exit_at_import": "square.py raised SystemExit: 0",
    "exit_zero": "ended the process itself, with exit status 0",
    "forbidden_import": "imports autograder. This assignment does not allow that library.",
    "fork_bomb": "made no process",
    "garbage_reply": "the answer could not be read",
    "loop_catching_everything": "did not finish within 1.5 s",
    "loop_in_c": "did not finish within 1.5 s",
    "memory_bomb": "a test may use 256 MiB",
    "open_sockets": "reached []",
    "partial_reply": "did not finish within 1.5 s",
    "print_20_mb": "printed more than 64 KiB",
    "raise_base_exceptions": "square raised KeyboardInterrupt",
    "raise_limits": "gained []",
}

# Either sentence is right: of one file's limit and the folder's, the system says which is met first.
DISK_VERDICTS = ("File too large", "Your code wrote more than 16 MiB to disk.")

# These must hold with a layer less: no layer stands alone between an attack and its aim.
WITHOUT_A_LAYER = (
    "fork_bomb",
    "message_in_a_keyring",
    "message_in_files",
    "message_in_shared_memory",
    "open_sockets",
    "overwrite_results",
    "overwrite_results_later",
    "read_graders",
)


def in_place_of_square(make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Puts something else in the place of square.py."""

    def change(folder: Path) -> None:
        (folder / "square.py").unlink()
        make(folder / "square.py")

    return change


def sparse(path: Path) -> None:
    """A file of 2 GB that takes no room."""
    with path.open("wb") as file:
        file.truncate(2_000_000_000)


FORGER = """
import os, pathlib
for root in ("/autograder", os.environ.get("AUTOGRADER_ROOT", "/autograder")):
    try:
        pathlib.Path(root, "results/results.json").write_text('{"score": 10}')
    except OSError:
        pass
os._exit(0)
"""
SHADOWS = {
    **dict.fromkeys(
        ("conftest.py", "numpy.py", "pytest.py", "json.py", "autograder.py", "plugin.py"), FORGER
    ),
    **dict.fromkeys(("sitecustomize.py", "usercustomize.py", "__init__.py", "test_1_1_square.py"), FORGER),
    **dict.fromkeys(("tests/conftest.py", "autograder/__init__.py", "square/__init__.py"), FORGER),
    "forge.pth": "import os; os._exit(0)\n",
    "pytest.ini": "[pytest]\naddopts = -p conftest --collect-only\n",
    "graders.ini": "[pytest]\naddopts = --collect-only\n",
    "setup.cfg": "[tool:pytest]\naddopts = --collect-only\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "run_autograder": "#!/bin/sh\nexit 0\n",
    "setup.sh": "#!/bin/sh\nexit 0\n",
    "assignment.toml": "title = 'forged'\n",
    "results.json": '{"score": 10}',
    "square.py": "def square(x):\n    raise NotImplementedError\n",
}


def shadows(folder: Path) -> None:
    """Files that shadow modules or configure tools, beside a square.py that is not written."""
    for name, text in SHADOWS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def odd_names(folder: Path) -> None:
    """Other files, whose names hold markup, escapes, a formula and a line end."""
    for name in ("<script>alert(1)<.py", "\x1b[31mred.py", "\u202egnp.py", "=1+1.py", "new\nline.py"):
        (folder / name).touch()
    for name in ("a" * 200 + ".py", "SQUARE.PY", "..\\square.py", "square.py ", "-rf.py"):
        (folder / name).touch()


def one_folder_too_deep(folder: Path) -> None:
    """All files in a folder, as many a zip has them."""
    (folder / "work").mkdir()
    for name in ("square.py", "cube.py"):
        (folder / name).rename(folder / "work" / name)


def latin_1_declared(text: str) -> bytes:
    """With the line that says so."""
    return f"# coding: latin-1\n{text}".encode("latin-1")


RIGHT = "# é\ndef square(x):\n    return x * x\n"
BROKEN = "def square(x):\n    return x *\n"
TABS = "def square(x):\n\tif 1:\n        return x * x\n"

# What else is handed in, honest or not: how it is made from the reference, and its points of 10.
MADE: dict[str, tuple[Callable[[Path], object], float]] = {
    "symbolic link to a grader": (
        in_place_of_square(lambda path: path.symlink_to("../source/powers/hidden_tests/test_1_1_square.py")),
        5,
    ),
    "symbolic link to the metadata": (
        in_place_of_square(lambda path: path.symlink_to("../submission_metadata.json")),
        5,
    ),
    "symbolic link to itself": (in_place_of_square(lambda path: path.symlink_to(path.name)), 5),
    "named pipe": (in_place_of_square(os.mkfifo), 5),
    "folder of that name": (in_place_of_square(Path.mkdir), 5),
    "sparse file": (in_place_of_square(sparse), 5),
    "NUL bytes": (in_place_of_square(lambda path: path.write_text(RIGHT + "\0")), 5),
    "shadows": (shadows, 5),
    "odd names": (odd_names, 10),
    "missing file": (in_place_of_square(str), 5),
    "empty file": (in_place_of_square(Path.touch), 5),
    "syntax error": (in_place_of_square(lambda path: path.write_text(BROKEN)), 5),
    "tabs and spaces": (in_place_of_square(lambda path: path.write_text(TABS)), 5),
    "Latin-1": (in_place_of_square(lambda path: path.write_bytes(RIGHT.encode("latin-1"))), 5),
    "Latin-1 that says so": (in_place_of_square(lambda path: path.write_bytes(latin_1_declared(RIGHT))), 10),
    "byte-order mark": (in_place_of_square(lambda path: path.write_text(RIGHT, encoding="utf-8-sig")), 10),
    "Windows line ends": (in_place_of_square(lambda path: path.write_text(RIGHT, newline="\r\n")), 10),
    "prints at import": (in_place_of_square(lambda path: path.write_text(f"print('hello')\n{RIGHT}")), 10),
    "expects its own folder": (
        in_place_of_square(
            lambda path: path.write_text(f"open('n', 'w').close()\nopen('square.py').close()\n{RIGHT}")
        ),
        10,
    ),
    "one folder too deep": (one_folder_too_deep, 10),
}
MADE_VERDICTS = {
    "empty file": "square.py defines no 'square'",
    "missing file": "square.py was not handed in.",
    "syntax error": "Python cannot read your file (square.py, line 2)",
    "tabs and spaces": "Python cannot read your file (square.py, line 3)",
}


@pytest.fixture
def submission(tmp_path, powers) -> Path:
    """The reference, to be changed."""
    folder = tmp_path / "handed_in"
    folder.mkdir()
    for file in powers.reference.glob("*.py"):
        shutil.copy(file, folder)
    return folder


def hand_in(submission: Path, name: str) -> Path:
    """Puts an attack's files over the reference's."""
    shutil.copytree(HERE / "corpus" / name, submission, dirs_exist_ok=True)
    return submission


def attack_gains_nothing(image, run) -> None:
    """Nothing for the attacked part, all points for the other: what its stub would get."""
    image.check(run)
    assert run.score == 5
    assert [row["score"] for row in run.results["tests"]] == [0, 0, 2, 3]
    assert {row["status"] for row in run.results["tests"][:ATTACKED]} == {"failed"}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gains_nothing(powers, submission, name):
    """See the docstring of corpus/<name>/square.py."""
    run = powers.run(hand_in(submission, name))

    attack_gains_nothing(powers, run)
    assert VERDICTS.get(name, "") in run.results["tests"][0]["output"]


def test_a_full_disk_is_told(powers, submission):
    """Files that are too large, one or all together, are named as the reason."""
    run = powers.run(hand_in(submission, "disk_bomb"))

    assert any(verdict in run.results["tests"][0]["output"] for verdict in DISK_VERDICTS)


@pytest.mark.parametrize("layer", ["landlock", "seccomp"])
@pytest.mark.parametrize("name", WITHOUT_A_LAYER)
def test_no_layer_stands_alone(powers, submission, name, layer):
    """The same with one layer less, and the results say that it is off."""
    run = powers.run(hand_in(submission, name), layers_off=(layer,))

    attack_gains_nothing(powers, run)
    assert {name: on for name, on in run.results["extra_data"]["layers"].items() if not on} == {layer: False}


@pytest.mark.parametrize("name", MADE)
def test_what_is_handed_in_otherwise(powers, submission, name):
    """Links, pipes, shadowing files, and what honest students do."""
    change, points = MADE[name]
    change(submission)
    run = powers.run(submission)

    powers.check(run)
    assert run.score == points
    assert MADE_VERDICTS.get(name, "") in run.results["tests"][0]["output"]


@pytest.mark.parametrize("name", ["closed_folders", "deep_folders", "disk_bomb"])
def test_nothing_is_left_of_a_run_s_folders(workplace, submission, monkeypatch, name):
    """However they were filled: the run's own folder of temporary files is empty afterwards."""
    temporary = workplace / f"tmp_{name}"
    temporary.mkdir()
    temporary.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assignment = Assignment.from_repository(HERE / "course", "powers")

    report = grade(Run(assignment, hand_in(submission, name)))

    assert report.trouble == ""
    assert list(temporary.iterdir()) == []


def test_markup_is_shown_as_text(powers, submission):
    """Each text says that it is text, and an escape is seen instead of obeyed."""
    run = powers.run(hand_in(submission, "ansi_and_markup"))

    row = run.results["tests"][0]
    assert (row["output_format"], row["name_format"]) == ("text", "text")
    assert r"\x1b[31m" in row["output"]


def test_an_honest_submission_is_graded_the_same_after_the_worst(powers, submission, tmp_path):
    """Row for row, to the letter, in the image that has seen these attacks."""
    before = powers.run(powers.reference), powers.run(powers.stub)
    for name in ("overwrite_results_later", "replace_the_engine", "message_in_files", "fork_bomb"):
        folder = tmp_path / name
        shutil.copytree(submission, folder)
        powers.run(hand_in(folder, name))
    after = powers.run(powers.reference), powers.run(powers.stub)

    assert [run.score for run in before] == [10, 0]
    assert list(map(powers.told, after)) == list(map(powers.told, before))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_says_what_it_tries(name):
    """In one sentence, at the top of its square.py."""
    sentence = ast.get_docstring(ast.parse((HERE / "corpus" / name / "square.py").read_bytes()))

    assert sentence
    assert sentence.endswith(".")
