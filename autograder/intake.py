"""Takes the files that an assignment asks for out of a folder or a zip that somebody handed in.

The command line and the run import it. It knows the names that the manifest
asks for and nothing about what is in the files: no byte is changed, no line is
judged. A name from a submission is compared and shown, and never used as a path.
"""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import IntakeError
from autograder.manifest import Manifest

__all__ = ["Intake", "take_in"]

MAX_NAMES = 100_000  # a folder or zip with more is not a homework; reading them all would take minutes
MAX_ZIP_BYTES = 16 * 1024 * 1024  # besides the files asked for: room for a notebook or a small data set
SHOWN_NAME = 80  # characters of a name from a submission in a sentence

# On Windows there is no link to follow at this point, and text mode would change line endings.
_OPEN = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY")
)
_KINDS = {
    stat.S_IFLNK: "it is a symbolic link. Hand in the file itself.",
    stat.S_IFDIR: "it is a folder. Hand in a file of that name.",
    stat.S_IFIFO: "it is a named pipe. Hand in an ordinary file.",
    stat.S_IFSOCK: "it is a socket. Hand in an ordinary file.",
    stat.S_IFCHR: "it is a device. Hand in an ordinary file.",
    stat.S_IFBLK: "it is a device. Hand in an ordinary file.",
}


@dataclass(frozen=True)
class Intake:
    """What was taken.

    Attributes:
        files: names of the files that are in the destination now, in the manifest's order.
        missing: names that the parts need and that are not there, for whatever reason.
        notes: sentences for the student, safe to show: each thing that was not taken as it was handed in.
    """

    files: tuple[str, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Entry:
    """A name in a submission: the folder it lies in ("" at the top), and how to read it."""

    folder: str
    name: str
    read: Callable[[int], bytes]

    @property
    def shown(self) -> str:
        return _clean(f"{self.folder}/{self.name}" if self.folder else self.name)


class _RefusedError(Exception):
    """Why one file is not taken, as the end of a sentence, and what to do."""


def take_in(submission: Path, manifest: Manifest, destination: Path) -> Intake:
    """Copy the files that `manifest` names out of `submission` into `destination`.

    Args:
        submission: a folder or a zip. The files may lie in exactly one sub-folder of it.
        manifest: says which names are asked for, and how large a file may be.
        destination: a folder that does not exist yet, or is empty. Files get mode 0644.

    Returns:
        What was taken. Whatever is wrong with one file costs that file only.

    Raises:
        IntakeError: if `submission` is neither a folder nor a whole zip, or is far too large,
            or `destination` holds something already.
    """
    _make_fresh(destination)
    if submission.is_dir():
        return _select(list(_within_limit(submission, _in_folder(submission))), manifest, destination)
    largest = sum(map(manifest.submission.max_kb, manifest.all_files)) * 1024
    with _open_zip(submission, MAX_ZIP_BYTES + largest) as archive:
        return _select(list(_within_limit(submission, _in_zip(archive))), manifest, destination)


def _make_fresh(destination: Path) -> None:
    destination.mkdir(parents=True, exist_ok=True)
    if any(destination.iterdir()):
        raise IntakeError(destination, "This folder is not empty.", "Name a folder that does not exist yet.")


def _within_limit(submission: Path, entries: Iterator[_Entry]) -> Iterator[_Entry]:
    for count, entry in enumerate(entries):
        if count == MAX_NAMES:
            raise IntakeError(
                _clean(submission.name),
                f"It holds more than {MAX_NAMES} files.",
                "Hand in only the files that the assignment asks for.",
            )
        yield entry


# Choosing


def _select(entries: list[_Entry], manifest: Manifest, destination: Path) -> Intake:
    wanted = manifest.all_files
    base, notes = _base_folder(entries, {name.casefold() for name in wanted})
    here = [entry for entry in entries if entry.folder == base]
    taken = []
    for name in wanted:
        data, note = _read(name, here, manifest.submission.max_kb(name) * 1024)
        notes += note
        if data is not None:
            _write(destination / name, data)
            taken.append(name)
    missing = tuple(name for name in manifest.files if name not in taken)
    notes += _notes_about_others(here, wanted, nothing_taken=not taken)
    return Intake(tuple(taken), missing, tuple(notes))


def _read(name: str, here: list[_Entry], limit: int) -> tuple[bytes | None, list[str]]:
    """A file's bytes, or None and, where it is there all the same, why it is not taken."""
    try:
        return _find(name, here).read(limit), []
    except _RefusedError as refusal:
        return None, [str(refusal)]
    except FileNotFoundError:
        return None, []


def _base_folder(entries: list[_Entry], wanted: set[str]) -> tuple[str, list[str]]:
    """The folder to take from: the top, or else the only sub-folder that holds a wanted name."""
    holding = sorted({entry.folder for entry in entries if entry.name.casefold() in wanted})
    if "" in holding or not holding:
        return "", []
    if len(holding) == 1:
        note = f"The files were taken from the folder {_quoted(holding[0])}: hand in the files alone."
        return holding[0], [note]
    note = f"Files of the assignment lie in {len(holding)} folders ({_some(holding)}), so none was taken."
    return "", [f"{note} Hand in one set of files, without a folder."]


def _find(wanted: str, here: list[_Entry]) -> _Entry:
    """The one entry of that name. Raises FileNotFoundError, or _RefusedError with a whole sentence."""
    exact = [entry for entry in here if entry.name == wanted]
    if len(exact) == 1:
        return exact[0]
    if exact:
        raise _refused(exact[0].shown, f"it is in the zip {len(exact)} times. Hand it in once.")
    for entry in here:
        if entry.name.casefold() == wanted.casefold():
            raise _refused(
                entry.shown, f"small and capital letters count in a name. Rename it to {_quoted(wanted)}."
            )
    raise FileNotFoundError(wanted)


def _notes_about_others(here: list[_Entry], wanted: tuple[str, ...], *, nothing_taken: bool) -> list[str]:
    names = {name.casefold() for name in wanted}
    others = sorted({entry.name for entry in here if entry.name.casefold() not in names})
    modules = [name for name in others if name.endswith(".py")]
    zips = [name for name in others if name.casefold().endswith(".zip")]
    notes = []
    if modules:
        notes.append(f"Not taken, since the assignment does not ask for it: {_some(modules)}.")
    if zips and nothing_taken:
        notes.append(
            f"A zip inside the submission is not opened: {_some(zips)}. Hand in the files themselves."
        )
    return notes


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o644)


