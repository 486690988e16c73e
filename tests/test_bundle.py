"""What is in the two zips, what is never in them, and that equal files give equal bytes."""

import json
import os
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from autograder import bundle
from autograder.assignment import Assignment
from autograder.errors import BundleError
from autograder.templates import write_templates

MANIFEST = """\
title = "Tiny"
summary = "One function."

[[parts]]
id = "1.1"
title = "Losses"
files = ["losses.py"]
points = 3

[requirements]
autograder = ["numpy==2.2.6"]
student = ["matplotlib==3.10.0"]
"""
REFERENCE = '''\
"""Losses."""


def double(x):
    """Twice x."""
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION
'''


def grader(name: str, points: int) -> str:
    """The text of a grader with one test."""
    return (
        "from gradescope_utils.autograder_utils.decorators import number, weight\n\n\n"
        f'@number("1.1")\n@weight({points})\ndef {name}(student):\n    """A sentence."""\n'
    )


COURSE = {
    "assignments/tiny/assignment.toml": MANIFEST,
    "assignments/tiny/handout.md": "# Tiny\n",
    "assignments/tiny/theory.md": "Why?\n",
    "assignments/tiny/experiments.ipynb": "{}\n",
    "assignments/tiny/notes_of_staff.txt": "not for students\n",
    "assignments/tiny/tests/test_1_1_losses.py": grader("test_double", 2),
    "assignments/tiny/tests/given/spy.py": "calls = []\n",
    "assignments/tiny/tests/__pycache__/x.pyc": "cache\n",
    "assignments/tiny/tests/notes.txt": "not for students\n",
    "assignments/other/assignment.toml": "another assignment\n",
    "solutions/tiny/losses.py": REFERENCE,
    "solutions/tiny/theory.md": "Because 42.\n",
    "solutions/tiny/mistakes.toml": "id = 'no-double'\n",
    "solutions/tiny/tests/test_1_1_hidden.py": grader("test_double_of_0", 1),
    "solutions/tiny/tests/given/secret.py": "hidden_calls = []\n",
    "datasets/__init__.py": '"""Data."""\n',
    "datasets/README.md": "# Data\n",
    "datasets/cache.npz": "large\n",
}
# An engine of one module for each line of the tables, and some that are for staff.
FILES_OF_THE_ENGINE = (*bundle.RUN_TIME, *bundle.IMAGE, *bundle.COMMAND_LINE)
ENGINE = {
    **{f"engine/{name}": f"# {name}\n" for name in FILES_OF_THE_ENGINE if "." in name},
    **{f"engine/{name}/part.py": f"# {name}\n" for name in FILES_OF_THE_ENGINE if "." not in name},
    "engine/templates.py": "# BEGIN SOLUTION\n",
    "engine/bundle.py": "",
    "engine/staff.py": "",
    "engine/emulate/local.py": "",
    "engine/sandbox/__pycache__/x.pyc": "",
}


def write(root: Path, files: dict[str, str]) -> Path:
    """These files below the root."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return root


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A repository with one small assignment, its stubs up to date."""
    root = write(tmp_path / "course", COURSE)
    write_templates(root / "solutions" / "tiny", root / "student_templates" / "tiny")
    return root


@pytest.fixture
def small_engine(tmp_path: Path, monkeypatch) -> None:
    """An engine whose listing can be written down here."""
    monkeypatch.setattr(bundle, "ENGINE", write(tmp_path, ENGINE) / "engine")


def student(course: Path) -> Path:
    """The zip for students."""
    return bundle.build_student(Assignment.from_repository(course, "tiny"), course, course / "dist")


def autograder(course: Path) -> Path:
    """The zip for Gradescope."""
    return bundle.build_autograder(Assignment.from_repository(course, "tiny"), course, course / "dist")


BOTH = pytest.mark.parametrize("build", [student, autograder])


