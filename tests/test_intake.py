"""What is taken from a submission, what is not, and what the student reads about it."""

import io
import os
import socket
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from autograder import intake
from autograder.errors import IntakeError
from autograder.manifest import Manifest, Part, Submission

MANIFEST = Manifest(
    title="Tiny",
    summary="Two files and a note.",
    parts=(
        Part(id="1.1", title="Activations", files=("activations.py",), points=1.0),
        Part(id="1.2", title="Losses", files=("losses.py",), points=1.0),
    ),
    submission=Submission(optional_files=("notes.txt",), max_file_kb=4),
)
GOOD = {"activations.py": b"a = 1\n", "losses.py": b"b = 2\n"}


def take(submission: Path) -> intake.Intake:
    """Take a submission in, beside where it lies."""
    return intake.take_in(submission, MANIFEST, submission.parent / "taken")


def folder_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """A folder with these files."""
    for name, data in files.items():
        path = tmp_path / "handed_in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path / "handed_in"


def zip_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """A zip of these files."""
    path = tmp_path / "handed_in.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def taken(tmp_path: Path) -> dict[str, bytes]:
    """What lies in the destination."""
    return {path.name: path.read_bytes() for path in (tmp_path / "taken").iterdir()}


@pytest.fixture(params=[folder_of, zip_of], ids=["folder", "zip"])
def hand_in(request, tmp_path):
    """Hands in the same files as a folder and as a zip."""
    return lambda files: take(request.param(tmp_path, files))


def test_files_are_taken_in_the_manifest_s_order(hand_in, tmp_path):
    """Those of the parts, then the optional ones."""
    found = hand_in({"notes.txt": b"hello", **GOOD})

    assert found == intake.Intake(("activations.py", "losses.py", "notes.txt"), (), ())
    assert taken(tmp_path) == {"notes.txt": b"hello", **GOOD}


def test_taken_files_have_the_same_mode_whatever_they_had(tmp_path):
    """No run bit, no set-user bit."""
    folder = folder_of(tmp_path, GOOD)
    (folder / "losses.py").chmod(0o4777)

    take(folder)

    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "taken").iterdir()} == {0o644}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbfa = 1\n",
        b"a = 1\r\nb = 2\r\n",
        b"# caf\xe9\n",
        b"\tif",
        b"\0" * 9,
        b"x" * 4096,
    ],
    ids=["empty", "byte-order mark", "CRLF", "Latin-1", "syntax error", "NUL", "exactly the limit"],
)
def test_no_byte_of_a_file_is_changed(hand_in, tmp_path, data):
    """What Python makes of it is Python's to say."""
    assert hand_in({**GOOD, "losses.py": data}).notes == ()
    assert taken(tmp_path)["losses.py"] == data


def test_a_missing_file_costs_that_file_only(hand_in, tmp_path):
    """It is in `missing`, and needs no note."""
    found = hand_in({"losses.py": b"b = 2\n"})

    assert found == intake.Intake(("losses.py",), ("activations.py",), ())


def test_the_same_files_one_folder_too_deep_are_taken_and_noted(hand_in, tmp_path):
    """The most common slip costs nothing."""
    found = hand_in({f"my homework/{name}": data for name, data in GOOD.items()} | {"readme.md": b""})

    assert found.files == tuple(GOOD)
    assert found.notes == ("The files were taken from the folder 'my homework': hand in the files alone.",)
    assert taken(tmp_path) == GOOD


SEVERAL = (
    "Files of the assignment lie in 2 folders ('new', 'old'), so none was taken. "
    "Hand in one set of files, without a folder."
)
OTHER_CASE = (
    "'Activations.py' was not taken: small and capital letters count in a name. "
    "Rename it to 'activations.py'."
)
NOT_ASKED_FOR = (
    "Not taken, since the assignment does not ask for it: "
    "'conftest.py', 'helpers.py', 'numpy.py', 'sitecustomize.py', 1 more."
)


def test_files_in_several_folders_are_not_guessed_at(hand_in):
    """Which ones are meant is the student's to say."""
    found = hand_in({"old/losses.py": b"", "new/losses.py": b"", "new/activations.py": b""})

    assert found == intake.Intake(
        (),
        ("activations.py", "losses.py"),
        (SEVERAL,),
    )


def test_a_name_that_differs_by_case_is_not_taken_and_the_right_one_is_named(hand_in):
    """On every system, since Gradescope's tells them apart."""
    found = hand_in({"Activations.py": b"", "losses.py": b""})

    assert found.missing == ("activations.py",)
    assert found.notes == (OTHER_CASE,)


