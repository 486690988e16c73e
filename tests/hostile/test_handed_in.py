"""What is handed in besides hostile code: links, pipes, odd names, shadowing files, zips, honest slips."""

import os
import shutil
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.assignment import Assignment
from autograder.run import Run, grade

HERE = Path(__file__).parent


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
    for name in ("square.py", "cube.py", "model.py"):
        (folder / name).rename(folder / "work" / name)


def latin_1_declared(text: str) -> bytes:
    """With the line that says so."""
    return f"# coding: latin-1\n{text}".encode("latin-1")


RIGHT = "# é\ndef square(x):\n    return x * x\n"
BROKEN = "def square(x):\n    return x *\n"
TABS = "def square(x):\n\tif 1:\n        return x * x\n"


def twins(folder: Path) -> None:
    """Names that differ from the right one by case, by a blank, by a letter that looks alike."""
    text = (folder / "square.py").read_text()
    (folder / "square.py").unlink()
    for name in ("SQUARE.py", "Square.py", "square.PY", " square.py", "square.py\u200b", "s\u0444uare.py"):
        (folder / name).write_text(text)


def hard_links(folder: Path) -> None:
    """One file under many names: what else has a part in it is not known."""
    for number in range(50):
        os.link(folder / "square.py", folder / f"again{number}.py")


def many_folders(folder: Path) -> None:
    """The right name in two folders, in neither of which it is looked for."""
    for name in ("first", "second"):
        (folder / name).mkdir()
        shutil.copy(folder / "square.py", folder / name)
    (folder / "square.py").unlink()
    for name in ("cube.py", "model.py"):
        (folder / name).rename(folder / "first" / name)


def zipped(*entries: tuple[str, str], inner: bool = False) -> Callable[[Path], None]:
    """Puts a zip that holds these names and texts beside the files, or in the place of square.py."""

    def make(folder: Path) -> None:
        with zipfile.ZipFile(folder / "square.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in entries:
                archive.writestr(name, text)
        (folder / "square.py").unlink()
        if inner:
            (folder / "square.zip").rename(folder / "square.py")

    return make


TRAINS = "import numpy as np\nw = np.zeros(50)\nfor _ in range(3000):\n    w -= 0.01 * (w - 1)\n" + RIGHT[4:]
WINDOW = (
    "try:\n    from matplotlib import pyplot\n    pyplot.show()\nexcept ImportError:\n    pass\n" + RIGHT[4:]
)

# What else is handed in, honest or not: how it is made from the reference, its points of 15, its threats.
MADE: dict[str, tuple[Callable[[Path], object], float, str]] = {
    "symbolic link to a grader": (
        in_place_of_square(lambda path: path.symlink_to("../source/powers/hidden_tests/test_1_1_square.py")),
        10,
        "E26, B9",
    ),
    "symbolic link to the metadata": (
        in_place_of_square(lambda path: path.symlink_to("../submission_metadata.json")),
        10,
        "E26, A6",
    ),
    "symbolic link to itself": (in_place_of_square(lambda path: path.symlink_to(path.name)), 10, "E26"),
    "named pipe": (in_place_of_square(os.mkfifo), 10, "E26"),
    "folder of that name": (in_place_of_square(Path.mkdir), 10, "E26"),
    "sparse file": (in_place_of_square(sparse), 10, "E26"),
    "NUL bytes": (in_place_of_square(lambda path: path.write_text(RIGHT + "\0")), 10, "E26"),
    "shadows": (shadows, 10, "C18"),
    "odd names": (odd_names, 15, "E26, E27"),
    "missing file": (in_place_of_square(str), 10, "E28"),
    "empty file": (in_place_of_square(Path.touch), 10, "E28"),
    "syntax error": (in_place_of_square(lambda path: path.write_text(BROKEN)), 10, "E28"),
    "tabs and spaces": (in_place_of_square(lambda path: path.write_text(TABS)), 10, "E28"),
    "Latin-1": (in_place_of_square(lambda path: path.write_bytes(RIGHT.encode("latin-1"))), 10, "E28"),
    "Latin-1 that says so": (
        in_place_of_square(lambda path: path.write_bytes(latin_1_declared(RIGHT))),
        15,
        "E28",
    ),
    "byte-order mark": (
        in_place_of_square(lambda path: path.write_text(RIGHT, encoding="utf-8-sig")),
        15,
        "E28",
    ),
    "Windows line ends": (in_place_of_square(lambda path: path.write_text(RIGHT, newline="\r\n")), 15, "E28"),
    "prints at import": (
        in_place_of_square(lambda path: path.write_text(f"print('hello')\n{RIGHT}")),
        15,
        "E28",
    ),
    "expects its own folder": (
        in_place_of_square(
            lambda path: path.write_text(f"open('n', 'w').close()\nopen('square.py').close()\n{RIGHT}")
        ),
        15,
        "E28",
    ),
    "one folder too deep": (one_folder_too_deep, 15, "E28"),
    "device": (
        in_place_of_square(lambda path: os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))),
        10,
        "E26",
    ),
    "hard links": (hard_links, 10, "E26"),
    "names that look alike": (twins, 10, "E26"),
    "two folders": (many_folders, 0, "E26"),
    "zip inside": (zipped(("square.py", RIGHT)), 10, "E26"),
    "zip in the place of a file": (zipped(("square.py", RIGHT), inner=True), 10, "E26"),
    "zip bomb beside": (zipped(("square.py", "0" * 100_000_000)), 10, "E26, D24"),
    "trains at import": (in_place_of_square(lambda path: path.write_text(TRAINS)), 15, "E28"),
    "opens a window": (in_place_of_square(lambda path: path.write_text(WINDOW)), 10, "E28, C19"),
}
MADE_VERDICTS = {
    "empty file": "square.py defines no 'square'",
    "missing file": "square.py was not handed in.",
    "syntax error": "Python cannot read your file (square.py, line 2)",
    "tabs and spaces": "Python cannot read your file (square.py, line 3)",
}


