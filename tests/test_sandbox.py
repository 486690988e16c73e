"""What a grader can do with a submission behind the wall, and what is left of a sandbox afterwards."""

import gc
import os
import platform
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from autograder.errors import SandboxError, WireError
from autograder.grading import fetch, given, printed, reference, replace, seconds, send
from autograder.grading.submission import Submission
from autograder.model import Kind
from autograder.sandbox import launch
from autograder.sandbox import workshop as workshops
from autograder.sandbox.client import Handle
from autograder.sandbox.launch import ForkServer, UserBlock
from autograder.sandbox.layers import LAYERS
from autograder.sandbox.policy import Rules
from autograder.sandbox.verdicts import Allowance, StudentError
from autograder.sandbox.workshop import Equipment, LocalWorkshop, Workshop

ALLOWANCE = Allowance(seconds=20, memory_mb=256, disk_mb=16, output_kb=64)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the fork server is for Linux")
ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
AS_ROOT = pytest.mark.skipif(not ROOT, reason="only root can give a sandbox a user of its own")

BOX = """
    import numpy as np

    class Box:
        kind = "box"

        def __init__(self, value):
            self.value = value
            self.weights = {"W": np.zeros(2)}

        def scaled(self, factor, *, plus=0):
            return Box(self.value * factor + plus)

        def get(self): return self.value
        def __len__(self): return 3
        def __getitem__(self, key): return (key, self.value)
        def __setitem__(self, key, value): self.value = (key, value)
        def __contains__(self, item): return item == self.value
        def __iter__(self): return iter([1, Box(2), "three"])

    class Number:
        __array_ufunc__ = None  # as any class that wants arrays on its left
        def __init__(self, value): self.value = value
        def _on(self, other, how, swapped=False):
            return f"{other} {how} N" if swapped else f"N {how} {getattr(other, 'value', other)}"

    for name in "add sub mul truediv floordiv mod pow matmul".split():
        setattr(Number, f"__{name}__", lambda self, other, name=name: self._on(other, name))
        setattr(Number, f"__r{name}__", lambda self, other, name=name: self._on(other, name, True))
    for name in "lt le gt ge".split():
        setattr(Number, f"__{name}__", lambda self, other, name=name: self._on(other, name))
    for name in "neg pos abs".split():
        setattr(Number, f"__{name}__", lambda self, name=name: name)

    def make(value): return Box(value)
    def apply(function, *args, **kwargs): return function(*args, **kwargs)
    def twice(function, value): return function(function(value))
    def pair(): return [Box(1), {"b": Box(2)}, (Box(3),)]
    def values(boxes): return [b.value for b in boxes["all"]]
    def same(a, b): return a is b
    def fill(x): x[:] = 7
    def keep(function):
        global kept
        kept = function
        return function
    def use_kept(x): return kept(x)
    def forgiving(function):
        try:
            return function()
        except Exception as error:
            return f"caught {type(error).__name__}"
    def endless():
        while True:
            yield 1
"""


@pytest.fixture
def box(bench):
    """The module above in a fresh sandbox."""
    with bench.module(BOX) as module:
        yield module


def test_calls_attributes_items_length_and_membership(box):
    """A handle behaves like the object that it stands for."""
    handle = box.make(5)

    assert isinstance(handle, Handle)
    assert (handle.kind, handle.value, handle.get()) == ("box", 5, 5)
    assert handle.scaled(2, plus=1).value == 11
    assert len(handle) == 3
    assert handle["k"] == ("k", 5)
    assert 5 in handle
    assert 6 not in handle
    handle.value = 9
    assert handle.get() == 9
    handle["k"] = 4
    assert handle.value == ("k", 4)
    assert repr(handle) == "<Box in the sandbox>"
    assert bool(handle)


def test_iteration_gives_plain_values_and_handles(box):
    """Each item comes back as any value does."""
    first, second, third = box.make(0)

    assert (first, third) == (1, "three")
    assert second.value == 2


def test_iteration_over_something_endless_ends(box):
    """Ten thousand items are all that a grader can want."""
    assert len(list(box.endless())) == 10_000


