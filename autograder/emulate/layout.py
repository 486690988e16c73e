"""The folders that Gradescope makes: the unpacked zip, the submission, the metadata.

`local` and `docker` import it. It starts nothing but `cp`.
"""

import hashlib
import json
import os
import shutil
import stat
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from autograder.errors import EmulatorError

__all__ = ["digest", "empty", "fingerprint", "place_metadata", "place_submission", "unpack_autograder"]

PROGRAMS = ("setup.sh", "run_autograder")
MAX_UNPACKED = 1024**3  # bytes

# One student's submission, as the documentation and real files show it; 42 minutes before it is due.
METADATA: dict[str, Any] = {
    "id": 123456789,
    "created_at": "2025-09-18T23:17:04.123456-07:00",
    "assignment": {
        "id": 1234567,
        "course_id": 12345,
        "title": "Programming assignment",
        "due_date": "2025-09-18T23:59:00.000000-07:00",
        "late_due_date": "2025-09-20T23:59:00.000000-07:00",
        "release_date": "2025-09-04T09:00:00.000000-07:00",
        "group_size": 1,
        "group_submission": False,
        "total_points": "100.0",
    },
    "submission_method": "upload",
    "users": [
        {
            "id": 1234321,
            "email": "ada@example.edu",
            "name": "Ada Example",
            "assignment": {
                "release_date": "2025-09-04T09:00:00.000000-07:00",
                "due_date": "2025-09-18T23:59:00.000000-07:00",
                "late_due_date": "2025-09-20T23:59:00.000000-07:00",
            },
        }
    ],
    "previous_submissions": [
        {
            "submission_time": "2025-09-17T20:41:12.654321-07:00",
            "score": 12.5,
            "autograder_error": False,
            "results": {"score": 12.5, "tests": [], "stdout_visibility": "hidden"},
        }
    ],
}


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    if not path.is_file():
        raise EmulatorError(path, "There is no such zip.", "Build it first: autograder bundle.")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unpack_autograder(path: Path, source: Path) -> None:
    """Unpack an autograder zip, and mend line endings of its two programs as dos2unix does.

    Raises:
        EmulatorError: if it is no zip, or setup.sh or run_autograder is not at its root.
    """
    _unpack(path, source)
    for name in PROGRAMS:
        program = source / name
        if not program.is_file():
            raise EmulatorError(
                path,
                f"There is no {name} at the root of the zip.",
                "Zip the files, not the folder that they are in.",
            )
        program.write_bytes(program.read_bytes().replace(b"\r\n", b"\n"))
        program.chmod(0o755)


def empty(folder: Path) -> Path:
    """Make a folder that is new, whatever was there."""
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)
    else:
        folder.unlink(missing_ok=True)
    folder.mkdir(parents=True)
    return folder


def place_submission(submission: Path, to: Path) -> None:
    """Fill submission/: a folder as it is, links and all; a zip unpacked; a single file alone.

    Raises:
        EmulatorError: if there is no such submission, or its zip is broken.
    """
    if submission.is_dir():
        # Python's copytree stops at a named pipe and makes two files of a hard link.
        subprocess.run(["cp", "-dR", "--preserve=links,mode", f"{submission}/.", str(to)], check=True)
    elif submission.is_file() and zipfile.is_zipfile(submission):
        _unpack(submission, to)
    elif submission.is_file():
        shutil.copy(submission, to)
    else:
        raise EmulatorError(submission, "There is no such submission.", "Name a folder, a zip or a file.")


def place_metadata(metadata: Path | None, to: Path) -> None:
    """Write submission_metadata.json: the given file, or one like Gradescope's."""
    if metadata is None:
        to.write_text(json.dumps(METADATA, indent=2), encoding="utf-8")
    elif metadata.is_file():
        shutil.copyfile(metadata, to)
    else:
        raise EmulatorError(metadata, "There is no such file.", "Name a JSON file, or leave --metadata out.")


def fingerprint(base: Path) -> dict[str, str]:
    """What identifies each file of an image that a run must not change, by its name."""
    files = [base / "run_autograder", *sorted((base / "source").rglob("*"))]
    return {
        str(path.relative_to(base)): f"{path.lstat().st_mode:o} {_identity(path)}"
        for path in files
        if os.path.lexists(path) and "__pycache__" not in path.parts
    }


def _identity(path: Path) -> str:
    if path.is_symlink():
        return str(path.readlink())
    return digest(path) if path.is_file() else ""


def _unpack(path: Path, to: Path) -> None:
    """Unpack with modes and symbolic links, as `unzip` does; nothing lands outside `to`."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(info.file_size for info in entries) > MAX_UNPACKED:
                raise EmulatorError(path, "Unpacked, it is larger than 1 GiB.", "Leave data out of the zip.")
            links = [info for info in entries if _kind(info) == stat.S_IFLNK]
            for info in entries:
                if info not in links:
                    target = Path(archive.extract(info, to))
                    if mode := stat.S_IMODE(info.external_attr >> 16):
                        target.chmod(mode | 0o400)
            for info in links:  # last, so that no other entry is written through one
                _link(archive, info, to)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
        raise EmulatorError(path, f"It cannot be unpacked ({error}).", "Make the zip again.") from error


def _kind(info: zipfile.ZipInfo) -> int:
    return stat.S_IFMT(info.external_attr >> 16)


def _link(archive: zipfile.ZipFile, info: zipfile.ZipInfo, to: Path) -> None:
    place = Path(archive.extract(info, to))  # a file, whose name zipfile has made safe
    place.unlink()
    place.symlink_to(os.fsdecode(archive.read(info)))
