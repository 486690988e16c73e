"""What assignment.toml says: parts, points, files, limits, requirements.

The schema stands here and nowhere else; the description of a field is what a person
is told to write when the value there is wrong. Every module from here on may import this
one. It knows nothing of tests, folders or Gradescope.
"""

import keyword
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from autograder.errors import ManifestError
from autograder.schema import Problem, Table, explain, read_toml

__all__ = [
    "LeaderboardColumn",
    "Limits",
    "Manifest",
    "Part",
    "Requirements",
    "Sandbox",
    "Submission",
    "Theory",
    "load_manifest",
]

# Modules that the engine itself imports beside a submission.
_RESERVED = frozenset({"autograder", "conftest", "numpy", "pytest"})

Sentence = Annotated[str, Field(pattern=r"\S")]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
# A letter, digit or underscore first, so no path, no hidden file and no option of a command.
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$")]
Package = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Module = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$")]
Pin = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._, -]+\])? ?===? ?\d[A-Za-z0-9.+!_-]*( *;.+)?$"),
]


class Part(Table):
    """One part of an assignment: the id is the same in handout, tests, manifest and results."""

    id: str = Field(
        pattern=r"^[1-9]\d*\.[1-9]\d*$",
        description="Use the assignment's number, a dot and the part's, for example \"1.2\".",
    )
    title: Sentence = Field(description='Write a few words, for example "Activations".')
    files: tuple[FileName, ...] = Field(
        min_length=1, description='List plain file names without a folder, for example ["activations.py"].'
    )
    points: Positive = Field(description="Use a positive number, for example 14.")
    allowed_imports: tuple[Package, ...] | None = Field(
        default=None,
        description='List names of top-level packages, for example ["numpy"]; without it, '
        "'sandbox.allowed_imports' counts.",
    )
    refused: tuple[Name, ...] = Field(
        default=(), description='List names of a library that files may not use, for example ["Conv2d"].'
    )


class Theory(Table):
    """A written question, marked by hand, outside the points of the parts."""

    id: str = Field(pattern=r"^T[1-9]\d*$", description='Use T and a number, for example "T1".')
    title: Sentence = Field(description='Write a few words, for example "Convexity".')
    points: Positive = Field(description="Use a positive number, for example 5.")


class Submission(Table):
    """What may be handed in besides the files of the parts."""

    optional_files: tuple[FileName, ...] = Field(
        default=(), description='List plain file names without a folder, for example ["notes.txt"].'
    )
    max_file_kb: Count = Field(
        default=256, description="Use a positive whole number of KiB for each file, for example 256."
    )
    max_optional_kb: Count | None = Field(
        default=None,
        description="Use a positive whole number of KiB for each optional file, for example 10240; "
        "without it, 'submission.max_file_kb' counts.",
    )

    def max_kb(self, name: str) -> int:
        """The largest size of a file, in KiB."""
        return (name in self.optional_files and self.max_optional_kb) or self.max_file_kb


class Limits(Table):
    """What one test, and the run as a whole, may use."""

    test_seconds: Positive = Field(
        default=10.0, description="Use a positive number of seconds, for example 10."
    )
    run_seconds: Annotated[float, Field(gt=0, le=2400)] = Field(
        default=300.0,
        description="Use a positive number of seconds up to 2400, Gradescope's longest time-out, "
        "for example 300.",
    )
    memory_mb: Count = Field(
        default=256,
        description="Use a positive whole number of MiB, on top of the fork server's, for example 256.",
    )
    disk_mb: Count = Field(default=16, description="Use a positive whole number of MiB, for example 16.")
    output_kb: Count = Field(default=64, description="Use a positive whole number of KiB, for example 64.")
    open_files: Count = Field(default=64, description="Use a positive whole number, for example 64.")
    threads: Count = Field(default=16, description="Use a positive whole number, for example 16.")


class Requirements(Table):
    """Packages, each pinned exactly so that an image can be built again a year later."""

    autograder: tuple[Pin, ...] = Field(
        default=(), description='Pin each package exactly, for example "numpy==2.2.6".'
    )
    student: tuple[Pin, ...] = Field(
        default=(), description='Pin each package exactly, for example "matplotlib==3.10.0".'
    )
    index: Annotated[str, Field(pattern=r"^https://\S+$")] | None = Field(
        default=None,
        description="Write the address, with https, of a package index that images use besides their own.",
    )


class Sandbox(Table):
    """What is imported before a sandbox starts, and what submitted files may import."""

    preload: tuple[Module, ...] = Field(
        default=("numpy",), description='List names of modules to import, for example ["numpy"].'
    )
    allowed_imports: tuple[Package, ...] = Field(
        default=("numpy",), description='List names of top-level packages, for example ["numpy"].'
    )


class LeaderboardColumn(Table):
    """A column of the leaderboard, and which end of it is best."""

    name: Sentence = Field(description='Write the column\'s name, for example "accuracy".')
    order: Literal["asc", "desc"] = Field(
        default="desc", description='Use "desc" where more is better and "asc" where less is.'
    )