@pytest.mark.parametrize("name", MADE)
def test_what_is_handed_in_otherwise(powers, submission, name):
    """Links, pipes, shadowing files, and what honest students do."""
    change, points, _ = MADE[name]
    change(submission)
    run = powers.run(submission)

    powers.check(run)
    assert run.score == points
    assert MADE_VERDICTS.get(name, "") in run.results["tests"][0]["output"]


@pytest.mark.parametrize("name", ["closed_folders", "deep_folders", "disk_bomb"])
def test_nothing_is_left_of_a_run_s_folders(workplace, submission, hand_in, monkeypatch, name):
    """However they were filled: the run's own folder of temporary files is empty afterwards."""
    temporary = workplace / f"tmp_{name}"
    temporary.mkdir()
    temporary.chmod(0o711)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assignment = Assignment.from_repository(HERE / "course", "powers")

    report = grade(Run(assignment, hand_in(submission, name)))

    assert report.trouble == ""
    assert list(temporary.iterdir()) == []


def test_markup_is_shown_as_text(powers, submission, hand_in):
    """Each text says that it is text, and an escape is seen instead of obeyed."""
    run = powers.run(hand_in(submission, "ansi_and_markup"))

    row = run.results["tests"][0]
    assert (row["output_format"], row["name_format"]) == ("text", "text")
    assert r"\x1b[31m" in row["output"]


def test_each_threat_has_at_least_two_attacks(described, threats):
    """Folders of the corpus, and what is made here."""
    folders = {path.parent.name for path in HERE.glob("corpus/*/*.py")}
    named = [*(described(name).threats for name in folders), *(made[2].split(", ") for made in MADE.values())]
    counts = Counter(threat for names in named for threat in names)

    assert len(named) >= 60
    assert set(counts) == set(threats)
    assert [threat for threat in threats if counts[threat] < 2] == []
