"""A run from submission to results.json: what is written when, and by whom it is read."""

import json
import os
import stat
import time
import zipfile
from pathlib import Path

import pytest

from autograder import image as images
from autograder import run as runs
from autograder.errors import IntakeError, ManifestError
from autograder.image import staff_log
from autograder.model import Outcome

ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
AS_ROOT = pytest.mark.skipif(not ROOT, reason="only root may hand the folders to itself alone")

THREE = """
    @number("1.1")
    @weight(1)
    def test_first(student):
        '''One.'''
        assert student.a.one() == 1

    @number("1.1")
    @weight(1)
    def test_second(student):
        '''Two.'''
        student.a.fail()

    @number("1.1")
    @weight(1)
    def test_third(student):
        '''The grader stumbles.'''
        secret = 777
        None + secret
"""
CODE = (
    "def one():\n    return 1\ndef fail():\n    print('\\x1b[31mred <b>')\n    raise ValueError('a\\x00b')\n"
)


@pytest.fixture(scope="module")
def three(graded_once):
    """One test of each outcome, with the results.json as it was after each case."""
    seen = []
    found = graded_once(THREE, CODE, points={"1.1": 3}, on_case=lambda report: seen.append(len(report.cases)))
    return found, seen


def test_points_and_summary(three):
    """The summary says what was judged and what was not."""
    found, seen = three

    assert seen == [1, 2, 3]
    assert found.points == 1
    assert found.results["output"] == "1 of 3 points; 1 test could not be judged."
    assert found.results["stdout_visibility"] == "hidden"
    assert found.report.trouble == ""


def test_students_read_no_traceback_and_no_control_character(three):
    """Nor anything of the grader's own variables."""
    found, _ = three
    text = json.dumps(found.results)

    assert "777" not in text
    assert "Traceback" not in text
    assert found.output["second"].startswith(
        "Two.\n\nfail raised ValueError: a\\x00b.\n  a.py, line 5, in fail: "
    )
    assert found.output["second"].endswith("Your code printed:\n\\x1b[31mred <b>\n")


def test_staff_read_every_detail(three):
    """With the traceback, and harmless in a terminal."""
    found, _ = three
    log = staff_log(found.run, found.report)

    assert log.startswith("tiny: 1 points, seed 0\n")
    assert "layer limits: on" in log
    assert "could not be judged  1.1  test_third" in log
    assert "TypeError: unsupported operand" in log
    assert "\x1b" not in log


def test_results_are_on_disk_after_every_case(graded, tmp_path):
    """A killed run shows what it had."""
    seen = []

    def look(_):
        rows = json.loads((tmp_path / "results.json").read_text())["tests"] if seen else []
        seen.append([row["status"] for row in rows])

    found = graded(THREE, CODE, points={"1.1": 3}, on_case=look)

    # What the callback sees was written after the case before.
    assert seen == [[], ["passed", "failed", "failed"], ["passed", "failed", "failed"]]
    assert [row.outcome for row in found.rows.values()] == [Outcome.PASSED, Outcome.FAILED, Outcome.UNJUDGED]


def test_a_zip_and_its_notes(graded, tmp_path):
    """The notes stand in the overview."""
    archive = tmp_path / "in.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("work/a.py", CODE)
        file.writestr("work/extra.py", "")
    found = graded(THREE, "", points={"1.1": 3}, submission=archive)

    assert found.points == 1
    assert "The files were taken from the folder 'work'" in found.results["output"]
    assert "'extra.py'" in found.results["output"]


def test_a_missing_file_is_noted_and_told_by_the_tests(graded):
    """Once as a note, and once in each test that needs it."""
    found = graded(THREE, {"other.txt": "x"}, points={"1.1": 3})

    assert "- a.py was not handed in." in found.results["output"]
    assert found.output["first"] == "One.\n\na.py was not handed in."
    assert found.points == 0