def content(path: Path) -> dict[str, bytes]:
    """What is in a zip, by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


ENGINE_AT_RUN_TIME = [
    *("__init__.py", "assignment.py", "compare/part.py", "errors.py", "grading/part.py", "intake.py"),
    *("manifest.py", "model.py", "results.py", "run.py", "sandbox/part.py", "schema.py"),
    *("scoring.py", "wire.py"),
]


@pytest.mark.usefixtures("small_engine")
def test_the_student_zip_holds_exactly_this(course):
    """One folder with stubs, texts, public tests, engine, data sets, and how to begin."""
    path = student(course)
    names = sorted(content(path))

    engine = sorted([*ENGINE_AT_RUN_TIME, "__main__.py", "cli.py", "display.py", "report.py"])
    assert path == course / "dist" / "student" / "tiny.zip"
    assert names == [
        "tiny/README.md",
        "tiny/assignment.toml",
        *(f"tiny/autograder/{name}" for name in engine),
        *("tiny/datasets/README.md", "tiny/datasets/__init__.py"),
        *("tiny/experiments.ipynb", "tiny/handout.md", "tiny/losses.py", "tiny/pytest.ini"),
        *("tiny/requirements.txt", "tiny/tests/given/spy.py", "tiny/tests/test_1_1_losses.py"),
        "tiny/theory.md",
    ]


@pytest.mark.usefixtures("small_engine")
def test_the_autograder_zip_holds_exactly_this(course):
    """Programs at the root, what a run needs of the engine, manifest, public and hidden graders."""
    path = autograder(course)

    assert path == course / "dist" / "autograder" / "tiny.zip"
    assert sorted(content(path)) == [
        *(f"autograder/{name}" for name in sorted([*ENGINE_AT_RUN_TIME, "image.py"])),
        *("requirements.txt", "run_autograder", "setup.sh", "tiny/assignment.toml"),
        *("tiny/hidden_tests/given/secret.py", "tiny/hidden_tests/test_1_1_hidden.py"),
        *("tiny/tests/given/spy.py", "tiny/tests/test_1_1_losses.py"),
    ]


@pytest.mark.usefixtures("small_engine")
def test_an_assignment_needs_no_texts_data_or_hidden_tests(course):
    """Such as one that has only just begun."""
    for name in COURSE:
        if name.endswith((".md", ".ipynb")) or name.startswith(("datasets", "solutions/tiny/tests")):
            (course / name).unlink()
    (course / "solutions/tiny/tests/given").rmdir()
    (course / "solutions/tiny/tests").rmdir()
    (course / "assignments/tiny/assignment.toml").write_text(MANIFEST.replace("points = 3", "points = 2"))

    assert "tiny/handout.md" not in content(student(course))
    assert not any("hidden" in name for name in content(autograder(course)))


def test_no_byte_of_the_solutions_reaches_students(course):
    """Neither a file of solutions/, nor a line that stands only there."""
    in_zip = content(student(course))

    everything = b"\n".join(in_zip.values())
    secrets = [path.read_bytes() for path in (course / "solutions").rglob("*") if path.is_file()]
    assert len(secrets) == 5
    assert not set(secrets) & set(in_zip.values())
    for line in (b"return 2 * x", b"Because 42.", b"no-double", b"test_double_of_0", b"BEGIN SOLUTION"):
        assert line not in everything


def test_no_reference_mistake_model_answer_or_stub_reaches_gradescope(course):
    """The image is on a server of others: it holds what grading needs, and no more."""
    everything = b"\n".join(content(autograder(course)).values())

    for line in (b"return 2 * x", b"Because 42.", b"no-double", b"double is not written yet", b"# Tiny"):
        assert line not in everything


@BOTH
@pytest.mark.parametrize("name", ["assignments/tiny/tests/leak.py", "assignments/tiny/assignment.toml"])
def test_a_link_into_the_solutions_is_refused(course, build, name):
    """The one way in which an allowed name could hold a secret."""
    (course / name).unlink(missing_ok=True)
    secret = course / "solutions" / "tiny" / ("losses.py" if name.endswith(".py") else "assignment.toml")
    if not secret.exists():
        secret.write_text(MANIFEST)
    (course / name).symlink_to(secret)

    with pytest.raises(BundleError) as caught:
        build(course)
    assert str(course / name) == caught.value.place
    assert caught.value.problem == "It comes from solutions/, which must stay secret."
    assert caught.value.remedy == "Take it out of that folder."
    assert not (course / "dist").exists()


def test_a_solution_marker_in_a_file_for_students_is_refused(course):
    """Such as a copy of a reference that was renamed and put among the tests."""
    (course / "assignments" / "tiny" / "tests" / "given" / "copy.py").write_text(REFERENCE)

    with pytest.raises(BundleError) as caught:
        student(course)
    assert str(caught.value) == (
        "tiny/tests/given/copy.py: A file for students holds the words 'BEGIN SOLUTION'. "
        "Run `make templates`, and write about the markers elsewhere."
    )


@BOTH
def test_stale_stubs_are_refused(course, build):
    """Students must start from what the reference says now."""
    reference = course / "solutions" / "tiny" / "losses.py"
    reference.write_text(REFERENCE.replace("Twice", "Two times"))

    with pytest.raises(BundleError) as caught:
        build(course)
    assert caught.value.place == f"{course}/student_templates/tiny"
    assert caught.value.problem == "The stubs are out of date (losses.py is stale)."
    assert caught.value.remedy == "Run `make templates`."


@BOTH
def test_a_repository_without_solutions_cannot_build(course, build):
    """A published one, for example."""
    (course / "solutions").rename(course / "elsewhere")

    with pytest.raises(
        BundleError, match=r"tiny: There is no reference to make the stubs from. Build where it is."
    ):
        build(course)


def test_a_file_to_hand_in_without_a_stub_is_refused(course):
    """A name in the manifest that no reference has."""
    manifest = course / "assignments" / "tiny" / "assignment.toml"
    manifest.write_text(MANIFEST.replace('["losses.py"]', '["losses.py", "training.py"]'))

    with pytest.raises(BundleError) as caught:
        student(course)
    assert caught.value.place == str(manifest)
    assert caught.value.problem == "There is no stub for training.py."
    assert caught.value.remedy == "Write solutions/tiny/training.py, then run `make templates`."


@BOTH
def test_missing_graders_are_an_error(course, build):
    """A pattern that matches nothing is never silently empty."""
    (course / "assignments/tiny/tests").rename(course / "assignments/tiny/graders")

    with pytest.raises(
        BundleError, match=r"tests/\*\*/\*.py: There is no such file. Write it, then build again."
    ):
        build(course)


# Bytes


@BOTH
def test_two_builds_give_the_same_bytes(course, build, tmp_path):
    """Whatever the clock, the modes, the umask, the line endings and the order of making."""
    first = build(course).read_bytes()

    other = tmp_path / "other"
    for name in reversed(COURSE):
        write(other, {name: COURSE[name].replace("\n", "\r\n")})
        (other / name).chmod(0o600)
        os.utime(other / name, (0, 1e9))
    (other / "solutions/tiny/losses.py").write_text(REFERENCE)
    write_templates(other / "solutions" / "tiny", other / "student_templates" / "tiny")
    before = os.umask(0o077)
    try:
        second = build(other).read_bytes()
    finally:
        os.umask(before)
    assert first == second


@BOTH
def test_an_unchanged_zip_is_not_written_again(course, build):
    """So make sees nothing new; a changed one is replaced as a whole."""
    path = build(course)
    os.utime(path, (1e9, 1e9))
    assert build(course).stat().st_mtime == 1e9

    changed = grader("test_double", 2) + "# changed\n"
    (course / "assignments/tiny/tests/test_1_1_losses.py").write_text(changed)
    assert build(course).stat().st_mtime > 1e9
    assert [file.name for file in path.parent.iterdir()] == ["tiny.zip"]


@BOTH
def test_entries_are_sorted_and_alike(course, build):
    """One date, one system, one mode for files and one for programs, LF endings."""
    with zipfile.ZipFile(build(course)) as archive:
        entries = archive.infolist()

    assert [info.filename for info in entries] == sorted(info.filename for info in entries)
    assert {info.date_time for info in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.create_system for info in entries} == {3}
    assert {info.compress_type for info in entries} == {zipfile.ZIP_DEFLATED}
    for info in entries:
        program = info.filename in {"setup.sh", "run_autograder"}
        assert info.external_attr >> 16 == stat.S_IFREG | (0o755 if program else 0o644)
    assert not any(b"\r" in data for data in content(build(course)).values())


def test_a_rebuild_takes_no_time(course):
    """DESIGN's goal is 5 s for all zips; here is one assignment with the whole engine."""
    student(course), autograder(course)
    started = time.monotonic()
    student(course), autograder(course)

    assert time.monotonic() - started < 2


