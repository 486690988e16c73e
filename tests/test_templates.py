"""Stubs: what goes, what stays to the letter, and which markers are refused."""

import ast
import asyncio
import subprocess
import sys
import types
from pathlib import Path

import pytest

from autograder.errors import TemplateError
from autograder.markers import make_broken, make_stub
from autograder.templates import stale, stubs_of, write_templates

REFERENCE = '''\
"""A small reference, with ünïcode and no course's content."""

from collections.abc import Iterator
from dataclasses import dataclass, field

# BEGIN SOLUTION
from math import log

_FLOOR = 1e-12
# END SOLUTION

SCALE = 2.0   # given, and  oddly   spaced


def positive(x: float) -> float:
    """Positive part."""
    # BEGIN SOLUTION
    return max(x, 0.0)
    # END SOLUTION


def given(x: float) -> float:
    """Scale by 2."""
    # This comment stays.
    return x * SCALE


async def wait(n: int) -> int:
    """Count to n.

    # BEGIN SOLUTION is text here.
    """
    total = int(SCALE)
    if total > n:
        return total
    # BEGIN SOLUTION

    for _ in range(n):
        total += 1

    return total
    # END SOLUTION


def outer(x: float) -> float:
    """Call a function of its own."""

    def inner(y: float) -> float:
        """Add one."""
        # BEGIN SOLUTION
        return y + 1
        # END SOLUTION

    return inner(x)


# BEGIN SOLUTION
def _clipped(p: float) -> float:
    return max(p, _FLOOR)


@staticmethod
def entropy(
    p: float,  # a probability
    scales: dict[str, list[int]] = {"a": [1]},
) -> float:  # nats
    """Entropy."""  # in nats
    # The trick is to clip.
    return -p * log(_clipped(p))


def short(x: float) -> float: return x  # secret


# The next class is a secret.
@dataclass
class Node:
    """A node."""

    value: float  # what it holds
    children: list["Node"] = field(default_factory=list)
    _cache: float = 0.0
    secret = 7

    @property
    def total(self) -> float:
        """Sum of the tree."""
        return self.value

    @total.setter
    def total(self, value: float) -> None:
        self.value = value

    def __len__(self) -> int:
        return 1

    def _walk(self) -> list["Node"]:
        return [self]

    class Inner:
        def go(self) -> int:
            return 1


class Plain(ValueError):
    pass


# END SOLUTION


class Net:
    """A net."""

    size = 3

    def __init__(self) -> None:
        """Make the weights."""
        self.weights = {}
        # BEGIN SOLUTION
        self.weights["W"] = 1.0
        # END SOLUTION

    # BEGIN SOLUTION
    def predict(self, x: float) -> float:
        """Multiply."""
        return x * self.weights["W"]

    def _secret(self) -> float:
        return 1.0

    def steps(self) -> Iterator[int]:
        """Yield once."""
        yield 1

    # END SOLUTION

    def given(self) -> int:
        """Given."""
        return self.size
'''

STUB = '''\
"""A small reference, with ünïcode and no course's content."""

from collections.abc import Iterator
from dataclasses import dataclass, field

SCALE = 2.0   # given, and  oddly   spaced


def positive(x: float) -> float:
    """Positive part."""
    raise NotImplementedError("positive is not written yet")


def given(x: float) -> float:
    """Scale by 2."""
    # This comment stays.
    return x * SCALE


async def wait(n: int) -> int:
    """Count to n.

    # BEGIN SOLUTION is text here.
    """
    total = int(SCALE)
    if total > n:
        return total
    raise NotImplementedError("wait is not written yet")


def outer(x: float) -> float:
    """Call a function of its own."""

    def inner(y: float) -> float:
        """Add one."""
        raise NotImplementedError("outer.inner is not written yet")

    return inner(x)


@staticmethod
def entropy(
    p: float,  # a probability
    scales: dict[str, list[int]] = {"a": [1]},
) -> float:  # nats
    """Entropy."""  # in nats
    raise NotImplementedError("entropy is not written yet")


def short(x: float) -> float:
    raise NotImplementedError("short is not written yet")


@dataclass
class Node:
    """A node."""

    value: float  # what it holds
    children: list["Node"] = field(default_factory=list)

    @property
    def total(self) -> float:
        """Sum of the tree."""
        raise NotImplementedError("Node.total is not written yet")

    @total.setter
    def total(self, value: float) -> None:
        raise NotImplementedError("Node.total is not written yet")

    def __len__(self) -> int:
        raise NotImplementedError("Node.__len__ is not written yet")

    class Inner:
        def go(self) -> int:
            raise NotImplementedError("Node.Inner.go is not written yet")


class Plain(ValueError):
    pass


class Net:
    """A net."""

    size = 3

    def __init__(self) -> None:
        """Make the weights."""
        self.weights = {}
        raise NotImplementedError("Net.__init__ is not written yet")

    def predict(self, x: float) -> float:
        """Multiply."""
        raise NotImplementedError("Net.predict is not written yet")

    def steps(self) -> Iterator[int]:
        """Yield once."""
        raise NotImplementedError("Net.steps is not written yet")

    def given(self) -> int:
        """Given."""
        return self.size
'''


