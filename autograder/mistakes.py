"""Known mistakes: small edits of a reference, and the tests that must catch each.

Reads and checks mistakes.toml and makes the mistaken source. Imported by verify and report.
It runs no test and never writes a file.
"""

import ast
import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from autograder.errors import MistakeError
from autograder.model import TestSpec
from autograder.schema import Problem, Table, closest, explain, read_toml

__all__ = ["Catalogue", "Mistake", "apply", "apply_all", "check_catalogue", "function_of", "load_catalogue"]

Text = Annotated[str, Field(pattern=r"\S")]


class Mistake(Table):
    """One plausible wrong turn, as an edit of the reference."""

    id: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        description='Use lower-case words with hyphens, for example "no-max-shift".',
    )
    file: str = Field(
        pattern=r"^\w+\.py$",
        description='Name a module of the reference without a folder, for example "activations.py".',
    )
    find: Text = Field(description="Copy the lines of the reference that the mistake changes.")
    replace: str = Field(description='Write what stands there instead; "" leaves the lines out.')
    symptom: Text = Field(description="Write what one sees when the mistake is made.")
    hint: Text = Field(description="Write a question or fact that leads the student on.")
    caught_by: tuple[Text, ...] = Field(
        min_length=1, description="List the tests that fail, and no others, by their functions' names."
    )


class Catalogue(Table):
    """A mistakes.toml.

    Attributes:
        end_to_end: tests of everything at once, such as a training to its end. Nearly every mistake fails
            them, slowly, so they run only for those that name them.
    """

    end_to_end: tuple[Text, ...] = Field(
        default=(), description="List tests that run only for the mistakes that name them."
    )
    mistake: tuple[Mistake, ...] = Field(
        min_length=1, description="Write a [[mistake]] table for each mistake, or remove the file."
    )


def load_catalogue(path: Path) -> Catalogue:
    """Read and check the mistakes.toml of a folder of references.

    Raises:
        MistakeError: if the file is missing, does not fit the schema, repeats an id, or names a file
            that does not lie beside it; it lists every problem that was found.
    """
    catalogue = read_toml(path, Catalogue, MistakeError)
    mistakes = catalogue.mistake
    modules = {module.name for module in path.parent.glob("*.py")}
    problems: list[Problem] = [
        (f"the id {name!r} occurs {times} times.", "Give each mistake its own.")
        for name, times in Counter(mistake.id for mistake in mistakes).items()
        if times > 1
    ]
    problems += [
        (
            f"mistake {mistake.id!r}: the reference has no file {mistake.file!r}.",
            closest(mistake.file, modules),
        )
        for mistake in mistakes
        if mistake.file not in modules
    ]
    explain(path, problems, MistakeError)
    return catalogue


def check_catalogue(catalogue: Catalogue, tests: Sequence[TestSpec], place: object = "mistakes.toml") -> None:
    """Check that every test that is named is there.

    Args:
        catalogue: what `load_catalogue` gave.
        tests: all tests of the assignment, public and hidden.
        place: what to name in the error, best the path of the mistakes.toml.

    Raises:
        MistakeError: if one is not; it lists all of them, each with the name that is most like it.
    """
    known = {spec.name for spec in tests}
    named = [(f"mistake {mistake.id!r}", mistake.caught_by) for mistake in catalogue.mistake]
    problems = [
        (f"{where}: there is no test {name!r}.", closest(name, known))
        for where, names in [*named, ("end_to_end", catalogue.end_to_end)]
        for name in names
        if name not in known
    ]
    explain(place, problems, MistakeError)


def apply(mistake: Mistake, source: str) -> str:
    """Make the mistake in the text of a reference.

    Raises:
        MistakeError: if the place is not found exactly once, or the result is not Python, or means the
            same as before.
    """
    times = source.count(mistake.find)
    if times == 0:
        raise _error(mistake, "'find' does not occur in the file.", _nearest(mistake.find, source))
    if times > 1:
        raise _error(
            mistake, f"'find' occurs {times} times in the file.", "Copy more lines around the place."
        )
    mistaken = source.replace(mistake.find, mistake.replace)
    try:
        compile(mistaken, mistake.file, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _error(
            mistake,
            f"the edited file is not Python: {error.msg}, line {error.lineno}.",
            "Correct 'replace', and its indentation.",
        ) from None
    if ast.dump(ast.parse(mistaken)) == ast.dump(ast.parse(source)):
        raise _error(mistake, "the edit changes nothing but its looks.", "Correct 'replace'.")
    return mistaken


def apply_all(mistakes: Iterable[Mistake], source: str) -> str:
    """Make several mistakes at once: `apply` has accepted each, and no two touch one place."""
    for mistake in sorted(mistakes, key=lambda mistake: source.index(mistake.find), reverse=True):
        start = source.index(mistake.find)
        source = source[:start] + mistake.replace + source[start + len(mistake.find) :]
    return source


def function_of(mistake: Mistake, source: str) -> int | None:
    """The line at which the function begins, decorators counted, whose body holds the whole edit.

    None where the edit touches more than one body: a signature, a class, the module itself.
    """
    edited = mistake.find.strip("\n")
    start = source[: source.index(edited)].count("\n") + 1
    end = start + edited.count("\n")
    for node in _functions(ast.parse(source)):
        if node.lineno < node.body[0].lineno <= start and end <= (node.end_lineno or 0):
            return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return None


def _functions(tree: ast.Module | ast.ClassDef) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions and methods of a module, without those inside of others."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node)


def _error(mistake: Mistake, problem: str, remedy: str) -> MistakeError:
    return MistakeError(f"mistake {mistake.id!r}, {mistake.file}", problem, remedy)


def _nearest(find: str, source: str) -> str:
    """Quote the lines of the source that are most like those that were not found."""
    lines = source.splitlines()
    height = len(find.strip("\n").splitlines())
    windows = ["\n".join(lines[start : start + height]) for start in range(len(lines) - height + 1)]
    near = difflib.get_close_matches(find, windows, n=1, cutoff=0.5)
    if not near:
        return "Copy it from the file, spaces included."
    return f"Line {windows.index(near[0]) + 1} is most like it: {near[0].strip()!r}."
