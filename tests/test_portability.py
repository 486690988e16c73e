"""A student's macOS or Windows: no fork, nothing that only POSIX has, and the same verdicts all the same.

A `sitecustomize` in front of every Python process hides what those systems lack; the
grader, its sandboxes and the command line then run exactly as they would there.
"""

import json
import os
import shutil
import sys
import textwrap
import time
from pathlib import Path

import pytest

from autograder import bundle
from autograder.model import Kind
from autograder.sandbox.launch import Spawner
from autograder.sandbox.policy import Rules
from autograder.sandbox.verdicts import Allowance, StudentError
from autograder.sandbox.workshop import Equipment, Workshop

ROOT = Path(bundle.__file__).resolve().parents[1]
# What Windows lacks; and, for a platform that is neither Linux nor Windows, the name of one.
HIDE = """
import os, signal, socket, subprocess, sys, threading, random, tempfile, shutil, pathlib
for name in ("resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog", "pyseccomp"):
    sys.modules[name] = None  # importing it raises ImportError
# (os.getuid stays: pytest takes every system that is not called win32 to have it.)
for name in ("fork", "forkpty", "geteuid", "getgid", "getegid", "setuid", "seteuid", "setresuid",
             "setresgid", "setgroups", "setsid", "killpg", "register_at_fork", "chroot", "O_PATH",
             "fchown"):
    vars(os).pop(name, None)
for name in ("SIGXCPU", "SIGALRM", "alarm", "setitimer", "pthread_kill", "pthread_sigmask"):
    vars(signal).pop(name, None)
for name in ("socketpair", "send_fds", "recv_fds", "AF_UNIX"):
    vars(socket).pop(name, None)
sys.platform = "other"
"""
STUDENT_ZIP_MODULES = bundle.RUN_TIME + bundle.COMMAND_LINE

GRADER = """
import numpy as np
import pytest
from autograder.grading import assert_close, given, limits, send, fetch
from gradescope_utils.autograder_utils.decorators import number, partial_credit, weight

@number("1.1")
@weight(1)
@pytest.mark.parametrize("n", [2, 3])
def test_passes(student, rng, n):
    '''A right answer.'''
    x = rng.normal(size=n)
    assert_close(student.a.double(x), 2 * x, what="double")

@number("1.1")
@weight(1)
def test_wrong(student):
    '''A wrong answer.'''
    assert_close(student.a.triple(np.ones(2)), 3 * np.ones(2), what="triple")

@number("1.1")
@weight(1)
def test_raises(student):
    '''An exception.'''
    student.a.raises()

@number("1.1")
@weight(1)
@limits(seconds=1.5)
def test_loops(student):
    '''An endless loop.'''
    student.a.loops()

@number("1.1")
@weight(1)
def test_exits(student):
    '''An exit.'''
    student.a.exits()

@number("1.1")
@weight(1)
def test_prints(student):
    '''A lot of text.'''
    student.a.prints()

@number("1.1")
@weight(1)
def test_writes(student):
    '''A lot of files.'''
    student.a.writes()

@number("1.1")
@weight(1)
def test_calls_back(student):
    '''A function of the grader's, and an object that stays.'''
    box = send(student, {"x": 1})
    assert student.a.apply(lambda x: x + 1, 5) == 6
    assert fetch(box) == {"x": 1}

@number("1.1")
@weight(1)
def test_misses(student):
    '''A file that is not there.'''
    student.b.f()

@number("1.1")
@weight(1)
def test_kills_itself(student):
    '''An object that stays.'''
    assert student.a.Net(3).value == 3
"""
CODE = """
import itertools, os
import numpy as np

def double(x):
    print("doubling")
    return 2 * x
def triple(x): return x
def raises(): raise ValueError("no")
def loops():
    while True: pass
def exits(): os._exit(3)
def prints():
    while True: print("x" * 1000)
def writes():
    for number in itertools.count():
        open(str(number), "wb").write(bytes(2**20))
def apply(f, x): return f(x)
class Net:
    def __init__(self, value): self.value = value
"""
MANIFEST = """
title = "Tiny"
summary = "x"
[[parts]]
id = "1.1"
title = "All"
files = ["a.py", "b.py"]
points = 10
[limits]
output_kb = 16
disk_mb = 4
test_seconds = 20
"""