def test_other_modules_are_named_and_other_files_are_not(hand_in):
    """A helper that is missing later is explained here; what configures tools stays outside."""
    names = ["conftest.py", "numpy.py", "helpers.py", "sitecustomize.py", "torch.py", "pytest.ini", "x.pth"]
    found = hand_in({**GOOD, **dict.fromkeys(names, b"raise SystemExit")})

    assert found.files == tuple(GOOD)
    assert found.notes == (NOT_ASKED_FOR,)


def test_what_an_operating_system_leaves_behind_is_ignored(hand_in):
    """Without a word."""
    noise = {".DS_Store": b"", "__MACOSX/losses.py": b"", "__MACOSX/._losses.py": b"", ".git/losses.py": b""}

    assert hand_in({**GOOD, **noise}) == intake.Intake(tuple(GOOD), (), ())


def test_a_zip_inside_the_submission_is_not_opened(hand_in):
    """And is named, where nothing else was found."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("losses.py", "b = 2")

    assert hand_in({"hw1.zip": inner.getvalue()}).notes == (
        "A zip inside the submission is not opened: 'hw1.zip'. Hand in the files themselves.",
    )


def test_a_file_over_the_limit_is_refused_with_both_sizes(hand_in):
    """One byte too many."""
    found = hand_in({**GOOD, "losses.py": b"x" * 4097})

    assert found.missing == ("losses.py",)
    assert found.notes == (
        "'losses.py' was not taken: it is 5 KB, and a file may be 4 KB. Hand in a smaller one.",
    )


def test_a_sparse_file_of_2_gb_is_refused_unread(tmp_path):
    """By the size that the file system tells."""
    folder = folder_of(tmp_path, GOOD)
    os.truncate(folder / "losses.py", 2 * 1024**3)

    assert take(folder).notes == (
        "'losses.py' was not taken: it is 2,097,152 KB, and a file may be 4 KB. Hand in a smaller one.",
    )


def test_a_zip_beside_the_files_is_nobody_s_business(hand_in):
    """Such as the one that the student has just packed from this very folder."""
    assert hand_in({"losses.py": b"", "tiny-submission.zip": b"PK"}).notes == ()


def test_control_characters_in_a_name_are_not_shown(hand_in):
    """Nor marks that turn the direction of text, nor a name of any length."""
    evil = "\x1b[31mred\u202efdp\n" + "x" * 200 + ".py"

    (note,) = hand_in({**GOOD, evil: b""}).notes

    assert note == (
        "Not taken, since the assignment does not ask for it: '?[31mred?fdp?" + "x" * 64 + "...'."
    )


def test_too_many_names_are_refused_as_a_whole(hand_in, monkeypatch):
    """100,000 files would take minutes."""
    monkeypatch.setattr(intake, "MAX_NAMES", 20)

    with pytest.raises(IntakeError) as caught:
        hand_in({f"{number}.txt": b"" for number in range(21)})
    assert caught.value.problem == "It holds more than 20 files."
    assert caught.value.remedy == "Hand in only the files that the assignment asks for."


# Links and things that are not files


def _link(folder: Path, outside: Path) -> None:
    (folder / "losses.py").symlink_to(outside)


def _link_to_nothing(folder: Path, outside: Path) -> None:
    (folder / "losses.py").symlink_to(folder / "nowhere")


def _hard_link(folder: Path, outside: Path) -> None:
    os.link(outside, folder / "losses.py")


def _pipe(folder: Path, outside: Path) -> None:
    os.mkfifo(folder / "losses.py")


def _socket(folder: Path, outside: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "losses.py"))


def _device(folder: Path, outside: Path) -> None:
    os.mknod(folder / "losses.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))


def _folder(folder: Path, outside: Path) -> None:
    (folder / "losses.py").mkdir()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_link, "it is a symbolic link. Hand in the file itself."),
        (_link_to_nothing, "it is a symbolic link. Hand in the file itself."),
        (_hard_link, "it is a hard link, one file with two names. Hand in a copy."),
        (_pipe, "it is a named pipe. Hand in an ordinary file."),
        (_socket, "it is a socket. Hand in an ordinary file."),
        pytest.param(
            _device,
            "it is a device. Hand in an ordinary file.",
            marks=pytest.mark.skipif(
                not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can make a device"
            ),
        ),
        (_folder, "it is a folder. Hand in a file of that name."),
    ],
)
def test_only_ordinary_files_are_taken(tmp_path, make, reason):
    """Each other kind has its own sentence, and nothing is followed or waited for."""
    outside = tmp_path / "secret.py"
    outside.write_text("secret = 1")
    folder = folder_of(tmp_path, {"activations.py": b""})
    make(folder, outside)

    found = take(folder)

    assert found == intake.Intake(
        ("activations.py",), ("losses.py",), (f"'losses.py' was not taken: {reason}",)
    )


def test_a_link_to_a_folder_is_not_entered(tmp_path):
    """What lies behind it is not the student's."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "losses.py").write_text("secret = 1")
    folder = folder_of(tmp_path, {"readme.md": b""})
    (folder / "sub").symlink_to(tmp_path / "secrets")

    assert take(folder) == intake.Intake((), ("activations.py", "losses.py"), ())


