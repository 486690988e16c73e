"""A student's macOS or Windows: no fork, nothing that only POSIX has, and the same verdicts all the same.

A `sitecustomize` in front of every Python process hides what those systems lack; the
grader, its sandboxes and the command line then run exactly as they would there.
"""

import json
import os
import re
import shutil
import sys
import textwrap
from pathlib import Path

import pytest

from autograder import bundle
from autograder.model import Kind
from autograder.sandbox.child import Rules
from autograder.sandbox.client import Allowance, StudentError
from autograder.sandbox.launch import Spawner
from autograder.sandbox.workshop import Equipment, Workshop

ROOT = Path(bundle.__file__).resolve().parents[1]
# What Windows lacks; and, for a platform that is neither Linux nor Windows, the name of one.
HIDE = """
import os, signal, socket, subprocess, sys, threading, random, tempfile, shutil, ctypes, pathlib
for name in ("resource", "fcntl", "pwd", "grp", "termios", "tty", "pty", "syslog", "pyseccomp"):
    sys.modules[name] = None  # importing it raises ImportError
for name in ("fork", "forkpty", "getuid", "geteuid", "getgid", "getegid", "setuid", "seteuid", "setresuid",
             "setresgid", "setgroups", "setsid", "killpg", "register_at_fork", "waitstatus_to_exitcode", "chroot",
             "O_PATH", "WNOHANG", "fchown", "posix_spawn"):
    vars(os).pop(name, None)
for name in ("SIGXCPU", "SIGALRM", "alarm", "setitimer", "pthread_kill", "pthread_sigmask"):
    vars(signal).pop(name, None)
for name in ("socketpair", "send_fds", "recv_fds", "AF_UNIX"):
    vars(socket).pop(name, None)
del ctypes.CDLL
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


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The environment of a system without POSIX."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "sitecustomize.py").write_text(HIDE)
    return {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A student's folder with the graders above and one submission."""
    folder = tmp_path_factory.mktemp("course") / "tiny"
    (folder / "tests").mkdir(parents=True)
    (folder / "assignment.toml").write_text(MANIFEST)
    (folder / "tests" / "test_all.py").write_text(GRADER)
    (folder / "a.py").write_text(CODE)
    (folder / "pytest.ini").write_text(bundle.PYTEST_INI)
    return folder


def modules() -> list[str]:
    """Names of all modules that the student zip holds."""
    names = []
    for entry in STUDENT_ZIP_MODULES:
        path = ROOT / "autograder" / entry
        found = [path] if path.is_file() else sorted(path.rglob("*.py"))
        names += [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in found]
    return [name for name in names if not name.endswith("__main__")]


def test_every_module_of_the_student_zip_can_be_imported(elsewhere, python):
    lacking = {"autograder.sandbox.server"}  # the fork server itself, which is only ever started on Linux
    wanted = [name for name in modules() if name not in lacking]
    assert "autograder.sandbox.workshop" in wanted
    assert len(wanted) > 25

    done = python("-c", f"import importlib\nfor name in {wanted!r}: importlib.import_module(name)", **elsewhere)

    assert done.returncode == 0, done.stderr


def test_what_is_hidden_is_really_hidden(elsewhere, python):
    for statement in ("import fcntl", "import os; os.fork()", "import resource", "import socket; socket.send_fds"):
        assert python("-c", statement, **elsewhere).returncode == 1


def verdicts(text: str) -> dict[str, tuple[float, str]]:
    """Points and words of each test in a results.json, without the time and the layers."""
    return {row["name"]: (row["score"], row["output"]) for row in json.loads(text)["tests"]}


def test_the_same_tests_give_the_same_verdicts(elsewhere, course, python, tmp_path):
    said = {}
    for system, environment in (("here", {}), ("elsewhere", elsewhere)):
        out = tmp_path / f"{system}.json"
        done = python("-m", "autograder", "grade", "--out", str(out), cwd=course, **environment)
        assert done.returncode == 0, done.stderr
        said[system] = verdicts(out.read_text())
        assert len(said[system]) == 10
    assert said["elsewhere"] == said["here"]
    assert sum(score for score, _ in said["here"].values()) == 3
    assert "ended the process itself, with exit status 3" in said["elsewhere"]["exits"][1]
    assert "did not finish within 1.5 s" in said["elsewhere"]["loops"][1]
    layers = json.loads((tmp_path / "elsewhere.json").read_text())["extra_data"]["layers"]
    assert set(layers.values()) == {False}


def test_a_plain_pytest_works_there_too(elsewhere, course, python):
    done = python("-m", "pytest", "-q", "-k", "passes or wrong", "-p", "no:cacheprovider", cwd=course, **elsewhere)

    assert done.returncode == 1
    assert "1 failed, 2 passed" in done.stdout
    assert "triple: " in done.stdout
    assert "def test_wrong" not in done.stdout


def test_no_process_is_left_there(elsewhere, course, python, tmp_path):
    marker = f"marker_{os.getpid()}"
    folder = tmp_path / marker
    shutil.copytree(course, folder)

    done = python("-m", "autograder", "grade", "--part", "1.1", cwd=folder, TMPDIR=str(tmp_path), **elsewhere)

    assert done.returncode == 0, done.stderr
    commands = [_command(entry) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    assert not [command for command in commands if str(tmp_path) in command]


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


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
    # A cold import of a large library must not count as the student's time.
    with spawned("def f(): return 1\n").sandbox(Allowance(0.2, 256, 16, 64)) as sandbox:
        assert sandbox.ask("a.py", "import", "a").f() == 1


def test_a_spawned_sandbox_that_does_not_end_is_ended(spawned):
    workshop = spawned("def f():\n    while True: pass\n")
    with workshop.sandbox(Allowance(0.3, 256, 16, 64)) as sandbox, pytest.raises(StudentError) as caught:
        sandbox.ask("a.py", "import", "a").f()
    assert caught.value.kind is Kind.TIMEOUT


@pytest.mark.skipif(sys.platform == "win32", reason="it looks the processes up in /proc")
def test_a_spawned_sandbox_whose_grader_was_killed_ends_by_itself(tmp_path, python):
    script = """
        import os, signal, sys, threading
        from pathlib import Path
        from autograder.sandbox import workshop as workshops
        from autograder.sandbox.launch import Spawner
        workshops.make_launcher = Spawner
        workshop = workshops.Workshop(workshops.Equipment(Path("."), workshops.Rules(("a.py",), ())))
        with workshop.sandbox(workshops.Allowance(1, 256, 16, 64)) as sandbox:
            module = sandbox.ask("a.py", "import", "a")
            print(module.pid(), flush=True)
            threading.Timer(0.1, os.kill, (os.getpid(), 9)).start()
            module.loop()
    """
    (tmp_path / "a.py").write_text("import os\ndef pid(): return os.getpid()\ndef loop():\n    while True: pass\n")
    done = python("-c", textwrap.dedent(script), cwd=tmp_path, PYTHONPATH=str(ROOT))
    match = re.match(r"(\d+)\n", done.stdout)
    assert match, done.stderr
    deadline = __import__("time").monotonic() + 15
    while Path(f"/proc/{match[1]}").exists() and __import__("time").monotonic() < deadline:
        __import__("time").sleep(0.1)
    alive = Path(f"/proc/{match[1]}").exists()
    if alive:
        os.kill(int(match[1]), 9)
    assert not alive
