"""Every way in which a submission can fail, with the exact sentence that the student reads."""

import signal
import sys
import textwrap

import numpy as np
import pytest

from autograder.model import Kind
from autograder.sandbox.verdicts import StudentError

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system tells no such limit")


def lines(*rows: str) -> bytes:
    """Source of these rows."""
    return "\n".join([*rows, ""]).encode()


def check(error: StudentError, kind: Kind, sentence: str) -> None:
    """The verdict is exactly this."""
    assert (error.kind, str(error)) == (kind, sentence)


def test_raised_names_exception_place_and_the_students_frames(bench):
    """Neither NumPy's lines nor the engine's."""
    files = {
        "a.py": lines("import numpy as np", "import b", "def f():", "    return np.vectorize(g)([1])",
                      "def g(x):", "    return b.inner(x)"),
        "b.py": lines("def inner(x):", "    values = [1, 2]", "    return values[5]"),
    }  # fmt: skip
    check(
        bench.verdict(files),
        Kind.RAISED,
        "f raised IndexError: list index out of range.\n"
        "  a.py, line 4, in f: return np.vectorize(g)([1])\n"
        "  a.py, line 6, in g: return b.inner(x)\n"
        "  b.py, line 3, in inner: return values[5]",
    )


def test_raised_keeps_the_innermost_frames_of_many(bench):
    """Six frames are enough to see what happens."""
    error = bench.verdict("def f(n=30):\n    return f(n - 1) if n else 1 / 0\n")

    assert str(error).startswith("f raised ZeroDivisionError: division by zero.\n  a.py, line 2, in f: ")
    assert str(error).count("\n") == 6
    assert error.exception == "ZeroDivisionError"


def test_endless_recursion_is_an_exception_like_any_other(bench):
    """It is no crash."""
    error = bench.verdict("def f(): return f()\n")

    assert str(error).startswith("f raised RecursionError: maximum recursion depth exceeded")


def test_raised_in_a_method_and_when_a_module_is_imported(bench):
    """A method is called by its class, a module by its file."""
    with bench.module("class Net:\n    def predict(self): raise ValueError\n") as module:
        with pytest.raises(StudentError) as caught:
            module.Net().predict()
        check(
            caught.value,
            Kind.RAISED,
            "Net.predict raised ValueError.\n  a.py, line 2, in predict: def predict(self): raise ValueError",
        )
    check(
        bench.verdict(lines("x = 1", "y = x + 'a'")),
        Kind.RAISED,
        "a.py raised TypeError: unsupported operand type(s) for +: 'int' and 'str'.\n"
        "  a.py, line 2, in <module>: y = x + 'a'",
    )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("def f(): raise SystemExit(3)\n", "f raised SystemExit: 3."),
        ("import sys\ndef f(): sys.exit()\n", "f raised SystemExit."),
        ("def f(): raise KeyboardInterrupt\n", "f raised KeyboardInterrupt."),
        ("def f(): raise BaseException('x' * 9000)\n", "f raised BaseException: " + "x" * 2000),
        ("class E(Exception):\n    def __str__(self): raise ValueError\ndef f(): raise E\n", "f raised E."),
        ("class E(Exception):\n    def __str__(self): raise SystemExit\ndef f(): raise E\n", "f raised E."),
        ("class E(Exception):\n    def __str__(self): return 3\ndef f(): raise E\n", "f raised E."),
        ("E = type('E' * 500, (Exception,), {})\ndef f(): raise E\n", f"f raised {'E' * 100}."),
        ("def f(): raise ValueError('ends here.')\n", "f raised ValueError: ends here.\n"),
        ("def f(): raise ExceptionGroup('two', [ValueError()])\n" if sys.version_info >= (3, 11) else
         "def f(): raise Exception('two')\n", "f raised Exception"),
    ],
    ids=range(10),
)  # fmt: skip
def test_odd_exceptions_are_told_like_others(bench, code, sentence):
    """Exits, groups, exceptions that cannot be printed."""
    error = bench.verdict(code)
    assert error.kind is Kind.RAISED
    assert str(error).startswith(sentence)