def run(source: str) -> types.ModuleType:
    """Import a text as a module."""
    module = types.ModuleType("sample")
    sys.modules["sample"] = module  # dataclasses look their module up
    exec(compile(source, "sample.py", "exec"), module.__dict__)
    return module


def body(*lines: str) -> str:
    """Write a function f with these lines as its body."""
    return "\n".join(['def f(x):\n    """Doc."""', *(f"    {line}" for line in lines), ""])


def test_a_reference_becomes_its_stub():
    """Every form of block at once, letter for letter."""
    assert make_stub(REFERENCE, "sample.py") == STUB


def test_a_stub_imports_and_raises_wherever_a_student_writes():
    """A student's first run names the function that is missing."""
    module = run(STUB)
    net = object.__new__(module.Net)

    for call, name in [
        (lambda: module.positive(1.0), "positive"),
        (lambda: asyncio.run(module.wait(5)), "wait"),
        (lambda: module.outer(1.0), "outer.inner"),
        (lambda: module.entropy(0.5), "entropy"),
        (lambda: module.Node(1.0).total, "Node.total"),
        (lambda: setattr(module.Node(1.0), "total", 2.0), "Node.total"),
        (module.Net, "Net.__init__"),
        (lambda: net.predict(1.0), "Net.predict"),
        (net.steps, "Net.steps"),
    ]:
        with pytest.raises(NotImplementedError, match=rf"^{name} is not written yet$"):
            call()
    assert module.given(2.0) == 4.0
    assert net.given() == 3


def test_a_stub_of_formatted_code_is_formatted():
    """The blank lines around what has gone are those that the formatter wants."""
    ruff = [sys.executable, "-m", "ruff", "format", "--line-length=110", "--quiet", "-"]
    formatted = subprocess.run(
        ruff, input=REFERENCE, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    stub = make_stub(formatted.stdout, "sample.py")
    again = subprocess.run(ruff, input=stub, capture_output=True, text=True, check=True, encoding="utf-8")

    assert again.stdout == stub


def test_a_reference_without_markers_is_given_code():
    """Nothing outside markers changes, the last line included."""
    source = "x  = 1 \n\n\n\ndef f( ): return 2"

    assert make_stub(source, "given.py") == source


def test_windows_line_ends_are_taken_as_any_other():
    """The same stub comes of a file that was saved on Windows."""
    assert make_stub(REFERENCE.replace("\n", "\r\n"), "sample.py") == STUB


def test_a_block_in_a_branch_keeps_its_indentation():
    """The raise stands where the code stood, wherever the markers are."""
    source = body("if x:", "# BEGIN SOLUTION", "    x += 1", "        # END SOLUTION", "return x")

    assert make_stub(source, "a.py").splitlines()[2:] == [
        "    if x:",
        '        raise NotImplementedError("f is not written yet")',
        "    return x",
    ]


@pytest.mark.parametrize(
    ("inside", "where"),
    [
        (
            ["match x:", "    case 1:", "        # BEGIN SOLUTION", "        pass", "        # END SOLUTION"],
            2,
        ),
        (["try:", "    x()", "except OSError:", "    # BEGIN SOLUTION", "    x", "    # END SOLUTION"], 3),
        (["with x:", "    # BEGIN SOLUTION", "    y = 1", "    z = 2", "    # END SOLUTION"], 1),
    ],
)
def test_a_block_may_be_in_any_suite(inside, where):
    """Cases, handlers and the like hold blocks as branches do."""
    stub = make_stub(body(*inside), "a.py")

    assert stub.splitlines()[2 + where].strip() == 'raise NotImplementedError("f is not written yet")'


def test_methods_of_a_class_in_a_function_are_named_in_full():
    """A qualified name leads through functions and classes alike."""
    source = body(
        "class A:", "    # BEGIN SOLUTION", "    def g(self): return 1", "    # END SOLUTION", "return A"
    )

    assert 'raise NotImplementedError("f.A.g is not written yet")' in make_stub(source, "a.py")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "import os\n\n# BEGIN SOLUTION\nimport re\n\n# END SOLUTION\n\n\ndef f():\n    return os\n",
            "import os\n\n\ndef f():\n    return os\n",
        ),
        (
            "import os\n\n# BEGIN SOLUTION\nX = 1\n# END SOLUTION\n",
            "import os\n",
        ),
        (
            "import numpy as np\n\n# BEGIN SOLUTION\nimport mine\n\n# END SOLUTION\nfrom numpy.x import y\n",
            "import numpy as np\nfrom numpy.x import y\n",
        ),
        (
            "from os import (\n    path,\n)\n\n# BEGIN SOLUTION\nimport re\n\n# END SOLUTION\nimport numpy\n",
            "from os import (\n    path,\n)\n\nimport numpy\n",
        ),
        (
            "from __future__ import division\n\n# BEGIN SOLUTION\nimport os\n\n# END SOLUTION\nimport re\n",
            "from __future__ import division\n\nimport re\n",
        ),
        (
            "# BEGIN SOLUTION\nX = 1\n# END SOLUTION\n\nY = 2\n",
            "Y = 2\n",
        ),
    ],
)
def test_what_goes_without_a_trace_leaves_no_gap(source, expected):
    """Imports that only the solution needs go, and those around them stay in sorted groups."""
    assert make_stub(source, "a.py") == expected


