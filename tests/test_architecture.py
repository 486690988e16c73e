"""The shape of the engine: who imports whom, what it may not contain, and how long a function is."""

import ast
import importlib.util
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import errors

ENGINE = Path(errors.__file__).parent
ROOT = ENGINE.parent
# What `autograder new` copies is an assignment, not the engine.
MODULES = sorted(path for path in ENGINE.rglob("*.py") if "files" not in path.relative_to(ENGINE).parts)
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}
FAMILY = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)}


def name_of(path: Path) -> str:
    """A module's path from the engine's folder."""
    return path.relative_to(ENGINE).as_posix()


def test_no_arrow_points_back():
    """The contracts stand in pyproject.toml."""
    if importlib.util.find_spec("importlinter") is None:
        pytest.skip("import-linter is not installed: it belongs to the group of developers")
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_the_supervisor_of_a_run_loads_no_numpy():
    """It only watches: what it took of memory and time, each run would take."""
    code = "import sys, autograder.image; sys.exit('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)

    assert done.returncode == 0


def test_the_engine_names_no_assignment():
    """A fifth assignment changes nothing here."""
    slugs = [folder.name for folder in (ROOT / "assignments").iterdir() if folder.is_dir()]
    assert slugs
    for path, tree in TREES.items():
        docs = {id(node.body[0].value) for node in ast.walk(tree) if _has_docstring(node)}
        texts = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docs
        ]
        texts += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
        found = [text for text in texts if isinstance(text, str) and any(slug in text for slug in slugs)]
        found += [
            text for text in texts if isinstance(text, str) and re.search(r"\ba[1-4]_(?!\w*\.\.\.)", text)
        ]
        # An example in an error's remedy is a word for people.
        assert [text for text in found if "such as" not in text and "for example" not in text] == [], name_of(
            path
        )


def _has_docstring(node: ast.AST) -> bool:
    kinds = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
    return isinstance(node, kinds) and ast.get_docstring(node, clean=False) is not None


# Where code is run that was not imported: given code, which a grader wrote, inside the sandbox.
MAY_RUN_CODE = {
    ("sandbox/session.py", "exec"),
    ("sandbox/session.py", "compile"),
    ("sandbox/loader.py", "compile"),
}
# These compile a reference to check its syntax, and run nothing.
# Both run inside a sandbox only: one makes compiled files there, the other reads them.
MAY_UNMARSHAL = {"sandbox/session.py": {"marshal"}, "sandbox/loader.py": {"marshal"}}
MAY_COMPILE = {"mistakes.py", "markers.py", "templates.py", "verify.py"}


def test_nothing_is_unpickled_or_evaluated():
    """A submission is data."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
                unpickling = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "runpy"} & set(names)
                assert unpickling <= MAY_UNMARSHAL.get(name_of(path), set()), name_of(path)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called = node.func.id
                if called == "compile" and name_of(path) in MAY_COMPILE:
                    continue
                if called in ("eval", "exec", "compile", "__import__"):
                    assert (name_of(path), called) in MAY_RUN_CODE, f"{name_of(path)}, line {node.lineno}"


def sentences() -> list[tuple[str, int, str]]:
    """Place and longest fixed text of every error of the family that the engine makes."""
    found = []
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FAMILY:
                parts = [
                    constant.value
                    for argument in node.args
                    for constant in ast.walk(argument)
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
                ]
                if parts:
                    found.append((name_of(path), node.lineno, max(parts, key=len)))
    return found


def test_every_error_has_a_test_that_reads_its_message():
    """Three words in a row are enough to have been read."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("*.py")))
    said = re.sub(r"[^a-z]+", " ", tests.lower())
    places = sentences()
    assert len(places) > 30

    unread = [place for place in places if not _is_read(place[2], said)]

    assert unread == []


def _is_read(sentence: str, said: str) -> bool:
    """Three words in a row of the sentence stand in some test."""
    words = re.sub(r"[^a-z]+", " ", sentence.lower()).split()
    size = min(3, len(words))
    return any(" ".join(words[i : i + size]) in said for i in range(len(words) - size + 1))


def lengths() -> dict[str, int]:
    """Lines of each function, without its docstring."""
    found = {}
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = node.body[1:] if _has_docstring(node) else node.body
                lines = sum(part.end_lineno - part.lineno + 1 for part in body) if body else 0
                found[f"{name_of(path)}:{node.name}:{node.lineno}"] = lines + 1
    return found


def test_functions_are_short():
    """Half of them under 10 lines, nine in ten under 30."""
    found = sorted(lengths().values())

    assert len(found) > 300
    assert statistics.median(found) < 10
    assert found[int(0.9 * len(found))] < 30


def test_no_module_is_long():
    """It could be split before it gets there."""
    # Half a page more than a module should have, so that a comment is never cut for its sake.
    long = {name_of(path): n for path in MODULES if (n := len(path.read_text().splitlines())) > 500}
    assert long == {}


def test_every_module_says_what_it_is_for():
    """For whoever opens it first."""
    assert [name_of(path) for path, tree in TREES.items() if not ast.get_docstring(tree)] == []
