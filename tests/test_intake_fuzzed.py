"""Whatever is handed in, the intake takes it, refuses it in a sentence, and writes nowhere else.

`tests/fuzz.py` runs the same for minutes, guided by what code it reaches.
"""

import io
import os
import shutil
import stat
import tempfile
import time
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder import intake
from autograder.errors import IntakeError
from autograder.manifest import Manifest, Part, Submission

LIMIT = 4096  # bytes of a file
MANIFEST = Manifest(
    title="Tiny",
    summary="Two files and a note.",
    parts=(
        Part(id="1.1", title="A", files=("a.py",), points=1.0),
        Part(id="1.2", title="B", files=("b.py",), points=1.0),
    ),
    submission=Submission(
        optional_files=("c.bin",), max_file_kb=LIMIT // 1024, max_optional_kb=LIMIT // 1024
    ),
)
FAST = settings(
    max_examples=int(os.environ.get("EXAMPLES", "60")),  # tests/fuzz.py asks for more
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# Above what the zip itself takes: the list of its names, and one file at a time.
MEMORY = 4 * 2**20  # bytes


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder in which only `handed_in...` and `taken` may lie, in one that must stay as it is."""
    with tempfile.TemporaryDirectory(prefix="intake-") as name:
        inner = Path(name) / "inner"
        inner.mkdir()
        try:
            yield inner
        finally:
            assert [path.name for path in Path(name).iterdir()] == ["inner"]


def is_safe(make: Callable[[Path], Path]) -> None:
    """Takes in what `make` writes into a folder, and checks every promise of `take_in`."""
    with workplace() as folder:
        submission = make(folder)
        before = sorted(path.name for path in folder.iterdir())
        size = submission.stat().st_size
        tracemalloc.start()
        began = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = intake.take_in(submission, MANIFEST, folder / "taken")
        except IntakeError as error:
            found = intake.Intake((), ("a.py", "b.py"), (error.problem, error.remedy))
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert time.process_time() - began < 2
        assert peak < MEMORY + 40 * size
        check(found, folder / "taken")
        assert sorted(path.name for path in folder.iterdir() if path.name != "taken") == before


def check(found: intake.Intake, destination: Path) -> None:
    """What is said to be taken lies there, as plain files of allowed size, and nothing else does."""
    lying = {path.name: path.lstat() for path in destination.iterdir()}
    assert set(lying) == set(found.files) <= set(MANIFEST.all_files)
    assert set(found.missing) == {"a.py", "b.py"} - set(found.files)
    for status in lying.values():
        assert stat.S_ISREG(status.st_mode)
        assert stat.S_IMODE(status.st_mode) == 0o644
        assert status.st_nlink == 1
        assert status.st_size <= LIMIT
    for note in found.notes:
        assert note.isprintable(), note
        assert note.endswith(".")


def is_safe_as_a_zip(data: bytes) -> None:
    """Any bytes under the name of a zip."""

    def write(folder: Path) -> Path:
        path = folder / "handed_in.zip"
        path.write_bytes(data)
        return path

    is_safe(write)


WANTED = st.sampled_from(MANIFEST.all_files)
NAMES = (
    WANTED
    | st.sampled_from(
        [
            "../a.py",
            "/a.py",
            "x/a.py",
            "x/../a.py",
            "x\\b.py",
            "c:\\a.py",
            "a.py\0.txt",
            "A.PY",
            "",
            ".",
            "./.",
        ]
    )
    | st.builds("{}/{}".format, st.text(max_size=8), WANTED)
    | st.text(max_size=20)
)
CONTENTS = st.binary(max_size=60) | st.integers(0, 3 * LIMIT).map(lambda size: b"\0" * size)
MODES = st.sampled_from(
    [0, stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR]
) | st.integers(0, 0xFFFF)


@st.composite
def zips(draw: st.DrawFn) -> bytes:
    """Zips with any names, modes and methods."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that occur twice
        for _ in range(draw(st.integers(0, 4))):
            info = zipfile.ZipInfo()
            info.filename = info.orig_filename = draw(NAMES).replace("\ud800", "?")
            info.external_attr = draw(MODES) << 16
            info.create_system = draw(st.sampled_from([0, 3]))
            method = draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]))
            archive.writestr(info, draw(CONTENTS), method)
    return made.getvalue()