def test_a_file_swapped_while_it_is_read_is_refused(tmp_path, monkeypatch):
    """What was checked must be what is read."""
    folder = folder_of(tmp_path, {"losses.py": b"before"})
    other = folder / "other.txt"
    other.write_text("after")
    real = os.open
    monkeypatch.setattr(intake.os, "open", lambda path, flags: real(other, flags))

    assert take(folder).notes == (
        "'losses.py' was not taken: it changed while it was read. Hand it in again.",
    )


def test_a_file_that_cannot_be_read_says_why(tmp_path, monkeypatch):
    """With the system's reason."""

    def refuse(path, flags):
        raise PermissionError(13, "Permission denied")

    folder = folder_of(tmp_path, {"losses.py": b""})
    monkeypatch.setattr(intake.os, "open", refuse)

    assert take(folder).notes == (
        "'losses.py' was not taken: it cannot be read (Permission denied). Hand it in again.",
    )


# Zips


def _entry(
    name: str, *, mode: int = stat.S_IFREG | 0o644, method: int = zipfile.ZIP_DEFLATED
) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("placeholder")
    info.filename = name  # ZipInfo itself cuts a name at a NUL
    info.orig_filename = name
    info.create_system = 3
    info.external_attr = mode << 16
    info.compress_type = method
    return info


@pytest.mark.parametrize(
    ("info", "reason"),
    [
        (_entry("losses.py", mode=stat.S_IFLNK | 0o777), "it is a symbolic link. Hand in the file itself."),
        (_entry("losses.py", mode=stat.S_IFIFO | 0o644), "it is a named pipe. Hand in an ordinary file."),
        (_entry("../losses.py"), "its name in the zip leads elsewhere. Zip the plain files."),
        (_entry("..\\losses.py"), "its name in the zip leads elsewhere. Zip the plain files."),
        (_entry("/losses.py"), "its name in the zip leads elsewhere. Zip the plain files."),
        (_entry("C:/losses.py"), "its name in the zip leads elsewhere. Zip the plain files."),
        (_entry("losses.py\0.txt"), "its name in the zip leads elsewhere. Zip the plain files."),
        (
            _entry("losses.py", method=zipfile.ZIP_LZMA),
            "it is compressed in an unusual way. Make an ordinary zip.",
        ),
    ],
)
def test_a_strange_entry_of_a_zip_costs_that_file_only(tmp_path, info, reason):
    """Nothing is written outside the destination."""
    path = tmp_path / "handed_in.zip"
    shown = info.filename.replace("\0", "?")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("activations.py", "a = 1")
        archive.writestr(info, "/etc/passwd")

    found = take(path)

    assert found == intake.Intake(
        ("activations.py",), ("losses.py",), (f"'{shown}' was not taken: {reason}",)
    )
    assert not (tmp_path / "losses.py").exists()


@pytest.mark.parametrize("name", [".", "./.", ".\\."])
def test_a_zip_may_name_the_folder_that_it_packs(tmp_path, name):
    """Nothing is left of such a name, and nothing is lost with it."""
    path = tmp_path / "handed_in.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(_entry(name), b"")
        archive.writestr("activations.py", "a = 1")

    assert take(path) == intake.Intake(("activations.py",), ("losses.py",), ())


def test_a_name_that_is_twice_in_a_zip_is_not_taken(tmp_path):
    """Two programs could see two different files."""
    path = tmp_path / "handed_in.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")  # zipfile warns about the second one
        for text in ("b = 1", "b = 2"):
            archive.writestr("losses.py", text)

    assert take(path).notes == ("'losses.py' was not taken: it is in the zip 2 times. Hand it in once.",)


def _patched(path: Path, offset: int, value: bytes) -> Path:
    """Change bytes in the last central record, counted from its signature."""
    data = bytearray(path.read_bytes())
    start = data.rindex(b"PK\1\2") + offset
    data[start : start + len(value)] = value
    path.write_bytes(data)
    return path


def test_an_encrypted_file_says_so(tmp_path):
    """Nobody has the password."""
    path = _patched(zip_of(tmp_path, {"losses.py": b"b = 2"}), 8, b"\1\0")

    assert take(path).notes == (
        "'losses.py' was not taken: it is encrypted. Make the zip without a password.",
    )