def test_a_broken_submission_does_the_same_everywhere():
    """Graders are tried with functions that return nothing, or braces."""
    broken = make_broken(REFERENCE, 'return {"a": 1}')
    module = run(broken)

    assert module.positive(1.0) == module.entropy(1.0) == {"a": 1}
    assert run(make_broken(REFERENCE, "return None")).Net().predict(1.0) is None
    assert "NotImplementedError" not in broken


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            body("# BEGIN SOLUTION", "return 1"),
            "a.py, line 3: the block that begins here does not end. Write '# END SOLUTION' where it ends.",
        ),
        (
            body("return 1", "# END SOLUTION"),
            "a.py, line 4: a block ends that did not begin. Write '# BEGIN SOLUTION' where it begins.",
        ),
        (
            body("# BEGIN SOLUTION", "x = 1", "# BEGIN SOLUTION", "x = 2", "# END SOLUTION"),
            "a.py, line 5: a block begins inside the one of line 3. End that one with '# END SOLUTION'.",
        ),
        (
            body(
                "# BEGIN SOLUTION",
                "x = 1",
                "# END SOLUTION",
                "y = 2",
                "# BEGIN SOLUTION",
                "x",
                "# END SOLUTION",
            ),
            (
                "a.py, line 7: f has a second block. "
                "Make one block of both: one raise stands for all that is to be written."
            ),
        ),
        (
            body("# BEGIN SOLUTION", "# nothing", "", "# END SOLUTION"),
            "a.py, line 3: the block holds no code. Put the markers around the solution, or remove them.",
        ),
        (
            body("#BEGIN SOLUTION", "return 1", "# END SOLUTION"),
            (
                "a.py, line 3: '#BEGIN SOLUTION' is almost a marker. "
                "Write '# BEGIN SOLUTION' or '# END SOLUTION' on a line of its own."
            ),
        ),
        (
            body("return 1  # BEGIN SOLUTION"),
            (
                "a.py, line 3: 'return 1  # BEGIN SOLUTION' is almost a marker. "
                "Write '# BEGIN SOLUTION' or '# END SOLUTION' on a line of its own."
            ),
        ),
        (
            "def f(x):\n    # BEGIN SOLUTION\n    '''Doc.'''\n    return 1\n    # END SOLUTION\n",
            (
                "a.py, line 2: the docstring of f is inside the block. "
                "Put the marker after it: students need it."
            ),
        ),
        (
            "def f(:\n",
            "a.py, line 1: the reference is not Python: invalid syntax. Correct it.",
        ),
    ],
)
def test_wrong_markers_are_told_with_their_line(source, expected):
    """A marker that does not fit would give the solution away, so each is refused with a sentence."""
    with pytest.raises(TemplateError) as caught:
        make_stub(source, "a.py")

    assert str(caught.value) == expected


def test_a_stub_must_compile():
    """A class or a branch that the block leaves empty is told when the stub is made."""
    with pytest.raises(TemplateError) as caught:
        make_stub("class A:\n    # BEGIN SOLUTION\n    x = 1\n    # END SOLUTION\n", "a.py")

    assert "a.py: the stub does not compile: expected an indented block" in str(caught.value)
    assert str(caught.value).endswith(
        "Move the markers so that what is left is Python: a class or a branch needs a body."
    )


