"""The command line as people type it: what it prints, and its exit status."""

import json
import os
import zipfile
from pathlib import Path

import click
import pytest

import autograder.staff  # noqa: F401  registers the commands of staff
from autograder import cli
from autograder.prove import Proof
from autograder.verify import Trial, Verification


@pytest.fixture
def type_(monkeypatch, capsys):
    """Types a command; gives exit status, output and errors."""
    # One careless answer is enough here; test_verify looks at all of them.
    monkeypatch.setattr("autograder.verify.CARELESS", {"nothing": "return None"})

    def typed(*words: str, cwd: Path) -> tuple[int, str, str]:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr("sys.argv", ["autograder", *words])
        monkeypatch.setattr(cli.console, "_width", 200)
        try:
            cli.main()
            status = 0
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        said = capsys.readouterr()
        return status, said.out, said.err

    return typed


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """An empty repository."""
    root = tmp_path_factory.mktemp("repository")
    (root / "assignments").mkdir()
    (root / "pyproject.toml").write_text("")
    return root


def test_a_new_assignment_from_first_to_last_command(type_, course):
    """Each prints what comes next."""
    status, out, _ = type_("new", "tiny", cwd=course)
    assert status == 0
    assert "assignments/tiny is ready to fill." in out
    assert "Next: autograder templates tiny, then autograder verify tiny." in out

    status, out, err = type_("templates", "--check", cwd=course)
    assert (status, out) == (1, "")
    assert (
        err == "student_templates/tiny/square.py is missing: "
        "The stubs are not those of the references. Run: make templates\n"
    )
    assert type_("templates", cwd=course)[:2] == (0, "student_templates/tiny/square.py\n")
    assert type_("templates", "--check", cwd=course) == (0, "", "")

    status, out, _ = type_("bundle", cwd=course)
    assert status == 0
    assert out.startswith("dist/student/tiny.zip  ")
    assert "dist/autograder/tiny.zip  " in out

    status, out, _ = type_("grade", "tiny", "solutions/tiny", "--out", "results.json", cwd=course)
    assert status == 0
    assert "square of a vector     2/2  passed" in out
    assert out.rstrip().endswith("5 of 5 points")
    assert json.loads((course / "results.json").read_text())["output"] == "5 of 5 points."

    status, out, _ = type_(
        "grade", "tiny", "student_templates/tiny", "--part", "1.1", "--seed", "3", cwd=course
    )
    assert status == 0
    assert "square is not written yet (square.py, line " in out
    assert "0 of 5 points" in out

    status, out, err = type_("verify", cwd=course)
    assert (status, err) == (0, "")
    assert "tiny: 2 tests, 2 mistakes" in out
    assert "absolute                           .x      2 ok" in out


def test_a_surviving_mistake_fails_the_command(type_, course, monkeypatch):
    """The matrix marks it and the error names it; test_verify finds a real one."""
    if not (course / "assignments/tiny").is_dir():
        type_("new", "tiny", cwd=course)
    problem = "test_a should fail and passes."
    trial = Trial("absolute", 2.0, frozenset({"test_b"}), frozenset({"test_c"}), (problem,))
    verification = Verification("tiny", ("test_a", "test_b", "test_c"), (trial,), ())
    monkeypatch.setattr("autograder.staff.verify", lambda *_, **__: verification)

    status, out, err = type_("verify", "tiny", cwd=course)

    assert status == 1
    assert "absolute                           .x?      2 wrong" in out
    assert err == f"autograder verify: \ntiny, absolute: {problem} \nCorrect the graders or the catalogue.\n"