def test_a_submission_that_cannot_be_read_is_explained(graded, tmp_path):
    """With a remedy."""
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    with pytest.raises(
        IntakeError, match=r"broken.zip: The zip is broken. Make it again and hand it in again."
    ):
        graded(THREE, "", submission=tmp_path / "broken.zip")


# In Gradescope's image


@pytest.fixture
def image(tmp_path, monkeypatch):
    """A folder laid out like /autograder, and a function that runs the submission in it."""
    root = tmp_path / "autograder"
    for folder in ("source/tiny/tests", "source/tiny/hidden_tests", "submission", "results"):
        (root / folder).mkdir(parents=True)
    (root / "source/tiny/assignment.toml").write_text(
        'title = "T"\nsummary = "S"\n[[parts]]\nid = "1.1"\ntitle = "P"\nfiles = ["a.py"]\npoints = 2\n'
    )
    head = "from gradescope_utils.autograder_utils.decorators import number, weight\n"
    body = '@number("1.1")\n@weight(1)\ndef test_{}(student, rng):\n'
    body += '    "Sentence."\n    assert False, str(rng.integers(10**9))\n'
    (root / "source/tiny/tests/test_a.py").write_text(head + body.format("a"))
    (root / "source/tiny/hidden_tests/test_h.py").write_text(head + body.format("h"))
    (root / "submission/a.py").write_text("x = 1\n")
    (root / "submission_metadata.json").write_text(json.dumps({"id": 12345, "created_at": "x"}))
    monkeypatch.setenv("AUTOGRADER_ROOT", str(root))

    def run() -> dict:
        images.main()
        return json.loads((root / "results/results.json").read_text())

    run.root = root
    return run


def test_the_image_grades_with_a_seed_that_a_regrade_gets_again(image, capsys):
    """The submission's number gives it, and the clock does not."""
    first = image()
    assert first["extra_data"]["seed"] == __import__("zlib").crc32(b"12345")
    (image.root / "results/results.json").unlink()

    again = image()

    assert [row["output"] for row in first["tests"]] == [row["output"] for row in again["tests"]]
    assert [row["name"] for row in first["tests"]] == ["a", "h"]
    assert "tiny: 0 points, seed" in capsys.readouterr().out


def test_no_command_line_tells_the_seed_or_where_the_graders_lie(image):
    """Every user may read them: of the grader, its fork server and the sandboxes, while a test runs."""
    seen = image.root / "seen"
    grader = (image.root / "source/tiny/tests/test_a.py").read_text()
    look = (
        "    from pathlib import Path\n    student.a\n    found = []\n"
        "    for entry in Path('/proc').glob('[0-9]*/cmdline'):\n        try:\n"
        "            found.append(entry.read_bytes().replace(b'\\0', b' ').decode())\n"
        "        except OSError:\n            pass\n"
        f"    Path({str(seen)!r}).write_text('\\n'.join(line for line in found if 'autograder' in line))\n"
    )
    (image.root / "source/tiny/tests/test_a.py").write_text(
        grader.replace("    assert False", look + "    assert False")
    )

    seed = str(image()["extra_data"]["seed"])

    lines = seen.read_text()
    assert "autograder.grading" in lines
    assert "autograder.sandbox" in lines
    assert [secret for secret in (seed, "hidden_tests", str(image.root)) if secret in lines] == []


@AS_ROOT
def test_the_image_is_closed_to_sandboxes(image):
    """Modes and user together."""
    (image.root / "submission/a.py").write_text(
        "import os\nseen = []\nfor name in ('source', 'results', 'submission', 'submission_metadata.json'):\n"
        f"    path = os.path.join({str(image.root)!r}, name)\n"
        "    try:\n        seen.append(os.listdir(path) if os.path.isdir(path) else open(path).read())\n"
        "    except OSError:\n        seen.append('closed')\nprint(seen)\n"
    )
    head = (
        (image.root / "source/tiny/tests/test_a.py")
        .read_text()
        .replace("assert False", "student.a.seen\n    assert False")
    )
    (image.root / "source/tiny/tests/test_a.py").write_text(head)

    results = image()

    assert "['closed', 'closed', 'closed', 'closed']" in results["tests"][0]["output"]
    modes = {
        name: stat.S_IMODE((image.root / name).stat().st_mode)
        for name in (".", "source", "results", "submission", "submission_metadata.json")
    }
    assert modes == {
        ".": 0o711,
        "source": 0o700,
        "results": 0o700,
        "submission": 0o700,
        "submission_metadata.json": 0o600,
    }


