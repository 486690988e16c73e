"""Makes the folders of a new assignment, with one small part that works already.

Imported by cli. What it copies lies in `files/new`.
"""

import re
import shutil
from pathlib import Path

from autograder.assignment import solution_folder
from autograder.errors import UsageError

__all__ = ["new_assignment"]

EXAMPLE = Path(__file__).resolve().parent / "files" / "new"


def new_assignment(root: Path, slug: str) -> list[Path]:
    """Creates assignments/<slug> and solutions/<slug>; nothing else needs an edit.

    Returns:
        The two folders.

    Raises:
        UsageError: if the slug is no plain name, or one of the folders exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        raise UsageError(
            slug, "This is no name for a folder.", 'Use small letters, digits and "_", such as a5_diffusion.'
        )
    folders = {"assignment": root / "assignments" / slug, "solution": solution_folder(root, slug)}
    for folder in folders.values():
        if folder.exists():
            raise UsageError(folder, "This folder exists already.", "Choose another name, or remove it.")
    for example, folder in folders.items():
        shutil.copytree(EXAMPLE / example, folder)
    return list(folders.values())
