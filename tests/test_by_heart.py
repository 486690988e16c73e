"""What a table of answers to the public tests would gain: their inputs are drawn anew for each submission."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.assignment import find_repository

ROOT = find_repository(Path(__file__).parent)
SLUGS = sorted(path.parent.name for path in (ROOT / "assignments").glob("*/assignment.toml"))
MOST = 20  # of 100 points: worked examples, and answers that are no numbers


def decorator(function: ast.FunctionDef, name: str) -> ast.Call | None:
    """Its decorator of that name, where it is called."""
    calls = (node for node in function.decorator_list if isinstance(node, ast.Call))
    return next((call for call in calls if ast.unparse(call.func).endswith(name)), None)


def arguments(function: ast.FunctionDef) -> set[str]:
    """Names of what pytest hands over."""
    return {argument.arg for argument in function.args.args + function.args.kwonlyargs}


def draws_nothing(file: Path) -> Iterator[tuple[str, float]]:
    """Name and points of each test of a grader that takes no random number, not even through a fixture."""
    functions = [
        node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)
    ]
    drawing = {"rng"}
    for _ in functions:  # fixtures may use one another
        drawing |= {function.name for function in functions if arguments(function) & drawing}
    for function in functions:
        points = decorator(function, "weight")
        if points and function.name not in drawing:
            yield f"{file.name}::{function.name}", ast.literal_eval(points.args[0])


@pytest.mark.parametrize("slug", SLUGS)
def test_a_table_of_answers_gains_little(slug):
    """Hidden tests draw theirs as well, and nobody has seen them."""
    files = sorted((ROOT / "assignments" / slug / "tests").glob("test_*.py"))
    fixed = dict(pair for file in files for pair in draws_nothing(file))

    assert files
    assert sum(fixed.values()) <= MOST, fixed