# Generated files


def test_requirements_are_pinned_exactly_and_sorted(course):
    """The assignment's and the engine's; students also get what the command line needs."""
    for_students = content(student(course))["tiny/requirements.txt"].decode().splitlines()
    for_gradescope = content(autograder(course))["requirements.txt"].decode().splitlines()

    assert for_gradescope == sorted(for_gradescope, key=lambda line: line.partition("==")[0])
    assert set(for_gradescope) == {*bundle.RUN_TIME_PINS, "numpy==2.2.6"}
    assert set(for_students) == {*for_gradescope, *bundle.COMMAND_LINE_PINS, "matplotlib==3.10.0"}
    assert all("==" in line for line in for_students)


def test_the_engine_s_pins_are_complete_and_installed_packages_agree():
    """Every package that a pinned one needs on this machine is pinned as well."""
    from importlib import metadata

    from packaging.requirements import Requirement

    pins = [Requirement(pin) for pin in bundle.RUN_TIME_PINS + bundle.COMMAND_LINE_PINS]
    pinned = {pin.name for pin in pins}
    for pin in pins:
        if pin.marker is None or pin.marker.evaluate({"extra": ""}):
            for needed in map(Requirement, metadata.requires(pin.name) or []):
                if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                    assert needed.name.lower().replace("_", "-") in pinned, f"{pin.name} needs {needed.name}"