# Folders


def _in_folder(root: Path) -> Iterator[_Entry]:
    for found in _listing(root):
        yield _Entry("", found.name, _file_reader("", found))
        if found.is_dir(follow_symlinks=False):
            for inner in _listing(Path(found.path)):
                yield _Entry(found.name, inner.name, _file_reader(found.name, inner))


def _listing(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            yield from (entry for entry in found if not _is_noise(entry.name))
    except PermissionError:
        return  # what cannot be listed is missing, and is reported as that


def _file_reader(folder: str, found: os.DirEntry[str]) -> Callable[[int], bytes]:
    shown = _clean(f"{folder}/{found.name}" if folder else found.name)
    return lambda limit: _read_file(Path(found.path), shown, limit)


def _read_file(path: Path, shown: str, limit: int) -> bytes:
    try:
        before = path.lstat()
        _refuse_unless_plain(before, shown, limit)
        with os.fdopen(os.open(path, _OPEN), "rb") as file:
            opened = os.fstat(file.fileno())
            _refuse_unless_plain(opened, shown, limit)
            if not os.path.samestat(before, opened):
                raise _refused(shown, "it changed while it was read. Hand it in again.")
            return _at_most(file.read(limit + 1), shown, limit)
    except OSError as error:
        raise _refused(shown, f"it cannot be read ({error.strerror}). Hand it in again.") from error


def _refuse_unless_plain(status: os.stat_result, shown: str, limit: int) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        raise _refused(shown, _KINDS.get(kind, "it is not a file. Hand in an ordinary file."))
    if status.st_nlink > 1:
        raise _refused(shown, "it is a hard link, one file with two names. Hand in a copy.")
    _refuse_large(status.st_size, shown, limit)


# Zips


def _open_zip(path: Path, limit: int) -> zipfile.ZipFile:
    name = _clean(path.name)
    try:
        if not path.is_file() or not zipfile.is_zipfile(path):
            raise _not_a_zip(path)
        if path.stat().st_size > limit:
            raise IntakeError(
                name,
                f"It is {_kb(path.stat().st_size)}; at most {_kb(limit)} are read.",
                "Hand in only the files that the assignment asks for.",
            )
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, struct.error) as error:
        raise IntakeError(name, "The zip is broken.", "Make it again and hand it in again.") from error