def test_a_value_that_is_too_large_to_send_is_told(bench):
    """The student reads which limit it was."""
    error = bench.verdict("def f(): return list(range(300_000))\n")

    check(error, Kind.TYPE, "f gave a value that cannot be read: The value holds more than 200000 values.")


def test_not_implemented(bench):
    """With the student's own sentence, and without one."""
    check(
        bench.verdict(lines("def f():", '    raise NotImplementedError("f is not written yet")')),
        Kind.NOT_IMPLEMENTED,
        "f is not written yet (a.py, line 2).",
    )
    check(
        bench.verdict(lines("def f():", "    raise NotImplementedError")),
        Kind.NOT_IMPLEMENTED,
        "f is not written yet (a.py, line 2).",
    )


def test_timeout(bench):
    """The limit is in the sentence, as it is in the manifest."""
    check(
        bench.verdict("def f():\n    while True: pass\n", seconds=0.3),
        Kind.TIMEOUT,
        "Your code did not finish within 0.3 s. "
        "Look for a loop that never ends, or that NumPy could do in one call.",
    )


def test_timeout_of_code_that_catches_everything_and_stays_the_verdict(bench):
    """A dead sandbox is asked again and says the same."""
    code = """
        import time
        def f():
            while True:
                try:
                    time.sleep(10)
                except BaseException:
                    pass
    """
    with bench.module(code, seconds=0.3) as module:
        for _ in range(2):
            with pytest.raises(StudentError) as caught:
                module.f()
            assert caught.value.kind is Kind.TIMEOUT


def test_timeout_at_import(bench):
    """The file itself may hold the loop."""
    assert bench.verdict("while True: pass\n", seconds=0.3).kind is Kind.TIMEOUT


@LINUX
def test_memory(bench):
    """In one piece or piece by piece."""
    check(
        bench.verdict(lines("import numpy as np", "def f(): return np.ones(2**27)"), memory_mb=64),
        Kind.MEMORY,
        "f ran out of memory (a.py, line 2): a test may use 64 MiB.",
    )
    check(
        bench.verdict("def f():\n    x = []\n    while True: x.append(bytes(2**20))\n", memory_mb=64),
        Kind.MEMORY,
        "f ran out of memory (a.py, line 3): a test may use 64 MiB.",
    )


def test_killed_by_the_system_is_told_as_memory(bench):
    """The kernel's own remedy looks like this."""
    with bench.module("def f():\n    while True: pass\n", memory_mb=77) as module:
        import os
        import threading

        process = module._sandbox._transport._process
        number = process.number
        threading.Timer(0.1, os.kill, (number, signal.SIGKILL)).start()
        with pytest.raises(StudentError) as caught:
            module.f()
    check(
        caught.value,
        Kind.MEMORY,
        "Your code was ended by the system, most likely for its memory: a test may use 77 MiB.",
    )


def test_exit(bench):
    """A homework has no reason to leave."""
    for status in (0, 7):
        check(
            bench.verdict(f"import os\ndef f(): os._exit({status})\n"),
            Kind.CRASHED,
            f"Your code ended the process itself, with exit status {status}. "
            "Remove the call of exit, quit or os._exit.",
        )


def test_crash(bench):
    """abort() may end in either signal, since the filter refuses its own."""
    segv = int(signal.SIGSEGV)
    check(
        bench.verdict("import ctypes\ndef f(): ctypes.string_at(0)\n"),
        Kind.CRASHED,
        f"Your code crashed with signal {segv} (SIGSEGV).",
    )
    error = bench.verdict("import os\ndef f(): os.abort()\n")
    assert error.kind is Kind.CRASHED
    assert str(error).startswith("Your code crashed with signal ")


def test_printed_too_much(bench):
    """The end of the text is kept, and the loop is ended."""
    check(
        bench.verdict("def f():\n    while True: print('x' * 1000)\n", output_kb=16),
        Kind.PRINTED,
        "Your code printed more than 16 KiB. Remove the print calls.",
    )


def test_printed_too_much_by_code_that_then_returns(bench):
    """Many small prints add up over a test."""
    code = "def f():\n    print('x' * 40_000)\n    return 1\n"
    with bench.module(code, output_kb=64) as module:
        assert module.f() == 1
    with bench.module(code, output_kb=16) as module, pytest.raises(StudentError) as caught:
        [module.f() for _ in range(100)]
    assert caught.value.kind is Kind.PRINTED