def test_a_package_that_the_engine_needs_on_some_systems_may_be_pinned_for_all(course):
    """The same version, once: another package needs it everywhere."""
    manifest = course / "assignments" / "tiny" / "assignment.toml"
    manifest.write_text(MANIFEST.replace("matplotlib==3.10.0", "colorama==0.4.6"))

    lines = content(student(course))["tiny/requirements.txt"].decode().splitlines()
    assert [line for line in lines if "colorama" in line] == ["colorama==0.4.6"]


def test_a_package_that_is_pinned_twice_is_refused(course):
    """By the assignment and the engine, with other versions."""
    manifest = course / "assignments" / "tiny" / "assignment.toml"
    manifest.write_text(MANIFEST.replace("matplotlib==3.10.0", "Typing_Extensions==4.0"))

    with pytest.raises(BundleError) as caught:
        student(course)
    assert caught.value.place == str(manifest)
    assert caught.value.problem == (
        "typing-extensions is pinned twice: Typing_Extensions==4.0 and typing-extensions==4.16.0."
    )
    assert caught.value.remedy == "Keep one of them; the engine's pins are in autograder/bundle.py."


def test_the_student_s_readme_is_five_lines_with_the_commands(course):
    """Install, test, hand in."""
    lines = content(student(course))["tiny/README.md"].decode().splitlines()

    assert len(lines) == 5
    assert lines[0] == "# Tiny (tiny)"
    assert "`python -m pip install -r requirements.txt`" in lines[2]
    assert "`python -m autograder grade` (one part: `python -m autograder grade --part 1.1`)" in lines[3]
    assert "`python -m autograder pack`" in lines[4]


# Each zip is complete


IMPORTS = """\
import sys
for name in sys.argv[1:]:
    __import__(name)
print(*sorted(m.__file__ or "" for n, m in sys.modules.items() if n.split(".")[0] == "autograder"), sep="\\n")
"""


