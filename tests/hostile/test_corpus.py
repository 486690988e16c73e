"""Each folder of corpus/ is handed in: it gains nothing, shows nothing, breaks nothing, and harms no other run."""

import ast
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ATTACKS = sorted(folder.name for folder in (HERE / "corpus").iterdir())
ATTACKED = 2  # rows of part 1.1 come first: its points are 5 of 10, and part 1.2 must keep its own

# The sentence that the student reads of the public test, where it should be exact.
VERDICTS = {
    "close_every_descriptor": "Your code",
    "crash": "crashed with signal 11 (SIGSEGV)",
    "disk_bomb": "File too large",
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
    "spoofed_class": "",
}

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


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    """Puts one file into the submission."""

    def change(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return change


def replace_square(make: Callable[[Path], object]) -> Callable[[Path], None]:
    """Puts something that is no file in the place of square.py."""

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
SHADOWS = ("conftest.py", "numpy.py", "pytest.py", "sitecustomize.py", "usercustomize.py", "autograder.py", "json.py",
           "__init__.py", "tests/conftest.py", "autograder/__init__.py", "numpy/__init__.py", "square/__init__.py",
           "test_1_1_square.py", "plugin.py")  # fmt: skip
SETTINGS = {
    "forge.pth": "import os; os._exit(0)\n",
    "pytest.ini": "[pytest]\naddopts = -p conftest --collect-only\n",
    "graders.ini": "[pytest]\naddopts = --collect-only\n",
    "setup.cfg": "[tool:pytest]\naddopts = --collect-only\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "run_autograder": "#!/bin/sh\nexit 0\n",
    "setup.sh": "#!/bin/sh\nexit 0\n",
    "assignment.toml": "title = 'forged'\n",
    "results.json": '{"score": 10}',
}


def shadows(folder: Path) -> None:
    """Files that shadow modules or configure tools, beside a square.py that is not written."""
    for name in SHADOWS:
        write(name, FORGER)(folder)
    for name, text in SETTINGS.items():
        write(name, text)(folder)
    write("square.py", "def square(x):\n    raise NotImplementedError\n")(folder)


NAMES = ("<script>alert(1)<.py", "\x1b[31mred.py", "\u202egnp.py", "=1+1.py", "new\nline.py", "a" * 200 + ".py", "SQUARE.PY",
         "..\\square.py", "square.py ", "-rf.py")  # fmt: skip

# What is handed in otherwise than as a folder of the corpus: how it is made from the reference, its points.
MADE: dict[str, tuple[str, Callable[[Path], None], float]] = {
    "symlink_to_a_grader": (
        "A symbolic link to a hidden grader.",
        replace_square(lambda path: path.symlink_to("../source/powers/hidden_tests/test_1_1_square.py")),
        5,
    ),
    "symlink_to_the_metadata": (
        "A symbolic link to the submission's metadata.",
        replace_square(lambda path: path.symlink_to("../submission_metadata.json")),
        5,
    ),
    "symlink_to_itself": ("A symbolic link to itself.", replace_square(lambda path: path.symlink_to(path.name)), 5),
    "named_pipe": ("A named pipe, which nobody will ever write to.", replace_square(lambda path: os.mkfifo(path)), 5),
    "folder_of_that_name": ("A folder with the file's name.", replace_square(lambda path: path.mkdir()), 5),
    "sparse_file": ("A file of 2 GB without contents.", replace_square(sparse), 5),
    "shadows": ("Files that shadow modules or configure tools.", shadows, 5),
    "names": ("Names of other files with markup, escapes and line ends.", lambda f: [write(n, "")(f) for n in NAMES] and None, 10),
    "missing_file": ("Honest: a file is missing.", replace_square(lambda path: None), 5),
    "empty_file": ("Honest: a file is empty.", write("square.py", ""), 5),
    "syntax_error": ("Honest: a line is not Python.", write("square.py", "def square(x):\n    return x *\n"), 5),
    "tabs_and_spaces": ("Honest: tabs and spaces.", write("square.py", "def square(x):\n\tif 1:\n        return x * x\n"), 5),
    "nul_bytes": ("A file with NUL bytes.", write("square.py", b"def square(x):\n    return x * x\n\0"), 5),
    "latin_1": ("Honest: Latin-1 that does not say so.", write("square.py", "# é\ndef square(x):\n    return x * x\n".encode("latin-1")), 5),
    "latin_1_declared": ("Honest: Latin-1 that says so.", write("square.py", "# coding: latin-1\n# é\ndef square(x):\n    return x * x\n".encode("latin-1")), 10),
    "byte_order_mark": ("Honest: a byte-order mark.", write("square.py", "\ufeffdef square(x):\n    return x * x\n"), 10),
    "windows_line_ends": ("Honest: CRLF.", write("square.py", "def square(x):\r\n    return x * x\r\n"), 10),
    "prints_at_import": ("Honest: prints at import.", write("square.py", "print('loading')\ndef square(x):\n    return x * x\n"), 10),
    "writes_beside_itself": ("Honest: writes and reads a file beside its own.", write("square.py", "open('notes', 'w').write('n')\nopen('square.py').read()\ndef square(x):\n    return x * x\n"), 10),
    "one_folder_too_deep": ("Honest: the files are in a folder.", lambda folder: [os.makedirs(folder / "work"), *(shutil.move(folder / n, folder / "work") for n in ("square.py", "cube.py"))] and None, 10),
}  # fmt: skip
MADE_VERDICTS = {
    "missing_file": "square.py was not handed in.",
    "syntax_error": "Python cannot read your file (square.py, line 2)",
    "tabs_and_spaces": "Python cannot read your file (square.py, line 3)",
    "empty_file": "square.py defines no 'square'",
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
    _, change, points = MADE[name]
    change(submission)
    run = powers.run(submission)

    powers.check(run)
    assert run.score == points
    assert MADE_VERDICTS.get(name, "") in run.results["tests"][0]["output"]


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