@pytest.mark.parametrize("name", ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul"])
@pytest.mark.parametrize("other", [3, 2.5, "text", np.arange(2)], ids=["int", "float", "str", "array"])
def test_arithmetic_goes_to_the_students_object_from_either_side(box, name, other):
    """Python asks the right side to the object's own method."""
    import operator

    number, operate = box.Number(1), getattr(operator, name)

    assert operate(number, other) == f"N {name} {other}"
    if not (isinstance(other, str) and name == "mod"):  # "text" % x is the text's own
        assert operate(other, number) == f"{other} {name} N"


def test_arithmetic_between_two_handles_and_comparisons(box):
    """Ordering is swapped as Python swaps it."""
    a, b = box.Number(1), box.Number(2)

    assert a + b == "N add 2"
    assert [a < 1, a <= 1, a > 1, a >= 1] == ["N lt 1", "N le 1", "N gt 1", "N ge 1"]
    assert [a > 3, a <= 3] == ["N gt 3", "N le 3"]
    assert [-a, +a, abs(a)] == ["neg", "pos", "abs"]


def test_a_numpy_scalar_on_the_left_leaves_the_operation_to_the_object(box):
    """NumPy does not take a handle apart."""
    assert np.float64(2) * box.Number(1) == f"{np.float64(2)} mul N"


def test_values_that_come_back_are_copies_and_handles_in_containers_stay_handles(box):
    """Changing a copy changes nothing behind the wall."""
    boxes = box.pair()

    assert [boxes[0].value, boxes[1]["b"].value, boxes[2][0].value] == [1, 2, 3]
    assert box.values({"all": [boxes[0], boxes[1]["b"]]}) == [1, 2]
    handle = box.make(1)
    handle.weights["W"] = np.ones(2)
    assert handle.weights["W"].tolist() == [0, 0]


def test_send_fetch_and_reference_reach_the_same_object(box, bench):
    """To see what a function does to its argument."""
    student = Submission(box._sandbox, [])
    x = send(student, np.zeros(3))

    assert box.same(x, x) is True
    assert box.fill(x) is None
    assert fetch(x).tolist() == [7, 7, 7]
    net = box.make(1)
    reference(net, "weights")["W"] = np.ones(2)
    assert net.weights["W"].tolist() == [1, 1]


def test_given_code_runs_beside_the_students(box, tmp_path):
    """It shares the process, and so the student's modules."""
    (tmp_path / "spy.py").write_text("import a\n\ndef look():\n    return a.Box.kind, __name__\n")
    spy = given(Submission(box._sandbox, [tmp_path]), "spy.py")

    assert spy.look() == ("box", "spy")


def test_a_submissions_module_is_imported_once(bench):
    """What a module did when it was imported is not done twice."""
    with bench.sandbox("import random\ndraw = random.random()\n") as sandbox:
        student = Submission(sandbox, [])
        assert student.a is student.a


def test_seconds_measures_a_call():
    """By the grader's own clock."""
    value, elapsed = seconds(lambda: time.sleep(0.02) or 5)

    assert value == 5
    assert 0.02 <= elapsed < 1


# Functions of the grader in the student's hands


def test_a_function_of_the_grader_can_be_called_with_values_and_objects(box):
    """Handles, plain values and keywords all pass."""
    seen = []

    def look(handle, *, deep):
        seen.append((handle.value, deep))
        return handle.scaled(10)

    assert box.apply(look, box.make(2), deep=True).value == 20
    assert seen == [(2, True)]
    assert box.twice(lambda x: x + 1, 5) == 7


def test_a_call_back_may_use_handles_which_call_back_again(box):
    """A request may be under way on either side, several deep."""

    def outer(x):
        return box.apply(lambda y: y * 2, x) + 1

    assert box.apply(outer, 5) == 11


def test_a_function_of_the_grader_comes_back_as_itself(box):
    """It is not wrapped again and again."""

    def own(x):
        return -x

    assert box.keep(own) is own
    assert box.use_kept(3) == -3


def test_an_exception_in_a_call_back_is_the_graders_own(box):
    """It is raised again on the grader's side, as it was."""

    def faulty():
        raise ZeroDivisionError("in the grader")

    with pytest.raises(ZeroDivisionError, match="in the grader"):
        box.apply(faulty)
    assert box.make(1).value == 1


def test_an_assertion_in_a_call_back_fails_the_test(box):
    """A step function may check what it is called with."""

    def strict(x):
        assert x == 1, "the step function gets the wrong prefix"

    with pytest.raises(AssertionError, match="wrong prefix"):
        box.apply(strict, 2)


def test_a_student_cannot_swallow_a_graders_assertion(box):
    """The student's `except Exception` sees nothing of it."""

    def strict():
        raise AssertionError("caught in the act")

    with pytest.raises(AssertionError, match="caught in the act"):
        box.forgiving(strict)


def test_a_call_back_with_the_wrong_arguments_is_the_students_mistake(box):
    """The grader is not to blame for a call that it did not write."""
    with pytest.raises(StudentError) as caught:
        box.apply(lambda prefixes: prefixes, 1, 2)

    assert caught.value.kind is Kind.RAISED
    assert str(caught.value) == (
        "Your code calls a function(prefixes), the grader's own in this test, with other arguments: "
        "too many positional arguments."
    )


def test_a_replaced_function_says_how_it_is_called(bench):
    """Whose own function takes more does not know otherwise that the test brings another."""

    def softmax(scores):
        return scores

    code = "from b import softmax\ndef f(x): return softmax(x, axis=1)\n"
    with bench.sandbox({"a.py": code, "b.py": "def softmax(scores, axis=1): return scores"}) as sandbox:
        student = Submission(sandbox, [])
        replace(student, "b", softmax=softmax)
        with pytest.raises(StudentError) as caught:
            student.a.f(1.0)

    assert str(caught.value) == (
        "Your code calls softmax(scores), the grader's own in this test, with other arguments: "
        "got an unexpected keyword argument 'axis'."
    )


def test_a_wrong_value_that_fails_the_students_call_inside_a_call_back_is_the_students(bench):
    """Through the grader's function and back, the error stays the student's."""
    code = "def f(step): return step(g)\ndef g(x):\n    raise KeyError('mine')\n"
    with bench.module(code) as module, pytest.raises(StudentError, match="KeyError: 'mine'"):
        module.f(lambda g: g(1))


def test_what_cannot_be_sent_is_the_graders_mistake(box):
    """A set is no plain value, and the student did nothing wrong."""
    with pytest.raises(WireError) as caught:
        box.make({1, 2})
    assert (
        str(caught.value)
        == "grader: A set cannot be sent to a sandbox. Send plain values, handles, functions."
    )


# Around the sandbox


def test_the_student_works_in_a_private_folder(bench):
    """Working, temporary and home folder in one; no secret in the environment."""
    code = """
        import os, tempfile
        def f():
            open("mine.txt", "w").write("x")
            folders = os.getcwd(), tempfile.gettempdir(), os.environ["HOME"]
            return *folders, sorted(os.listdir()), dict(os.environ)
    """
    with bench.module({"a.py": code, "c.txt": "data"}) as module:
        cwd, temporary, home, names, environment = module.f()
    assert cwd == temporary == home
    assert names == ["a.py", "c.txt", "mine.txt"]
    assert not Path(cwd).exists()
    assert "AUTOGRADER_ROOT" not in environment
    assert not {"PYTHONPATH", "TOKEN"} & set(environment)


@LINUX
def test_temporary_files_may_be_made_although_a_library_has_looked_for_their_folder(tmp_path, monkeypatch):
    """Python looks for it once in a process, and sandboxes are forks of one that may have looked."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "curious.py").write_text("import tempfile\ntempfile.gettempdir()\n")
    (tmp_path / "a.py").write_text(
        "import os, tempfile\n"
        "def f():\n"
        "    with tempfile.TemporaryDirectory() as name: return os.path.dirname(name), os.getcwd()\n"
    )
    monkeypatch.setitem(launch.ENVIRONMENT, "PYTHONPATH", str(tmp_path / "library"))
    workshop = Workshop(Equipment(tmp_path, Rules(("a.py",), ()), preload=("numpy", "curious")))
    try:
        with workshop.sandbox(ALLOWANCE) as sandbox:
            above, cwd = sandbox.ask("a.py", "import", "a").f()
    finally:
        workshop.close()

    assert above == cwd


def test_each_sandbox_is_fresh_and_nothing_is_left(bench):
    """Neither a file nor a variable nor a process goes from one to the next."""
    code = """
        import os
        count = 0
        def f():
            global count
            count += 1
            with open("count", "a") as file:
                file.write("x")
            return count, os.path.getsize("count"), os.getcwd(), os.getpid()
    """
    seen = []
    for _ in range(2):
        with bench.module(code) as module:
            seen.append(module.f())
    assert [one[:2] for one in seen] == [(1, 1), (1, 1)]
    assert seen[0][2] != seen[1][2]
    assert not any(Path(one[2]).exists() for one in seen)
    assert not any(Path(f"/proc/{one[3]}").exists() for one in seen)


def test_global_random_state_is_the_same_in_each_sandbox(bench):
    """Python seeds `random` anew after every fork, so this is not free."""
    code = """
        import random
        import numpy as np
        def f():
            return random.random(), np.random.rand(), hash("text"), sorted({"a", "b"}) == list({"a", "b"})
    """
    seen = []
    for _ in range(2):
        with bench.module(code) as module:
            seen.append(module.f())
    assert seen[0] == seen[1]


def test_a_folder_nested_very_deep_is_removed(bench):
    """Python's own removal gives up at such a depth."""
    code = """
        import os
        def f():
            here = os.getcwd()
            for _ in range(2000):
                os.mkdir("d")
                os.chdir("d")
            os.chdir("/")
            return here
    """
    with bench.module(code, disk_mb=64) as module:
        folder = module.f()
    assert not Path(folder).exists()


def test_printed_text_is_kept_from_its_end(bench):
    """The last 4,000 characters tell most."""
    code = """
        import sys
        def f():
            print("first")
            print("x" * 5000)
            print("last", file=sys.stderr)
    """
    with bench.sandbox(code) as sandbox:
        bench.load(sandbox).f()
        deadline = time.monotonic() + 5
        while "last" not in printed(Submission(sandbox, [])) and time.monotonic() < deadline:
            time.sleep(0.01)
        text = sandbox.printed()
    assert text.endswith("last\n")
    assert len(text) == 4000
    assert "first" not in text


def test_everything_printed_is_there_when_the_sandbox_has_closed(bench):
    """What arrives late is waited for."""
    with bench.sandbox("def f():\n    print('said \\udc80 and', chr(27))\n") as sandbox:
        bench.load(sandbox).f()
    assert sandbox.printed() == "said ? and \x1b\n"


def test_closed_or_replaced_standard_output_harms_nobody(bench):
    """What a student does to sys.stdout is the student's affair."""
    code = """
        import sys
        def f():
            sys.stdout.close()
            sys.stderr = None
            sys.stdin = None
            return 1
        def g():
            class Evil:
                def flush(self): raise SystemError("no")
            sys.stdout = Evil()
            return 2
    """
    with bench.module(code) as module:
        assert module.f() == 1
    with bench.module(code) as module:
        assert module.g() == 2


@LINUX
def test_the_layers_are_reported(bench):
    """A run says what it has, not what it should have."""
    with bench.module("x = 1\n"):
        layers = bench.workshop.layers
    assert tuple(layers) == LAYERS
    assert layers["limits"]
    assert layers["no new privileges"]
    assert layers["own user"] is ROOT


@AS_ROOT
@LINUX
def test_each_sandbox_has_another_user_without_rights(bench):
    """The number is fresh, and nothing of root's is left."""
    code = """
        import os
        def f():
            status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
            rights = status["CapEff"].strip(), status["NoNewPrivs"].strip()
            return os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), *rights
    """
    seen = []
    for _ in range(2):
        with bench.module(code) as module:
            seen.append(module.f())
    assert seen[0][0] != seen[1][0]
    for uid, effective, gid, groups, capabilities, no_new in seen:
        assert uid == effective == gid > 1 << 16
        assert (groups, int(capabilities, 16), no_new) == ([], 0, "1")


@AS_ROOT
@LINUX
def test_layers_can_be_left_out_and_shared_folders_are_swept(tmp_path):
    """Where Landlock is missing, what was left in /tmp goes all the same."""
    code = """
        import os
        def f():
            os.makedirs("/tmp/left_by_student/deep", exist_ok=True)
            open("/tmp/left_by_student/deep/file", "w").write("x")
            open("/tmp/left_by_student.txt", "w").write("x")
            return os.path.exists("/tmp/left_by_student/deep/file")
    """
    import textwrap

    (tmp_path / "a.py").write_text(textwrap.dedent(code))
    equipment = Equipment(tmp_path, Rules(("a.py",), ()), off=("landlock", "seccomp"))
    workshop = Workshop(equipment)
    try:
        with workshop.sandbox(ALLOWANCE) as sandbox:
            assert sandbox.ask("a.py", "import", "a").f() is True
            assert (workshop.layers["landlock"], workshop.layers["seccomp"]) == (False, False)
        assert not Path("/tmp/left_by_student").exists()
        assert not Path("/tmp/left_by_student.txt").exists()
    finally:
        workshop.close()


@AS_ROOT
@LINUX
def test_root_without_another_user_is_refused(tmp_path, monkeypatch):
    """Student code never runs as root."""
    (tmp_path / "a.py").write_text("")
    workshop = Workshop(Equipment(tmp_path, Rules(("a.py",), ())))
    monkeypatch.setattr(workshop, "_users", None)
    try:
        with pytest.raises(SandboxError) as caught, workshop.sandbox(ALLOWANCE):
            pass
    finally:
        workshop.close()
    assert "sandbox: It did not start." in str(caught.value)
    assert "student code never runs as root, and no other user was named" in str(caught.value)
    assert "Run as another user, or see the README." in str(caught.value)


@AS_ROOT
@LINUX
def test_a_temporary_folder_that_others_cannot_reach_is_no_fault_of_the_student(tmp_path, monkeypatch):
    """Such as root's own TMPDIR."""
    (tmp_path / "a.py").write_text("x = 1\n")
    (tmp_path / "closed").mkdir(mode=0o700)
    monkeypatch.setattr(workshops.tempfile, "tempdir", str(tmp_path / "closed"))
    workshop = Workshop(Equipment(tmp_path, Rules(("a.py",), ())))
    try:
        with (
            pytest.raises(SandboxError, match=r"It did not start.*PermissionError"),
            workshop.sandbox(ALLOWANCE),
        ):
            pass
    finally:
        workshop.close()


def test_a_python_that_others_cannot_read_is_refused(monkeypatch, tmp_path):
    """The error names the folder that is closed."""
    closed = tmp_path / "closed"
    (closed / "lib").mkdir(parents=True)
    closed.chmod(0o700)
    monkeypatch.setattr(workshops.sys, "prefix", str(closed / "lib"))

    with pytest.raises(SandboxError) as caught:
        workshops._check_readable()
    closed.chmod(0o755)
    assert "A sandbox cannot read this Python:" in str(caught.value)
    assert "is closed to other users. Make the virtual environment from /usr/bin/python3" in str(caught.value)


@LINUX
def test_users_of_a_run_are_drawn_far_from_the_systems_own():
    """No service has such a number."""
    blocks = [UserBlock() for _ in range(3)]

    assert all(block.start > 1 << 16 for block in blocks)
    assert len({block.start for block in blocks}) > 1
    block = UserBlock(1000)
    assert [block.next(), block.next()] == [1001, 1002]


# The sandbox that is prepared while another is used


@LINUX
def test_a_sandbox_is_prepared_ahead_and_used_by_the_next_test_with_its_limits(tmp_path):
    """It is a fresh process and a fresh folder all the same."""
    (tmp_path / "a.py").write_text("import os\ndef f(): return os.getpid()\n")
    workshop = Workshop(Equipment(tmp_path, Rules(("a.py",), ())))
    other = Allowance(seconds=7, memory_mb=256, disk_mb=16, output_kb=64)
    seen = []
    try:
        for allowance in (ALLOWANCE, ALLOWANCE, other, ALLOWANCE):
            with workshop.sandbox(allowance) as sandbox:
                seen.append(sandbox.ask("a.py", "import", "a").f())
                spare = workshop._spare
        assert len(set(seen)) == 4
        folder = spare.folder
        assert folder.exists()
    finally:
        workshop.close()
    assert not folder.exists()
    assert not any(Path(f"/proc/{number}").exists() for number in seen)


@LINUX
def test_a_next_sandbox_that_cannot_be_prepared_costs_this_test_nothing(tmp_path, monkeypatch):
    """The next test says so itself, if it is still so."""
    (tmp_path / "a.py").write_text("def x(): return 1\n")
    workshop = Workshop(Equipment(tmp_path, Rules(("a.py",), ())))
    prepare, calls = workshop._prepare, []

    def sometimes(allowance):
        calls.append(allowance)
        if len(calls) == 2:
            raise SandboxError("fork server", "It has gone away.", "Run again.")
        return prepare(allowance)

    monkeypatch.setattr(workshop, "_prepare", sometimes)
    try:
        for _ in range(2):
            with workshop.sandbox(ALLOWANCE) as sandbox:
                assert sandbox.ask("a.py", "import", "a").x() == 1
    finally:
        workshop.close()
    assert len(calls) == 5  # one for the sandbox that compiles, and the one after each


def test_files_are_compiled_once_and_tracebacks_still_name_their_lines(tmp_path):
    """The first sandbox compiles; a file that cannot be compiled says so in each test that imports it."""
    (tmp_path / "a.py").write_text("import os\n\ndef f():\n    raise ValueError(sorted(os.listdir()))\n")
    (tmp_path / "b.py").write_text("def f(:\n")
    workshop = Workshop(Equipment(tmp_path, Rules(("a.py", "b.py", "c.py"), ())))
    try:
        for _ in range(3):  # from the second on, the sandbox was prepared with the compiled file
            with workshop.sandbox(ALLOWANCE) as sandbox:
                with pytest.raises(StudentError) as raised:
                    sandbox.ask("a.py", "import", "a").f()
                with pytest.raises(StudentError) as broken:
                    sandbox.ask("b.py", "import", "b")
    finally:
        workshop.close()
    assert raised.value.message == (
        "f raised ValueError: ['.a.code', 'a.py', 'b.py'].\n"
        "  a.py, line 4, in f: raise ValueError(sorted(os.listdir()))"
    )
    assert broken.value.kind is Kind.SYNTAX
    assert "(b.py, line 1)" in broken.value.message


# The fork server


@LINUX
def test_a_fork_server_that_died_between_tests_is_started_again(bench):
    """The next test does not notice."""
    server = bench.workshop._launcher._server
    server.kill()
    server.wait()

    with bench.module("def f(): return 5\n") as module:
        assert module.f() == 5
    assert bench.workshop._launcher._server.pid != server.pid


@LINUX
def test_a_fork_server_that_dies_during_a_test_blames_no_student(bench):
    """It is neither the student's exit nor the student's memory."""
    dying = "def f(kill):\n    kill()\n    while True: pass\n"
    with pytest.raises(SandboxError) as caught, bench.module(dying) as module:
        module.f(lambda: os.kill(bench.workshop._launcher._server.pid, signal.SIGKILL))
    assert (
        str(caught.value)
        == "fork server: It has gone away. Run again; if it recurs, give the run more memory."
    )
    del caught
    with bench.module("def f(): return 5\n") as module:
        assert module.f() == 5
    gc.collect()  # a forgotten socket would warn, and fail the next test


@LINUX
def test_a_fork_server_that_cannot_import_says_so(capfd):
    """Its own message is there for staff."""
    with pytest.raises(SandboxError) as caught:
        ForkServer(["numpy", "no_such_library"]).wait_until_ready()
    assert "fork server: It did not start: exit status 1. Its message stands above" in str(caught.value)
    assert "import numpy, no_such_library?" in str(caught.value)
    assert "No module named 'no_such_library'" in capfd.readouterr().err


@LINUX
def test_closing_a_workshop_ends_its_processes_and_removes_its_folder(tmp_path):
    """Twice is as good as once."""
    workshop = Workshop(Equipment(tmp_path, Rules(("a.py",), ())))
    folder, server = workshop._folder, workshop._launcher._server
    assert folder.stat().st_mode & 0o777 == 0o711

    workshop.close()
    workshop.close()  # a second time is harmless

    assert server.returncode is not None
    assert not folder.exists()


def test_the_submission_in_the_graders_process_behaves_alike(tmp_path):
    """For a debugger: the same answers and the same sentences."""
    (tmp_path / "a.py").write_text("def f(g, x): return g(x) + 1\ndef bad(): raise ValueError('no')\n")
    local = LocalWorkshop(Equipment(tmp_path, Rules(("a.py",), ("numpy",))))
    for _ in range(2):
        with local.sandbox(ALLOWANCE) as sandbox:
            module = sandbox.ask("a.py", "import", "a")
            assert module.f(lambda x: x * 2, 5) == 11
            with pytest.raises(StudentError, match=r"bad raised ValueError: no\.\n  a.py, line 2, in bad"):
                module.bad()
            assert sandbox.printed() == ""
            sandbox.close()
        assert "a" not in sys.modules
    local.close()


HUGE = """
from pathlib import Path
from autograder.sandbox.pages import make_huge

def huge() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("AnonHugePages")).split()[1])

content = bytearray(range(256)) * (1 << 16)
before = huge()
make_huge()
assert content == bytearray(range(256)) * (1 << 16)
print(huge() - before)
"""


@LINUX
def test_memory_moves_into_huge_pages_and_keeps_what_it_holds(python):
    """Of 16 MiB at least 12, where the kernel can do that on demand."""
    kernel = tuple(map(int, re.findall(r"\d+", platform.release())[:2]))
    if kernel < (6, 1):
        pytest.skip(f"Linux {platform.release()} does not collapse pages on demand, 6.1 does")

    done = python("-c", HUGE)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 12 * 1024