@pytest.mark.parametrize(
    ("build", "inside", "modules"),
    [
        (autograder, "", ["autograder.image", "autograder.grading", "autograder.grading.plugin"]),
        (student, "tiny", ["autograder.run", "autograder.grading.plugin", "autograder.cli"]),
    ],
)
def test_the_engine_in_a_zip_needs_nothing_from_elsewhere(course, tmp_path, build, inside, modules):
    """Unpacked alone, every module that is imported comes from the zip."""
    with zipfile.ZipFile(build(course)) as archive:
        archive.extractall(tmp_path / "unpacked")
    home = tmp_path / "unpacked" / inside

    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, *modules],
        cwd=home, env={"PATH": os.defpath}, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    loaded = [line for line in done.stdout.splitlines() if line]
    assert len(loaded) > len(modules)
    assert not [line for line in loaded if not line.startswith(f"{home}{os.sep}")]


@BOTH
def test_every_module_of_the_engine_has_its_place(course, build):
    """Each line of the tables is in the zip, and no module for staff is."""
    names = {name.partition("autograder/")[2] for name in content(build(course))}

    staff = {"templates.py", "mistakes.py", "verify.py", "bundle.py", "staff.py"}
    assert not names & staff
    assert not [name for name in names if name.startswith(("emulate", "files"))]
    for name in bundle.RUN_TIME:
        assert name in names or any(found.startswith(f"{name}/") for found in names)


# The two programs in the autograder zip, with a stand-in for every other program that they start


FAKE_PYTHON = """\
#!/bin/bash
fails() {{ [[ " {failing} " == *" $1 "* ]]; }}
case "$*" in
    *version_info*) fails version && exit 1 ;;
    --version) echo "Python 3.9.9" ;;
    *ensurepip*) fails ensurepip && exit 1 ;;
    *CDLL*) fails libseccomp && exit 1 ;;
    "-m venv"*) fails venv && exit 1; mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; touch "$3/library" ;;
    *"pip install"*) fails install && {{ echo no such version; exit 1; }} ;;
    *"pip"*check) fails check && exit 1 ;;
    *compileall*) fails compile && exit 1 ;;
    "-I - numpy torch") cat > /dev/null; fails unprivileged && exit 1 ;;
    -) cat > /dev/null; fails import && exit 1; echo numpy torch ;;
    *) echo "unexpected: $*"; exit 9 ;;
esac
exit 0
"""
FAKE_APT = """\
#!/bin/bash
echo "apt-get $* as $DEBIAN_FRONTEND"
{exit}
"""


@pytest.fixture
def set_up(tmp_path):
    """Runs setup.sh in a fresh root whose Python fails at some steps."""

    def run(*failing: str, apt: str = "exit 0", **others: str) -> subprocess.CompletedProcess[str]:
        root = write(tmp_path / "root", {"source/requirements.txt": "", "source/tiny/assignment.toml": ""})
        programs = {
            "python3": FAKE_PYTHON.format(failing=" ".join(failing)),
            "apt-get": FAKE_APT.format(exit=apt),
        }
        for program in write(tmp_path / "bin", programs).iterdir():
            program.chmod(0o755)
        environment = {
            "PATH": f"{tmp_path}/bin:{os.defpath}",
            "AUTOGRADER_ROOT": str(root),
            "AUTOGRADER_PYTHON": str(tmp_path / "bin" / "python3"),
        }
        return subprocess.run(
            ["bash", str(bundle.FILES / "setup.sh")],
            env=environment | others, capture_output=True, text=True, check=False, umask=0o077,
        )  # fmt: skip

    return run