class Manifest(Table):
    """One assignment as its assignment.toml describes it."""

    title: Sentence = Field(description='Write a few words, for example "Neural networks from scratch".')
    summary: Sentence = Field(description="Write one sentence for tables and the README.")
    parts: tuple[Part, ...] = Field(
        min_length=1, description="Write a [[parts]] table with id, title, files and points for each part."
    )
    theory: tuple[Theory, ...] = Field(
        default=(), description="Write a [[theory]] table with id, title and points for each question."
    )
    bonus: Annotated[float, Field(ge=0)] = Field(
        default=0.0, description="Use the points to earn on top of the parts', for example 5."
    )
    hidden_data: bool = Field(
        default=False,
        description="Write true where hidden graders draw data with datasets/ from the fixture secret_seed.",
    )
    data_files: tuple[FileName, ...] = Field(
        default=(),
        description='List files of datasets/ that students need besides its modules: ["cnn.safetensors"].',
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Write a [settings] table: whatever the graders want to read."
    )
    submission: Submission = Field(default=Submission(), description="Write a [submission] table.")
    limits: Limits = Field(default=Limits(), description="Write a [limits] table.")
    requirements: Requirements = Field(default=Requirements(), description="Write a [requirements] table.")
    sandbox: Sandbox = Field(default=Sandbox(), description="Write a [sandbox] table.")
    leaderboard: tuple[LeaderboardColumn, ...] = Field(
        default=(), description="Write a [[leaderboard]] table with name and order for each column."
    )

    @property
    def points(self) -> float:
        """The sum of the parts' points."""
        return sum(part.points for part in self.parts)

    @cached_property
    def files(self) -> tuple[str, ...]:
        """The files to hand in, each once, in the order of the parts."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.files))

    @cached_property
    def all_files(self) -> tuple[str, ...]:
        """The files to hand in, then the optional ones."""
        return tuple(dict.fromkeys(self.files + self.submission.optional_files))

    def part(self, part_id: str) -> Part:
        """Find a part by its id.

        Raises:
            ManifestError: if there is no such part.
        """
        for part in self.parts:
            if part.id == part_id:
                return part
        known = ", ".join(part.id for part in self.parts)
        raise ManifestError(self.title, f"there is no part {part_id}.", f"The parts are {known}.")


def load_manifest(path: Path) -> Manifest:
    """Read and check an assignment.toml.

    Raises:
        ManifestError: if the file is missing, is not TOML, or does not fit the schema; it lists
            every problem that was found.
    """
    manifest = read_toml(path, Manifest, ManifestError)
    explain(path, list(_contradictions(manifest)), ManifestError)
    return manifest


def _contradictions(manifest: Manifest) -> Iterator[Problem]:
    """Check what no single field can know."""
    for key, names in {
        "parts.id": [part.id for part in manifest.parts],
        "theory.id": [question.id for question in manifest.theory],
        "leaderboard.name": [column.name for column in manifest.leaderboard],
    }.items():
        for name in _repeated(names):
            yield f"'{key}' {name!r} occurs more than once.", "Give each its own."
    for name in _repeated([name.casefold() for name in manifest.all_files]):
        yield (
            f"two files are called {name!r} but for their case.",
            "Some systems cannot tell them apart: rename one.",
        )
    for name in manifest.all_files:
        yield from _file_problems(name, manifest)
    yield from _import_problems(manifest.sandbox)
    if manifest.limits.test_seconds > manifest.limits.run_seconds:
        yield (
            f"'limits.test_seconds' is {manifest.limits.test_seconds:g}, more than the whole run has.",
            f"Use at most the {manifest.limits.run_seconds:g} of 'limits.run_seconds'.",
        )


def _repeated(names: list[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _file_problems(name: str, manifest: Manifest) -> Iterator[Problem]:
    stem, dot, ending = name.rpartition(".")
    if dot + ending != ".py":
        return
    if not stem.isidentifier() or keyword.iskeyword(stem):
        yield (
            f"file {name!r} cannot be imported.",
            "Use letters, digits and underscores, for example losses.py.",
        )
    if stem.casefold() in sys.stdlib_module_names | _RESERVED | _packages(manifest.sandbox):
        yield f"file {name!r} would hide the module {stem.casefold()!r}.", "Choose another name for the file."


def _packages(sandbox: Sandbox) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in sandbox.preload + sandbox.allowed_imports)


def _import_problems(sandbox: Sandbox) -> Iterator[Problem]:
    for name in sandbox.preload:
        package = name.partition(".")[0]
        if package == "autograder":
            yield f"'sandbox.preload' names {name!r}.", "Leave it out: the engine stays out of sandboxes."
        elif package not in sys.stdlib_module_names and package not in sandbox.allowed_imports:
            yield (
                f"'sandbox.preload' names {name!r}, which no submission may import.",
                f"Add {package!r} to 'sandbox.allowed_imports', or leave it out.",
            )