def test_a_bomb_is_refused_by_its_declared_size(tmp_path):
    """Without unpacking it."""
    path = zip_of(tmp_path, {"losses.py": b"\0" * 50_000_000})

    assert path.stat().st_size < 60_000
    assert take(path).notes == (
        "'losses.py' was not taken: it is 48,829 KB, and a file may be 4 KB. Hand in a smaller one.",
    )


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(tmp_path):
    """Reading stops at the limit."""
    path = _patched(zip_of(tmp_path, {"losses.py": b"\0" * 50_000_000}), 24, (4096).to_bytes(4, "little"))

    found = take(path)

    assert found.notes == ("'losses.py' was not taken: it is broken in the zip. Make the zip again.",)
    assert taken(tmp_path) == {}


def test_a_damaged_file_in_a_zip_costs_that_file_only(tmp_path):
    """The checksum tells."""
    path = tmp_path / "handed_in.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("activations.py", "a = 1")
        archive.writestr("losses.py", "b = 2")
    path.write_bytes(path.read_bytes().replace(b"b = 2", b"b = 3"))

    found = take(path)

    assert found.files == ("activations.py",)
    assert found.notes == ("'losses.py' was not taken: it is broken in the zip. Make the zip again.",)


# Submissions that are unusable as a whole


def _broken_zip(tmp_path: Path) -> Path:
    path = zip_of(tmp_path, GOOD)
    path.write_bytes(path.read_bytes()[:-30])
    return path


def _lying_zip(tmp_path: Path) -> Path:
    return _patched(zip_of(tmp_path, GOOD), 0, b"XX")


def _single_file(tmp_path: Path) -> Path:
    path = tmp_path / "losses.py"
    path.write_text("b = 2")
    return path


def _other_archive(tmp_path: Path) -> Path:
    path = tmp_path / "handed_in.rar"
    path.write_bytes(b"Rar!\x1a\7\0")
    return path


def _pipe_as_a_whole(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe.zip")
    return tmp_path / "pipe.zip"


@pytest.mark.parametrize(
    ("make", "problem", "remedy"),
    [
        (_broken_zip, "The zip is broken.", "Make it again and hand it in again."),
        (_lying_zip, "The zip is broken.", "Make it again and hand it in again."),
        (_pipe_as_a_whole, "The zip is broken.", "Make it again and hand it in again."),
        (
            _single_file,
            "This is neither a folder nor a zip.",
            "Hand in the files as they are, or one zip of them.",
        ),
        (
            _other_archive,
            "This is neither a folder nor a zip.",
            "Hand in the files as they are, or one zip of them.",
        ),
        (lambda tmp_path: tmp_path / "nothing", "There is no such file or folder.", "Check the path."),
    ],
)
def test_an_unusable_submission_is_an_explained_error(tmp_path, make, problem, remedy):
    """Neither a folder nor a whole zip."""
    submission = make(tmp_path)

    with pytest.raises(IntakeError) as caught:
        take(submission)
    assert (caught.value.problem, caught.value.remedy) == (problem, remedy)


def test_a_large_zip_is_refused_before_it_is_opened(tmp_path, monkeypatch):
    """Reading the list of its files alone could fill the memory."""
    monkeypatch.setattr(intake, "MAX_ZIP_BYTES", 2048)
    path = tmp_path / "handed_in.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.bin", os.urandom(20_000))

    with pytest.raises(
        IntakeError, match=r"handed_in.zip: It is 20 KB; at most 14 KB are read. Hand in only"
    ):
        take(path)


def test_a_destination_that_holds_something_is_refused(tmp_path):
    """No file may come from an earlier submission."""
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "old.py").write_text("")

    with pytest.raises(
        IntakeError, match=r"taken: This folder is not empty. Name a folder that does not exist"
    ):
        take(folder_of(tmp_path, GOOD))


def test_it_works_where_no_link_can_be_refused_at_opening(tmp_path, monkeypatch):
    """As on Windows."""
    monkeypatch.setattr(intake, "_OPEN", os.O_RDONLY)

    assert take(folder_of(tmp_path, GOOD)).files == tuple(GOOD)


def test_an_optional_file_may_have_a_limit_of_its_own(tmp_path):
    """Weights are larger than code; too large a file costs itself alone."""
    submission = Submission(optional_files=("weights.bin",), max_file_kb=1, max_optional_kb=3)
    manifest = Manifest(title="Tiny", summary="Weights.", parts=MANIFEST.parts, submission=submission)
    code = manifest.files[0]
    folder = folder_of(tmp_path, {code: b"x" * 1024, "weights.bin": b"x" * 3072})

    assert intake.take_in(folder, manifest, tmp_path / "first").files == (code, "weights.bin")

    with (folder / "weights.bin").open("wb") as weights:
        weights.truncate(2 << 30)
    taken = intake.take_in(folder, manifest, tmp_path / "second")
    assert taken.files == (code,)
    assert taken.notes == (
        "'weights.bin' was not taken: it is 2,097,152 KB, and a file may be 3 KB. Hand in a smaller one.",
    )