def _not_a_zip(path: Path) -> IntakeError:
    name = _clean(path.name)
    if not path.exists():
        return IntakeError(path, "There is no such file or folder.", "Check the path.")
    if path.suffix.lower() == ".zip":
        return IntakeError(name, "The zip is broken.", "Make it again and hand it in again.")
    return IntakeError(
        name, "This is neither a folder nor a zip.", "Hand in the files as they are, or one zip of them."
    )


def _in_zip(archive: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in archive.infolist():
        parts = [part for part in info.orig_filename.replace("\\", "/").split("/") if part != "."]
        # ZipInfo.is_dir stumbles over an empty name; nothing is left of "." where it stands alone.
        is_folder = info.filename.endswith("/") or not parts
        if is_folder or any(_is_noise(part) for part in parts if part != ".."):
            continue
        if _is_stray(parts):
            yield _Entry("", parts[-1].split("\0")[0], _stray_reader(info))
        elif len(parts) <= 2:
            yield _Entry("".join(parts[:-1]), parts[-1], _member_reader(archive, info))


def _is_stray(parts: list[str]) -> bool:
    """An absolute name, a drive, a step up, or a name with a NUL: it would land somewhere else."""
    return ".." in parts or "" in parts or any("\0" in part for part in parts) or parts[0].endswith(":")


def _stray_reader(info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(_limit: int) -> bytes:
        raise _refused(
            _clean(info.orig_filename), "its name in the zip leads elsewhere. Zip the plain files."
        )

    return read


def _member_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    return lambda limit: _read_member(archive, info, limit)


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    shown = _clean(info.orig_filename)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if info.create_system == 3 and kind in _KINDS:
        raise _refused(shown, _KINDS[kind])
    if info.flag_bits & 1:
        raise _refused(shown, "it is encrypted. Make the zip without a password.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The other methods unpack a block as a whole: a small zip could fill the memory.
        raise _refused(shown, "it is compressed in an unusual way. Make an ordinary zip.")
    _refuse_large(info.file_size, shown, limit)
    try:
        with archive.open(info) as file:
            return _at_most(file.read(limit + 1), shown, limit)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        struct.error,
    ) as error:
        raise _refused(shown, "it is broken in the zip. Make the zip again.") from error


# Sentences


def _refused(shown: str, reason: str) -> _RefusedError:
    return _RefusedError(f"'{shown}' was not taken: {reason}")


def _refuse_large(size: int, shown: str, limit: int) -> None:
    if size > limit:
        raise _refused(shown, f"it is {_kb(size)}, and a file may be {_kb(limit)}. Hand in a smaller one.")


def _at_most(data: bytes, shown: str, limit: int) -> bytes:
    _refuse_large(len(data), shown, limit)
    return data


def _kb(size: int) -> str:
    return f"{-(-size // 1024):,} KB"


def _quoted(name: str) -> str:
    return f"'{_clean(name)}'"


def _some(names: list[str], most: int = 4) -> str:
    more = [f"{len(names) - most} more"] if len(names) > most else []
    return ", ".join([_quoted(name) for name in names[:most]] + more)


def _clean(name: str) -> str:
    """A name from outside, fit to be shown: no control characters, no text direction tricks, not too long."""
    shown = "".join(char if char.isprintable() else "?" for char in name)
    return shown if len(shown) <= SHOWN_NAME else shown[: SHOWN_NAME - 3] + "..."


def _is_noise(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"