def mode(path: Path) -> int:
    """Permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def test_setup_makes_an_environment_for_all_and_closes_the_graders(set_up, tmp_path):
    """Whatever the umask of the build."""
    done = set_up()

    root = tmp_path / "root"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "setup.sh: done"
    assert "apt-get" not in done.stdout
    assert mode(root) == mode(root / "venv") == mode(root / "venv" / "bin" / "python") == 0o755
    assert mode(root / "venv" / "library") == 0o644
    assert mode(root / "source") == 0o700


def test_setup_installs_only_what_is_missing(set_up):
    """Without a question that nobody could answer."""
    install = "apt-get install -y --no-install-recommends"

    assert f"{install} libseccomp2 as noninteractive\n" in set_up("libseccomp").stdout
    both = set_up("libseccomp", "ensurepip").stdout
    assert f"{install} python3-venv libseccomp2 as noninteractive\n" in both


CLEAN = "Build the zip again from a clean repository"
SETUP_FAILURES = {
    "version": (
        "{python}: This is Python 3.9.9.",
        "Choose an image with Python 3.10 to 3.13, or set AUTOGRADER_PYTHON.",
    ),
    "venv": (
        "{root}/venv: The virtual environment cannot be made.",
        "Read the output above; {python} may lack its venv module.",
    ),
    "install": (
        "{root}/source/requirements.txt: These packages cannot be installed.",
        "Read pip's output above; check the network and the pinned versions.",
    ),
    "check": (
        "{root}/source/requirements.txt: The pinned versions contradict each other.",
        "Change the pins that are named above.",
    ),
    "compile": ("{root}/source/autograder: The engine cannot be compiled.", f"{CLEAN}."),
    "import": ("{root}/source: The engine cannot be imported.", f"{CLEAN}; the reason stands above."),
    "unprivileged": (
        "{root}/venv: A user without privileges cannot import: numpy torch.",
        "Everybody must be able to enter {root}/venv and the folder of {python}; the reason stands above.",
    ),
}


@pytest.mark.parametrize("step", SETUP_FAILURES)
def test_a_step_of_setup_that_fails_says_where_what_and_how(set_up, tmp_path, step):
    """And ends the build: no image is better than a broken one."""
    done = set_up(step)

    told = " ".join(SETUP_FAILURES[step]).format(python=tmp_path / "bin" / "python3", root=tmp_path / "root")
    assert done.returncode == 1
    assert done.stderr == f"setup.sh: {told}\n"


def test_setup_says_when_packages_of_the_system_cannot_be_had(set_up):
    """For example on another distribution, or without network."""
    done = set_up("libseccomp", apt="exit 100")

    assert done.returncode == 1
    assert done.stderr == (
        "setup.sh: apt-get: It cannot install libseccomp2. Read its output above; "
        "build on an image of Debian or Ubuntu, as root, with network.\n"
    )


def test_setup_says_when_there_is_no_python(set_up):
    """At the path that it was given."""
    assert set_up(AUTOGRADER_PYTHON="/no/python").stderr == (
        "setup.sh: /no/python: There is no such program. "
        "Choose an image with Python 3.10 to 3.13, or set AUTOGRADER_PYTHON.\n"
    )


def test_setup_says_when_the_zip_was_unpacked_elsewhere(set_up, tmp_path):
    """Or was made of the folder."""
    (tmp_path / "empty").mkdir()

    assert set_up(AUTOGRADER_ROOT=f"{tmp_path}/empty").stderr == (
        f"setup.sh: {tmp_path}/empty/source: There is no requirements.txt. "
        "Zip the files, not the folder that they are in.\n"
    )


@pytest.fixture
def run_autograder(tmp_path):
    """Runs run_autograder in a root whose Python is a shell script."""

    def run(python: str, **others: str) -> subprocess.CompletedProcess[str]:
        root = write(tmp_path / "root", {"venv/bin/python": f"#!/bin/bash\n{python}\n", "results/stdout": ""})
        (root / "venv" / "bin" / "python").chmod(0o755)
        return subprocess.run(
            ["bash", str(bundle.FILES / "run_autograder")],
            env={"PATH": os.defpath, "AUTOGRADER_ROOT": str(root), "HOME": "/root", **others},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


def test_run_autograder_starts_the_engine_without_the_harness_s_environment(run_autograder, tmp_path):
    """A token that is not there cannot be read from the grader's memory."""
    done = run_autograder(
        'echo "$@"; pwd; env | sort; echo "{}" > results/results.json',
        TOKEN="x",
        AUTOGRADER_LAYERS_OFF="seccomp",
    )

    root = tmp_path / "root"
    lines = done.stdout.splitlines()
    assert lines[:2] == ["-m autograder.image", str(root)]
    assert {line.partition("=")[0] for line in lines[2:]} - {"_", "PWD", "SHLVL", "OLDPWD"} == {
        *("AUTOGRADER_LAYERS_OFF", "AUTOGRADER_ROOT", "HOME", "LANG", "PATH"),
        *("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONUNBUFFERED"),
    }
    assert f"PYTHONPATH={root}/source" in lines
    assert (done.returncode, done.stderr) == (0, "")
    assert (root / "results" / "results.json").read_text() == "{}\n"


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("exit 3", "stopped with exit status 3"),
        ("exit 0", "stopped with exit status 0"),
        ("kill -9 $$", "was killed, most likely for the memory that it used"),
        ("touch results/results.json; exit 1", "stopped with exit status 1"),
    ],
)
def test_run_autograder_leaves_results_where_the_engine_could_not(run_autograder, tmp_path, ending, reason):
    """A sentence for the student, and another for staff on standard error."""
    done = run_autograder(ending)

    results = tmp_path / "root" / "results" / "results.json"
    assert json.loads(results.read_text()) == {
        "score": 0,
        "output": f"Your submission could not be judged: the grading program {reason} before it wrote a "
        "result. Submit again; if it happens twice, tell your course staff.",
    }
    assert done.stderr.splitlines()[-1] == (
        f"run_autograder: {results}: There are no results: autograder.image {reason}. "
        "Run the submission in the emulator, or choose a larger container."
    )