@LINUX
def test_one_large_file(bench):
    """The kernel or the watchdog sees it first."""
    error = bench.verdict(
        "def f():\n    with open('x', 'wb') as file:\n        while True: file.write(bytes(2**20))\n",
        disk_mb=4,
    )
    assert error.kind in (Kind.DISK, Kind.RAISED)
    if error.kind is Kind.RAISED:
        assert "f raised OSError: [Errno 27] File too large" in str(error)
    else:
        check(error, Kind.DISK, "Your code wrote more than 4 MiB to disk.")


@pytest.mark.parametrize("size", [2**20, 0], ids=["large", "empty"])
def test_many_files(bench, size):
    """Empty files are not free either."""
    code = f"""
        import itertools, os
        def f():
            for number in itertools.count():
                with open(str(number), "wb") as file:
                    file.write(bytes({size}))
    """
    check(bench.verdict(code, disk_mb=4), Kind.DISK, "Your code wrote more than 4 MiB to disk.")


# Files and names


def test_missing_file(bench):
    """Asked for by the test, or by another file."""
    check(bench.verdict({"b.py": ""}), Kind.MISSING_FILE, "a.py was not handed in.")
    check(
        bench.verdict({"a.py": lines("import numpy", "from b import g", "def f(): return g()")}),
        Kind.MISSING_FILE,
        "b.py was not handed in (a.py, line 2).",
    )


def test_missing_names(bench):
    """In a module and in an object."""
    check(bench.verdict("def g(): pass\n"), Kind.MISSING_NAME, "a.py defines no 'f'.")
    with bench.module("class Net: pass\n") as module, pytest.raises(StudentError) as caught:
        module.Net().predict(1)
    check(caught.value, Kind.MISSING_NAME, "Net has no attribute 'predict'.")


def test_an_attribute_error_inside_the_students_code_is_an_exception(bench):
    """Python itself would call the property missing."""
    code = "class Net:\n    @property\n    def f(self): return self.wieghts\nnet = Net()\n"
    with bench.module(code) as module, pytest.raises(StudentError) as caught:
        _ = module.net.f
    check(
        caught.value,
        Kind.RAISED,
        "Net.f raised AttributeError: 'Net' object has no attribute 'wieghts'.\n"
        "  a.py, line 3, in f: def f(self): return self.wieghts",
    )


def test_circular_imports_work_or_are_told(bench):
    """Two files that need each other are no mistake."""
    with bench.module(
        {"a.py": "import b\ndef f(): return b.g()\n", "b.py": "import a\ndef g(): return 4\n"}
    ) as module:
        assert module.f() == 4


SYNTAX = {
    "colon": (b"x = 1\ndef f()\n    pass\n", "(a.py, line 2): expected ':'."),
    "bracket": (b"x = (1,\n", "(a.py, line 1): '(' was never closed."),
    "indent": (
        b"def f():\nreturn 1\n",
        "(a.py, line 2): expected an indented block after function definition on line 1.",
    ),
    "tabs": (
        b"def f():\n        x = 1\n\treturn 1\n",
        "(a.py, line 3): inconsistent use of tabs and spaces in indentation.",
    ),
    "latin1": (b"x = 1\nname = 'Andr\xe9'\n", "(a.py, line 2): it is not UTF-8 text. Save it as UTF-8."),
    "utf16": ("x = 1\n".encode("utf-16"), "(a.py, line 1): it is not UTF-8 text. Save it as UTF-8."),
    "nul": (b"x = 1\ny = \x00\n", "(a.py, line 2): it holds a NUL byte. Save it as plain text."),
    "cookie": (b"# coding: klingon\nx = 1\n", "(a.py, line 1): unknown encoding: klingon."),
    "late": (b"def f():\n    return 1\nreturn 2\n", "(a.py, line 3): 'return' outside function."),
    "deep": (b"x = " + b"(" * 5000 + b")" * 5000 + b"\n", "(a.py, line 1): too many nested parentheses."),
}


