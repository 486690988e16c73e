"""Where the things of one assignment are.

Three homes have one shape: the repository (`assignments/<slug>/` beside
`solutions/<slug>/`), the student zip and the autograder zip (`<slug>/`). Every module
from here on may import this one. It opens assignment.toml and the secret seed, no other file, and knows
no assignment by name: whatever folder holds an assignment.toml is one.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from autograder.errors import UsageError
from autograder.manifest import Manifest, load_manifest
from autograder.schema import closest

__all__ = [
    "SECRET_SEED",
    "Assignment",
    "find_repository",
    "repository_slugs",
    "solution_folder",
    "template_folder",
]

_MANIFEST = "assignment.toml"
SECRET_SEED = "secret_seed"


@dataclass(frozen=True)
class Assignment:
    """One assignment's places.

    Attributes:
        folder: holds assignment.toml and all that a student may read; its name is the slug.
        hidden_tests: the folder of the graders that only staff have, None where there are none.
    """

    folder: Path
    hidden_tests: Path | None = None

    @cached_property
    def manifest(self) -> Manifest:
        """The assignment.toml, read once.

        Raises:
            ManifestError: if it does not say what it must.
        """
        return load_manifest(self.folder / _MANIFEST)

    @property
    def slug(self) -> str:
        """The name that is the same in every folder."""
        return self.folder.name

    @property
    def public_tests(self) -> Path:
        """The folder of the graders that students have."""
        return self.folder / "tests"

    def secret_seed(self) -> int:
        """The seed of the data that only staff can draw.

        It lies beside the hidden graders, in a file that git ignores: drawn when it is first needed,
        and the same from then on, so that a zip built again grades alike.

        Raises:
            UsageError: if there are no hidden graders here.
        """
        if self.hidden_tests is None:
            raise UsageError(self.folder, "there is no secret seed here.", "Use it in hidden graders only.")
        path = self.hidden_tests / SECRET_SEED
        if not path.is_file():
            _draw_seed(path)
        return int(path.read_text(encoding="ascii"))

    @classmethod
    def from_repository(cls, root: Path, slug: str) -> "Assignment":
        """Find an assignment of the repository, with its hidden graders if solutions/ is there.

        Raises:
            UsageError: if there is no such assignment; it names those that there are.
        """
        slugs = repository_slugs(root)
        if slug not in slugs:
            raise UsageError(root / "assignments", f"there is no assignment {slug!r}.", closest(slug, slugs))
        return cls(root / "assignments" / slug, _if_there(solution_folder(root, slug) / "tests"))

    @classmethod
    def from_folder(cls, folder: Path) -> "Assignment":
        """Find the assignment in a folder of an unpacked student or autograder zip.

        Raises:
            UsageError: if the folder holds no assignment.toml.
        """
        folder = folder.resolve()
        if not (folder / _MANIFEST).is_file():
            raise UsageError(
                folder, f"there is no {_MANIFEST} in this folder.", "Name the folder of one assignment."
            )
        return cls(folder, _if_there(folder / "hidden_tests"))


def repository_slugs(root: Path) -> list[str]:
    """List the assignments of a repository: the folders that hold an assignment.toml, sorted."""
    return sorted(path.parent.name for path in (root / "assignments").glob(f"*/{_MANIFEST}"))


def find_repository(start: Path) -> Path:
    """Find the repository that a folder lies in: the nearest one with assignments/ and pyproject.toml.

    Raises:
        UsageError: if neither the folder nor any above it is one.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / "assignments").is_dir() and (folder / "pyproject.toml").is_file():
            return folder
    raise UsageError(
        start,
        "this folder is not in the course's repository: none above it has assignments/ and pyproject.toml.",
        "Change to the repository's folder first.",
    )


def solution_folder(root: Path, slug: str) -> Path:
    """Name the folder of an assignment's secrets; it need not be there."""
    return root / "solutions" / slug


def template_folder(root: Path, slug: str) -> Path:
    """Name the folder of an assignment's generated stubs; it need not be there."""
    return root / "student_templates" / slug


def _draw_seed(path: Path) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(f"{secrets.randbits(64)}\n")
    with suppress(FileExistsError):  # another run was faster: its seed counts for both
        Path(path).hardlink_to(name)
    Path(name).unlink()


def _if_there(folder: Path) -> Path | None:
    return folder if folder.is_dir() else None