def edited(course: Path, old: str, new: str) -> None:
    """Changes the course's manifest."""
    path = course / "assignments/tiny/assignment.toml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def test_hidden_data_brings_the_generator_and_a_seed(course):
    """Both are in the zip for Gradescope alone, and a second build has the same bytes."""
    edited(course, 'title = "Tiny"', 'title = "Tiny"\nhidden_data = true')
    path = autograder(course)
    first = path.read_bytes()
    files = content(path)

    seed = (course / "solutions/tiny/tests/secret_seed").read_bytes()
    assert files["tiny/hidden_tests/secret_seed"] == seed
    assert {name for name in files if name.startswith("datasets/")} == {
        f"datasets/{path.name}" for path in (course / "datasets").glob("*.py")
    }
    assert not any("secret_seed" in name for name in content(student(course)))
    assert autograder(course).read_bytes() == first


def test_without_hidden_data_there_is_no_seed(course):
    """An assignment asks for it."""
    assert not any("seed" in name or name.startswith("datasets/") for name in content(autograder(course)))


def test_students_get_the_data_files_that_the_manifest_names(course):
    """As they are, zero bytes and carriage returns included; the image does without them."""
    weights = b"\x00\x01\r\n\xff"
    (course / "datasets/cnn.safetensors").write_bytes(weights)
    edited(course, 'title = "Tiny"', 'title = "Tiny"\ndata_files = ["cnn.safetensors"]')

    assert content(student(course))["tiny/datasets/cnn.safetensors"] == weights
    assert not any("safetensors" in name for name in content(autograder(course)))


def test_a_data_file_that_is_missing_stops_the_build(course):
    """With its path."""
    edited(course, 'title = "Tiny"', 'title = "Tiny"\ndata_files = ["cnn.safetensors"]')
    with pytest.raises(BundleError, match=r"datasets/cnn\.safetensors: There is no such file\."):
        student(course)


def test_an_image_may_use_another_index(course):
    """Students use what their own system offers."""
    edited(course, "[requirements]", '[requirements]\nindex = "https://example.org/whl/cpu"')

    assert content(autograder(course))["package_index"] == b"https://example.org/whl/cpu\n"
    assert not any("index" in name for name in content(student(course)))