@pytest.mark.parametrize("case", SYNTAX)
def test_syntax_errors_name_the_line(bench, case):
    """The same sentence on each version of Python, with the line."""
    source, ending = SYNTAX[case]
    check(bench.verdict(source), Kind.SYNTAX, f"Python cannot read your file {ending}")


def test_a_syntax_error_in_another_file_names_that_file(bench):
    """The one that was asked for is right."""
    error = bench.verdict({"a.py": "import b\ndef f(): pass\n", "b.py": "x = = 1\n"})
    check(error, Kind.SYNTAX, "Python cannot read your file (b.py, line 1): invalid syntax.")


@pytest.mark.parametrize(
    "source",
    [
        "\ufeffdef f(): return 'é'\n".encode(),
        b"# coding: latin-1\ndef f(): return '\xe9'\n",
        b"def f():\r\n    return '\xc3\xa9'\r\n",
        b"def f(): return '\xc3\xa9'\r",
    ],
    ids=["BOM", "declared Latin-1", "CRLF", "CR"],
)
def test_unusual_files_that_python_reads_are_read(bench, source):
    """Windows and old editors write such files."""
    with bench.module(source) as module:
        assert module.f() == "é"


# Policy


@pytest.mark.parametrize("statement", ["import pandas", "import pandas.io as p", "from pandas.io import x"])
def test_a_library_that_is_not_allowed(bench, statement):
    """However it is imported."""
    check(
        bench.verdict(lines("x = 1", statement, "def f(): pass")),
        Kind.POLICY,
        "a.py, line 2, imports pandas. This assignment does not allow that library. "
        "If it is a file of yours: only those that the handout names are taken.",
    )


def test_a_library_that_is_not_allowed_deep_inside_or_in_another_file(bench):
    """Before a line of it has run."""
    files = {"a.py": "import b\ndef f(): pass\n", "b.py": "def g():\n    if 1:\n        import torch\n"}
    check(
        bench.verdict(files),
        Kind.POLICY,
        "b.py, line 3, imports torch. This assignment does not allow that library. "
        "If it is a file of yours: only those that the handout names are taken.",
    )


def test_what_is_allowed_and_what_only_looks_like_an_import(bench):
    """Comments, strings and submodules of what is allowed."""
    code = """
        # import pandas
        import collections.abc, b
        from numpy.linalg import norm
        text = "import pandas"
        def f(): return norm([3.0, 4.0])
    """
    with bench.module({"a.py": textwrap.dedent(code), "b.py": ""}) as module:
        assert module.f() == 5


# Garbage on the line. A student's code that shares the process can write what it likes.

FAKE = """
    import os, struct, sys, time
    import numpy as np
    wire = sys.modules["autograder.wire"]
    def frame(data):
        os.write(3, struct.pack("<Q", len(data)) + data)
    def answer(value, tag=b"V"):
        frame(tag + wire.encode(value, lambda v: wire.Ref(*v.ref)))
    class Fake:
        def __init__(self, *ref): self.ref = ref
    def f():
        {0}
        time.sleep(20)
"""


@LINUX
@pytest.mark.parametrize(
    "action",
    [
        "frame(b'')",
        "frame(b'V')",
        "frame(b'Z' + b'N')",
        "frame(b'V' + b'\\xff' * 50)",
        "answer(None)",
        "answer(())",
        "answer('ab')",
        "answer(('value',))",
        "answer(('value', 1, 2))",
        "answer(['value', 1])",
        "answer((np.zeros(3), 1))",
        "answer(Fake('sandbox', 1))",
        "answer((Fake('sandbox', 1), 1))",
        "answer(('error', None))",
        "answer(('error', {}))",
        "answer(('error', np.zeros(3)))",
        "answer(('error', Fake('sandbox', 1)))",
        "answer(('error', {'kind': 'no such kind', 'exception': '', 'message': '', 'frames': []}))",
        "answer(('error', {'kind': ['raised'], 'exception': '', 'message': '', 'frames': []}))",
        "answer(('error', {'kind': 'raised', 'exception': '', 'message': '', 'frames': [(1, 1e999, 1, 1)]}))",
        "answer(None, b'C')",
        "answer((0, (), {}), b'C')",
        "answer((-1, (), {}), b'C')",
        "answer(('0', (), {}), b'C')",
        "answer((0, 5, {}), b'C')",
        "answer(Fake('sandbox', 1), b'C')",
    ],
)
def test_garbled_answers_are_the_submissions_fault(bench, action):
    """An answer that the grader cannot take apart never reaches a grader."""
    check(
        bench.verdict(textwrap.dedent(FAKE).format(action)),
        Kind.PROTOCOL,
        "Your code disturbed the line to the grader: the answer could not be read.",
    )