def example_zips() -> list[bytes]:
    """Zips of each kind, for a fuzzer to begin with."""
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for names in ((), ("a.py",), ("x/a.py", "x/b.py"), ("../a.py", "a.py", "c.bin")):
            made = io.BytesIO()
            with zipfile.ZipFile(made, "w", method) as archive:
                for name in names:
                    archive.writestr(name, b"x = 1\n" * 20)
            found.append(made.getvalue())
    return found


@FAST
@given(zips())
def test_zips_of_any_names_are_taken_or_refused(data):
    """Steps up, links, devices, names that occur twice, bombs."""
    is_safe_as_a_zip(data)


@FAST
@given(zips(), st.data())
def test_damaged_zips_are_taken_or_refused(data, choose):
    """A few bytes changed, left out or put in, anywhere."""
    damaged = bytearray(data)
    for _ in range(choose.draw(st.integers(1, 6))):
        place = choose.draw(st.integers(0, len(damaged)))
        damaged[place : place + choose.draw(st.integers(0, 4))] = choose.draw(st.binary(max_size=4))
    is_safe_as_a_zip(bytes(damaged))


@FAST
@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda end: b"PK\5\6" + end))
def test_bytes_without_sense_are_refused(data):
    """With and without the mark that ends a zip."""
    is_safe_as_a_zip(data)


def hard_link(path: Path) -> None:
    """A second name of a file that is nobody's business."""
    first = path.parent / f".{path.name}"
    first.write_bytes(b"")
    os.link(first, path)


def sparse(path: Path) -> None:
    """2 GB that take no room."""
    with path.open("wb") as file:
        file.truncate(2**31)


KINDS: dict[str, Callable[[Path], object]] = {
    "file": lambda path: path.write_bytes(b"x = 1\n"),
    "large": lambda path: path.write_bytes(b"\0" * (LIMIT + 1)),
    "sparse": sparse,
    "folder": lambda path: path.mkdir(),
    "deep": lambda path: (path / "x" / "y").mkdir(parents=True),
    "link out": lambda path: path.symlink_to("/etc/passwd"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "link to a neighbour": lambda path: path.symlink_to("a.py"),
    "hard link": hard_link,
    "pipe": os.mkfifo,
    "closed": lambda path: (path.write_bytes(b"x"), path.chmod(0)),
}
PLAIN_NAMES = WANTED | st.text(
    st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=20
).filter(lambda name: name not in {".", ".."})


@FAST
@given(
    st.lists(st.tuples(PLAIN_NAMES, st.sampled_from(list(KINDS))), max_size=5),
    st.lists(st.tuples(PLAIN_NAMES, PLAIN_NAMES, st.sampled_from(list(KINDS))), max_size=4),
)
def test_folders_of_anything_are_taken_or_refused(here, below):
    """Files, links, pipes and folders under any names, one folder deep."""

    def write(folder: Path) -> Path:
        root = folder / "handed_in"
        root.mkdir()
        for name, kind in here:
            put(root / name, kind)
        for name, inner, kind in below:
            put(root / name, "folder")
            if stat.S_ISDIR((root / name).lstat().st_mode):
                put(root / name / inner, kind)
        return root

    is_safe(write)


def put(path: Path, kind: str) -> None:
    """Makes a thing of this kind, where there is none of that name yet."""
    if not os.path.lexists(path):
        KINDS[kind](path)


def test_the_check_itself_finds_what_it_looks_for(tmp_path):
    """A file too many, a link, a wrong mode: each is seen."""
    for make in (
        lambda path: (path / "more.py").write_bytes(b""),
        lambda path: (path / "a.py").symlink_to("/etc/passwd"),
        lambda path: (path / "a.py").write_bytes(b"x" * (LIMIT + 1)),
    ):
        shutil.rmtree(tmp_path / "taken", ignore_errors=True)
        (tmp_path / "taken").mkdir()
        make(tmp_path / "taken")
        names = tuple(path.name for path in (tmp_path / "taken").iterdir())
        try:
            check(intake.Intake(names, ("b.py",), ()), tmp_path / "taken")
        except AssertionError:
            continue
        raise AssertionError("check saw nothing")