def test_proofs_make_one_table_and_their_problems_fail_the_command(type_, course, monkeypatch):
    """The zips and the emulator have tests of their own; here are their sentences."""
    if not (course / "assignments/tiny").is_dir():
        type_("new", "tiny", cwd=course)
        type_("templates", cwd=course)
    problem = "tiny: the stub gets 1 points, not 0."
    proof = Proof("tiny", 5.0, 5.0, 1.0, 2, 1.5, None, 12.0, (problem,))
    verification = Verification("tiny", ("test_a",), (), ())
    monkeypatch.setattr("autograder.staff.prove", lambda *_: proof)
    monkeypatch.setattr("autograder.staff.verify", lambda *_: verification)

    status, out, err = type_("prove", cwd=course)

    assert status == 1
    assert "tiny" in out
    assert "5/5" in out
    assert "not measured" in out
    assert err == f"autograder prove: \n{problem} \nNothing should be uploaded yet.\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["grade", "no_such", "x"], "there is no assignment 'no_such'."),
        (
            ["grade", "tiny"],
            "autograder grade: No submission is named for tiny. Say: autograder grade tiny FOLDER",
        ),
        (["grade"], "there is no assignment.toml in this folder. Name the folder of one assignment."),
        (["pack"], "there is no assignment.toml in this folder."),
        (["new", "A5"], "A5: This is no name for a folder."),
        (["verify", "no_such"], "there is no assignment 'no_such'."),
        (["grade", "--nonsense"], "--nonsense"),
        (["fly"], "No such command 'fly'"),
        (["emulate", "x.zip", "y", "--out", "z"], "does not exist"),
    ],
)
def test_wrong_usage_exits_with_2(type_, course, words, message):
    """With one sentence, and no traceback."""
    status, _, err = type_(*words, cwd=course)

    assert status == 2
    assert message in err
    assert "Traceback" not in err


def test_outside_of_a_repository(type_, tmp_path):
    """The commands of staff need it."""
    status, _, err = type_("templates", cwd=tmp_path)
    assert status == 2
    assert "this folder is not in the course's repository" in err


def test_explained_problems_exit_with_1(type_, tmp_path):
    """A manifest, a part, an empty folder."""
    (tmp_path / "assignment.toml").write_text("title = 3\n")
    status, out, err = type_("grade", cwd=tmp_path)
    assert (status, out.strip()) == (1, "")
    assert "assignment.toml: there are 3 problems:" in err

    (tmp_path / "assignment.toml").write_text(
        'title = "T"\nsummary = "S"\n[[parts]]\nid = "1.1"\ntitle = "P"\nfiles = ["a.py"]\npoints = 3\n'
    )
    status, _, err = type_("grade", "--part", "7.7", cwd=tmp_path)
    assert (status, err) == (1, "T: there is no part 7.7. The parts are 1.1.\n")
    status, _, err = type_("pack", cwd=tmp_path)
    assert status == 2
    assert err.endswith("None of the files to hand in is here. Run this in the assignment's folder.\n")


def test_a_submission_is_packed(type_, tmp_path):
    """By allow-list, and what is missing is said."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "assignment.toml").write_text(
        'title = "T"\nsummary = "S"\n[[parts]]\nid = "1.1"\ntitle = "P"\n'
        'files = ["a.py", "b.py"]\npoints = 3\n'
    )
    (folder / "a.py").write_text("x = 1\n")
    (folder / "secret.py").write_text("")

    status, out, _ = type_("pack", cwd=folder)

    assert status == 0
    assert out == (
        "tiny-submission.zip: a.py.\nMissing: b.py. You can hand in without, and lose their points.\n"
    )
    assert zipfile.ZipFile(folder / "tiny-submission.zip").namelist() == ["a.py"]


@pytest.mark.parametrize("name", sorted(cli.cli.commands))
def test_every_help_has_an_example(type_, tmp_path, name):
    """One that can be copied."""
    status, out, _ = type_(name, "--help", cwd=tmp_path)

    assert status == 0
    examples = [
        line for line in out.splitlines() if line.strip().startswith(("autograder ", "python -m autograder "))
    ]
    assert examples, out
    assert all(isinstance(command, click.Command) for command in cli.cli.commands.values())


def test_the_program_can_be_started_as_a_module(python):
    """As in a student's folder."""
    done = python("-m", "autograder", "--help", cwd=Path(cli.__file__).parents[1])

    assert done.returncode == 0
    for name in ("bundle", "emulate", "grade", "new", "pack", "prove", "report", "templates", "verify"):
        assert f"  {name} " in done.stdout
    assert os.environ.get("PATH")
