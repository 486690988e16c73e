"""The folder of stubs that students start with, made from a folder of references.

Imported by bundle and the command line; it knows folders of modules, not assignments.
"""

from pathlib import Path

from autograder.markers import make_stub

__all__ = ["stale", "stubs_of", "write_templates"]


def stubs_of(folder: Path) -> dict[str, str]:
    """Make the stub of each module that lies directly in a folder of references.

    Raises:
        TemplateError: as `make_stub`; the place is the file and its line.
    """
    return {
        path.name: make_stub(path.read_text(encoding="utf-8"), str(path))
        for path in sorted(folder.glob("*.py"))
    }


def write_templates(solution_folder: Path, template_folder: Path) -> list[str]:
    """Write the stubs that are new or have changed, and return their names.

    A file that no reference stands behind is left alone: it may be somebody's work.
    """
    template_folder.mkdir(parents=True, exist_ok=True)
    changed = [
        (template_folder / name, text)
        for name, text in stubs_of(solution_folder).items()
        if _content(template_folder / name) != text.encode()
    ]
    for path, text in changed:
        path.write_bytes(text.encode())  # bytes, since text would get other line ends on Windows
    return [path.name for path, _ in changed]


def stale(solution_folder: Path, template_folder: Path) -> list[str]:
    """List the stubs that are not what their references give, each with what is the matter."""
    stubs = stubs_of(solution_folder)
    found = [
        f"{name} is missing" if content is None else f"{name} is stale"
        for name, text in stubs.items()
        if (content := _content(template_folder / name)) != text.encode()
    ]
    left_over = sorted({path.name for path in template_folder.glob("*.py")} - stubs.keys())
    return found + [f"{name} is left over: it has no reference, so delete it" for name in left_over]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
