"""Images that several tests and scripts grade in: of the repository's assignments and of the small course."""

import shutil
from pathlib import Path

from autograder.assignment import Assignment, find_repository
from autograder.bundle import build_autograder
from autograder.emulate import Emulator
from autograder.templates import write_templates

ROOT = find_repository(Path(__file__).parent)
COURSE = Path(__file__).parent / "hostile" / "course"


def image_of(slug: str) -> Emulator:
    """The image of an assignment's own zip, built where it is not there yet."""
    emulator = Emulator(ROOT / "build" / "images" / slug)
    emulator.build(build_autograder(Assignment.from_repository(ROOT, slug), ROOT, ROOT / "dist"))
    return emulator


def build_powers(root: Path) -> Emulator:
    """The small course of the hostile tests, copied to `root`: its stubs, zip and image."""
    shutil.copytree(COURSE, root)
    write_templates(root / "solutions" / "powers", root / "student_templates" / "powers")
    zip_path = build_autograder(Assignment.from_repository(root, "powers"), root, root / "dist")
    emulator = Emulator(root / "image")
    emulator.build(zip_path)
    return emulator