@pytest.mark.parametrize("metadata", [None, "no json", "[]", "{}", '{"id": null}'])
def test_a_seed_is_found_in_any_metadata(tmp_path, metadata):
    """Never an exception."""
    path = tmp_path / "metadata.json"
    if metadata is not None:
        path.write_text(metadata)

    assert images._seed(path) == (0 if metadata != '{"id": null}' else __import__("zlib").crc32(b"None"))


def test_layers_are_left_out_where_the_environment_says_so(image, monkeypatch):
    """For a proof that the others hold."""
    monkeypatch.setenv("AUTOGRADER_LAYERS_OFF", "landlock,seccomp")

    layers = image()["extra_data"]["layers"]

    assert not layers["landlock"]
    assert not layers["seccomp"]
    assert layers["limits"]


def test_an_unreadable_submission_is_told_to_the_student(image, capsys):
    """As an explained error that anybody may read."""
    for old in (image.root / "submission").iterdir():
        old.unlink()
    (image.root / "submission").rmdir()
    (image.root / "submission").write_text("no folder")

    results = image()

    assert results["score"] == 0
    assert "submission: This is neither a folder nor a zip." in results["output"]
    assert "neither a folder nor a zip" in capsys.readouterr().out


def test_a_broken_image_says_so_and_staff_get_the_traceback(image):
    """It scores nothing and blames nobody."""
    (image.root / "source/tiny/assignment.toml").write_text("title = 3\n")

    with pytest.raises(Exception, match=r"assignment\.toml"):
        image()

    results = json.loads((image.root / "results/results.json").read_text())
    assert results["score"] == 0
    assert results["output"] == runs.OUR_FAULT


def test_an_image_without_an_assignment_says_so(image):
    """The last resort needs no manifest."""
    (image.root / "source/tiny/assignment.toml").unlink()

    with pytest.raises(StopIteration):
        image()

    assert json.loads((image.root / "results/results.json").read_text())["output"] == runs.OUR_FAULT


def test_results_that_hold_points_are_never_replaced_by_an_apology(tmp_path):
    """The points are what was earned."""
    path = tmp_path / "results.json"
    path.write_text('{"score": 5}')
    images._last_resort(path, "sorry")

    assert path.read_text() == '{"score": 5}'


@AS_ROOT
def test_what_still_runs_as_a_user_of_the_run_is_ended():
    """Even what hid from its parent."""
    child = os.fork()
    if child == 0:
        os.setresuid(1_999_999_999, 1_999_999_999, 1_999_999_999)
        time.sleep(60)
        os._exit(0)
    while runs._living_user_of(child) != 1_999_999_999:
        time.sleep(0.01)

    runs._kill_users(1_999_999_990)

    assert runs._living_user_of(child) == -1  # dead, though nobody has asked yet what became of it
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -9
    assert runs._living_user_of(10**8) == -1
    assert Path("/proc/1").exists()


def test_the_tests_of_an_assignment_can_be_listed_without_a_submission(tmp_path, graded):
    """And a grader that cannot be read is an explained error."""
    run = graded(THREE, CODE, points={"1.1": 3}).run

    assert [spec.name for spec in runs.collect(run.assignment)] == ["test_first", "test_second", "test_third"]

    (run.assignment.public_tests / "test_broken.py").write_text("def broken(:\n")
    with pytest.raises(ManifestError) as caught:
        runs.collect(run.assignment)
    assert f"{run.assignment.folder}: Its graders cannot be loaded. " in str(caught.value)
    assert "SyntaxError" in str(caught.value)