def lay_out(folder: Path) -> Path:
    """A student's folder, as the zip gives it, with the graders above and one submission."""
    (folder / "tests").mkdir(parents=True)
    (folder / "assignment.toml").write_text(MANIFEST)
    (folder / "tests" / "test_all.py").write_text(GRADER)
    (folder / "a.py").write_text(CODE)
    (folder / "pytest.ini").write_text(bundle.PYTEST_INI)
    for entry in STUDENT_ZIP_MODULES:
        copy = shutil.copy if entry.endswith(".py") else shutil.copytree
        (folder / "autograder").mkdir(exist_ok=True)
        copy(ROOT / "autograder" / entry, folder / "autograder" / entry)
    return folder


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A student's folder on this system."""
    return lay_out(tmp_path_factory.mktemp("here") / "tiny")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A student's folder on a system without POSIX: each Python that finds the engine there is one."""
    folder = lay_out(tmp_path_factory.mktemp("elsewhere") / "tiny")
    (folder / "sitecustomize.py").write_text(HIDE)
    return folder


@pytest.fixture(scope="module")
def without_posix(elsewhere):
    """The environment of a Python there."""
    return {"PYTHONPATH": str(elsewhere), "PYTHONDONTWRITEBYTECODE": "1"}


def modules() -> list[str]:
    """Names of all modules that the student zip holds."""
    names = []
    for entry in STUDENT_ZIP_MODULES:
        path = ROOT / "autograder" / entry
        found = [path] if path.is_file() else sorted(path.rglob("*.py"))
        names += [
            ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in found
        ]
    return [name for name in names if not name.endswith("__main__")]


def test_every_module_of_the_student_zip_can_be_imported(without_posix, python):
    """An import at the top of a module is all that it takes to fail."""
    lacking = {"autograder.sandbox.server"}  # the fork server itself, which is only ever started on Linux
    wanted = [name for name in modules() if name not in lacking]
    assert "autograder.sandbox.workshop" in wanted
    assert len(wanted) > 25

    done = python(
        "-c", f"import importlib\nfor name in {wanted!r}: importlib.import_module(name)", **without_posix
    )

    assert done.returncode == 0, done.stderr


def test_what_is_hidden_is_really_hidden(without_posix, python):
    """Otherwise this file would prove nothing."""
    for statement in (
        "import fcntl",
        "import os; os.fork()",
        "import resource",
        "import socket; socket.send_fds",
    ):
        assert python("-c", statement, **without_posix).returncode == 1


def verdicts(text: str) -> dict[str, tuple[float, str]]:
    """Points and words of each test in a results.json; where endless output was cut is chance."""
    said = (
        (row["name"], row["score"], row["output"].partition("xxx")[0]) for row in json.loads(text)["tests"]
    )
    return {name: (score, output) for name, score, output in said}


def test_the_same_tests_give_the_same_verdicts(course, elsewhere, without_posix, python, tmp_path):
    """Ten tests, each failing in another way or not at all."""
    said, layers = {}, {}
    for folder, environment in ((course, {}), (elsewhere, without_posix)):
        out = tmp_path / f"{folder.parent.name}.json"
        done = python("-m", "autograder", "grade", "--out", str(out), cwd=folder, **environment)
        assert done.returncode == 0, done.stderr
        said[folder] = verdicts(out.read_text())
        layers[folder] = set(json.loads(out.read_text())["extra_data"]["layers"].values())
    assert said[elsewhere] == said[course]
    assert len(said[course]) == 10
    assert sum(score for score, _ in said[course].values()) == 3
    assert "ended the process itself, with exit status 3" in said[elsewhere]["exits"][1]
    assert "did not finish within 1.5 s" in said[elsewhere]["loops"][1]
    assert layers[elsewhere] == {False}
    assert True in layers[course] or sys.platform != "linux"


def test_a_plain_pytest_works_there_too(elsewhere, without_posix, python):
    """With the message and without the grader's code."""
    arguments = ["-m", "pytest", "-q", "-k", "passes or wrong", "-p", "no:cacheprovider"]
    done = python(*arguments, cwd=elsewhere, **without_posix)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 2 passed" in done.stdout
    assert "triple: " in done.stdout
    assert "def test_wrong" not in done.stdout