@LINUX
def test_a_forged_verdict_is_cut_and_cannot_pass(bench):
    """It can be anything but a pass, and it is not long."""
    frames = "[('f' * 999, 1, 'n', 't' * 999)] * 99"
    report = f"{{'kind': 'value', 'exception': 'E' * 9999, 'message': 'm' * 9999, 'frames': {frames}}}"
    action = f"answer(('error', {report}))"
    error = bench.verdict(textwrap.dedent(FAKE).format(action))

    assert error.kind is Kind.RAISED
    assert len(str(error)) < 5000


@LINUX
@pytest.mark.parametrize(
    "frames", ["[1]", "None", "Fake('sandbox', 1)", "[Fake('sandbox', 1)]", "[[1, 2, 3, 4]]"]
)
def test_forged_frames_are_left_out(bench, frames):
    """A handle among them would ask its maker for more."""
    action = f"answer(('error', {{'kind': 'raised', 'exception': 'E', 'message': 'm', 'frames': {frames}}}))"

    check(bench.verdict(textwrap.dedent(FAKE).format(action)), Kind.RAISED, "f raised E: m.")


@LINUX
def test_a_forged_length_and_items_are_the_submissions_fault(bench):
    """Len and iteration check what they get."""
    for value, use in (("-5", len), ("'x'", len), ("2**70", len), ("None", iter), ("{}", list)):
        code = textwrap.dedent(FAKE).format(f"answer(('value', {value}))").replace("def f()", "def _f()")
        code += (
            "class Odd:\n    def __len__(self): _f()\n    def __iter__(self): _f()\ndef f(): return Odd()\n"
        )
        with bench.module(code) as module, pytest.raises(StudentError) as caught:
            use(module.f())
        assert caught.value.kind is Kind.PROTOCOL


@LINUX
@pytest.mark.parametrize("written", ["b''", "b'abc'", "struct.pack('<Q', 100) + b'V'"])
def test_part_of_an_answer_and_then_silence_is_a_timeout(bench, written):
    """The watchdog ends it, however much has been written."""
    code = f"import os, struct, time\ndef f():\n    os.write(3, {written})\n    time.sleep(20)\n"
    assert bench.verdict(code, seconds=0.3).kind is Kind.TIMEOUT


@LINUX
def test_a_frame_that_is_announced_too_long_is_told(bench):
    """Nothing is allocated for it."""
    code = (
        "import os, struct, time\ndef f():\n    os.write(3, struct.pack('<Q', 2**60))\n    time.sleep(20)\n"
    )
    error = bench.verdict(code)
    assert error.kind is Kind.PROTOCOL


@LINUX
def test_closing_the_line_is_told(bench):
    """It is not a matter of memory, though it had to be killed."""
    error = bench.verdict("import os, time\ndef f():\n    os.close(3)\n    time.sleep(20)\n")
    assert error.kind is Kind.PROTOCOL


def test_a_dead_sandbox_gives_the_same_verdict_again(bench):
    """Each later request fails like the first."""
    with bench.module("import os\ndef f(): os._exit(0)\ndef g(): return 1\n") as module:
        with pytest.raises(StudentError) as caught:
            module.f()
        messages = [str(caught.value)]
        for name in ("f", "g", "x"):
            with pytest.raises(StudentError) as caught:
                getattr(module, name)
            messages.append(str(caught.value))
    assert len(set(messages)) == 1


def test_student_exceptions_in_text_are_not_trusted_to_be_short(bench):
    """A class in place of a module is still a student's error."""
    with bench.module("def f(x): return x[np]\nclass np: pass\n") as module, pytest.raises(StudentError):
        module.f(np.zeros(2))