@pytest.mark.parametrize(
    "source",
    [
        body("x = [", "# BEGIN SOLUTION", "1,", "# END SOLUTION", "]"),
        body("x = [", "# BEGIN SOLUTION", "1]", "y = 2", "# END SOLUTION"),
        body("# BEGIN SOLUTION", "y = 2", "x = [", "# END SOLUTION", "1]"),
        body("if x:", "# BEGIN SOLUTION", "    y = 1", "else:", "    y = 2", "# END SOLUTION"),
        body("if x:", "    y = 1", "# BEGIN SOLUTION", "else:", "    y = 2", "# END SOLUTION"),
        body("if x:", "    y = 1", "# BEGIN SOLUTION", "elif y:", "    y = 2", "# END SOLUTION"),
        body("# BEGIN SOLUTION", "y = 1", "if x:", "    y = 1", "    # END SOLUTION", "    y = 2"),
        body("try:", "# BEGIN SOLUTION", "    y = 1", "except OSError:", "    y = 2", "# END SOLUTION"),
        body("if x:", "    y = 1", "    # BEGIN SOLUTION", "    y = 2", "y = 3", "# END SOLUTION"),
        "@property\n# BEGIN SOLUTION\ndef f():\n    return 1\n# END SOLUTION\n",
        "def f(\n    # BEGIN SOLUTION\n    x,\n    # END SOLUTION\n):\n    return 1\n",
        "# BEGIN SOLUTION\ndef f():\n    x = 1\n    # END SOLUTION\n    return 1\n",
        "def f():\n    x = 1\n    # BEGIN SOLUTION\n    x = 2\n\n\ndef g():\n    pass\n# END SOLUTION\n",
    ],
)
def test_half_a_statement_is_refused(source):
    """What is between markers must be whole statements of one suite."""
    ast.parse(source)
    with pytest.raises(TemplateError) as caught:
        make_stub(source, "a.py")

    line = source[: source.index("# BEGIN")].count("\n") + 1
    assert str(caught.value) == (
        f"a.py, line {line}: the block holds half a statement. "
        "Put whole statements between '# BEGIN SOLUTION' and '# END SOLUTION'."
    )


def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Make a folder of references, with hidden tests in it, and name the one of its stubs."""
    solutions = tmp_path / "solutions"
    (solutions / "tests").mkdir(parents=True)
    (solutions / "tests" / "test_hidden.py").write_text("secret = 1\n")
    (solutions / "theory.md").write_text("secret\n")
    (solutions / "b.py").write_text(body("# BEGIN SOLUTION", "return 1", "# END SOLUTION"))
    (solutions / "a.py").write_text(REFERENCE, encoding="utf-8")
    return solutions, tmp_path / "templates"


def test_only_the_modules_of_a_folder_have_stubs(tmp_path):
    """Hidden tests and model answers lie beside the references and never become stubs."""
    solutions, _ = folders(tmp_path)

    assert list(stubs_of(solutions)) == ["a.py", "b.py"]
    assert stubs_of(solutions)["a.py"] == STUB


def test_templates_are_written_once(tmp_path):
    """A second time there is nothing to write and nothing stale."""
    solutions, templates = folders(tmp_path)

    assert stale(solutions, templates) == ["a.py is missing", "b.py is missing"]
    assert write_templates(solutions, templates) == ["a.py", "b.py"]
    assert (templates / "a.py").read_bytes() == STUB.encode()
    assert stale(solutions, templates) == []
    assert write_templates(solutions, templates) == []


def test_stale_templates_are_named(tmp_path):
    """Edited by hand, missing, or left over: each is said, and what is left over is not deleted."""
    solutions, templates = folders(tmp_path)
    write_templates(solutions, templates)
    (templates / "a.py").write_text("edited")
    (templates / "b.py").unlink()
    (templates / "c.py").write_text("mine")

    left_over = "c.py is left over: it has no reference, so delete it"
    assert stale(solutions, templates) == ["a.py is stale", "b.py is missing", left_over]
    assert write_templates(solutions, templates) == ["a.py", "b.py"]
    assert stale(solutions, templates) == [left_over]


def test_an_error_in_a_folder_names_the_file(tmp_path):
    """The place of an error can be opened."""
    (tmp_path / "a.py").write_text("# END SOLUTION\n")
    with pytest.raises(TemplateError) as caught:
        stubs_of(tmp_path)

    assert caught.value.place == f"{tmp_path / 'a.py'}, line 1"