def test_no_process_is_left_there(elsewhere):
    """Neither a grader nor a sandbox."""
    # The runs above have ended by now, and with them every process that worked in that folder.
    working = [
        entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and _works_in(entry, elsewhere)
    ]
    assert not working


def _works_in(process: Path, folder: Path) -> bool:
    try:
        environment = (process / "environ").read_bytes()
        return str(folder).encode() in environment or (process / "cwd").readlink() == folder
    except OSError:
        return False


# The launcher without fork, spoken to directly


@pytest.fixture
def spawned(tmp_path, monkeypatch):
    """Makes a workshop whose sandboxes are ordinary child processes."""
    monkeypatch.setattr("autograder.sandbox.workshop.make_launcher", Spawner)
    made = []

    def make(code: str) -> Workshop:
        (tmp_path / "a.py").write_text(textwrap.dedent(code))
        made.append(Workshop(Equipment(tmp_path, Rules(("a.py",), ("numpy",)))))
        return made[-1]

    yield make
    for workshop in made:
        workshop.close()


def test_a_spawned_sandbox_answers_prints_and_keeps_its_input_closed(spawned):
    """Answers and prints go separate ways."""
    code = """
        import sys
        def f(x):
            print("out", x)
            print("err", file=sys.stderr)
            return x, sys.stdin.read()
    """
    with spawned(code).sandbox(Allowance(20, 256, 16, 64)) as sandbox:
        assert sandbox.ask("a.py", "import", "a").f(3) == (3, "")
    assert sandbox.printed() == "out 3\nerr\n"


def test_a_spawned_sandbox_does_not_share_its_clock_with_its_start(spawned):
    """A cold import of a large library must not count as the student's time."""
    # A cold import of a large library must not count as the student's time.
    with spawned("def f(): return 1\n").sandbox(Allowance(0.2, 256, 16, 64)) as sandbox:
        assert sandbox.ask("a.py", "import", "a").f() == 1


def test_a_spawned_sandbox_that_does_not_end_is_ended(spawned):
    """The watchdog kills it."""
    workshop = spawned("def f():\n    while True: pass\n")
    with workshop.sandbox(Allowance(0.3, 256, 16, 64)) as sandbox, pytest.raises(StudentError) as caught:
        sandbox.ask("a.py", "import", "a").f()
    assert caught.value.kind is Kind.TIMEOUT


def test_a_spawned_sandbox_whose_grader_was_killed_ends_by_itself(without_posix, python, tmp_path):
    """Only Linux ends a child with its parent."""
    # cpu_seconds is what a sandbox gets besides the time to start: here 2 s in all.
    script = """
        import os, signal, sys, threading
        from pathlib import Path
        from autograder.sandbox.policy import Rules
        from autograder.sandbox.client import Sandbox
        from autograder.sandbox.transport import RemoteTransport
        from autograder.sandbox.verdicts import Allowance
        from autograder.sandbox.launch import Spawner
        from autograder.sandbox.layers import Confinement
        process = Spawner(["numpy"]).launch(Confinement(os.getcwd(), cpu_seconds=-118), Rules(("a.py",), ()))
        transport = RemoteTransport(process, Allowance(20, 256, 16, 64), Path.cwd())
        transport.greeting()
        module = Sandbox(transport, 256).ask("a.py", "import", "a")
        print(module.pid(), flush=True)
        threading.Timer(0.1, os.kill, (os.getpid(), 9)).start()
        module.loop()
    """
    (tmp_path / "a.py").write_text(
        "import os\ndef pid(): return os.getpid()\ndef loop():\n    while True: pass\n"
    )
    done = python("-c", textwrap.dedent(script), cwd=tmp_path, **without_posix)
    assert done.stdout.strip().isdigit(), done.stderr
    sandbox = Path("/proc", done.stdout.strip())
    deadline = time.monotonic() + 20
    while sandbox.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    alive = sandbox.exists()
    if alive:
        os.kill(int(sandbox.name), 9)
    assert not alive
