"""Builds the two zips of an assignment: the student's, and the one for Gradescope.

The command line imports it. Everything goes in by allow-list: a file that no line
below names is in neither zip. It knows where things lie in the repository, and
nothing of what the graders check. The same files give the same bytes, whatever the
clock, the umask, the line endings of a checkout or the order of a folder.
"""

import io
import os
import re
import stat
import string
import zipfile
from collections.abc import Iterable
from pathlib import Path

from autograder import templates
from autograder.assignment import SECRET_SEED, Assignment, solution_folder, template_folder
from autograder.errors import BundleError
from autograder.run import collect
from autograder.scoring import check_points

__all__ = ["build_autograder", "build_student"]

ENGINE = Path(__file__).resolve().parent
FILES = ENGINE / "files"

# The engine's modules in both zips: what a run imports, the same on a laptop and on Gradescope.
RUN_TIME = (
    "__init__.py",
    "assignment.py",  # finds graders and manifest
    "compare",  # says what is wrong with a value
    "errors.py",
    "grading",  # what a grader imports, and the pytest plugin
    "intake.py",  # takes the submitted files in
    "manifest.py",  # reads assignment.toml
    "model.py",
    "schema.py",  # reads TOML
    "results.py",  # writes results.json
    "run.py",
    "sandbox",  # runs the submitted files
    "schema.py",  # reads any TOML file against a schema
    "scoring.py",  # turns outcomes into points
    "wire.py",  # carries values between grader and sandbox
)
IMAGE = ("image.py",)  # besides those, in Gradescope's image: what run_autograder starts
# Besides those, for students: what they type. No templates, mistakes, verify, bundle, emulate, nor
# the commands for them: those work on the repository, and a student has none.
COMMAND_LINE = ("__main__.py", "cli.py", "display.py", "report.py")

# What the engine imports, and all that those packages need, so that an image can be built again a
# year later. Resolved on Python 3.10 to 3.13; the only place where the versions stand.
RUN_TIME_PINS = (
    "annotated-types==0.8.0",
    "colorama==0.4.6; sys_platform == 'win32'",
    "exceptiongroup==1.3.1; python_version < '3.11'",
    "gradescope-utils==0.5.0",
    "iniconfig==2.3.1",
    "packaging==26.3",
    "pluggy==1.7.0",
    "pydantic==2.14.3",
    "pydantic-core==2.50.4",
    "pygments==2.21.0",
    "pyseccomp==0.1.2; sys_platform == 'linux'",
    "pytest==9.2.0",
    "tomli==2.5.0; python_version < '3.11'",
    "typing-extensions==4.16.0",
    "typing-inspection==0.4.5",
)
COMMAND_LINE_PINS = ("click==8.5.1", "markdown-it-py==4.3.0", "mdurl==0.1.2", "rich==15.0.0")

# `python -m pytest` in the student's folder finds the engine there, and the tests through the plugin.
PYTEST_INI = "[pytest]\naddopts = -p autograder.grading.plugin\ntestpaths = tests\n"

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold
_FILE, _PROGRAM = stat.S_IFREG | 0o644, stat.S_IFREG | 0o755
_UNIX = 3
_MARKER = b"BEGIN SOLUTION"


def build_student(assignment: Assignment, repository_root: Path, out: Path) -> Path:
    """Build the zip that students start from.

    Args:
        assignment: an assignment of the repository.
        repository_root: the folder with assignments/, student_templates/, solutions/ and datasets/.
        out: the folder for zips; the result is `out`/student/<slug>.zip, with one folder <slug>/ in it.

    Returns:
        The path of the zip. It is left untouched where it has these bytes already.

    Raises:
        BundleError: if a file is missing, a stub is stale, requirements contradict each other, or a
            file for students comes from solutions/.
    """
    _refuse_stale(assignment, repository_root)
    slug = assignment.slug
    content = _Content(repository_root / "solutions")
    content.add(template_folder(repository_root, slug), ["*.py"], slug)
    content.add(assignment.folder, ["assignment.toml"], slug)
    content.add(assignment.folder, ["handout.md", "theory.md", "experiments.ipynb"], slug, needed=False)
    content.add(assignment.public_tests, ["**/*.py"], f"{slug}/tests")
    content.add(ENGINE, _modules(RUN_TIME + COMMAND_LINE), f"{slug}/autograder")
    data = repository_root / "datasets"
    content.add(data, ["**/*.py", "README.md"], f"{slug}/datasets", needed=False)
    content.add(data, assignment.manifest.data_files, f"{slug}/datasets")
    content.add_text(f"{slug}/README.md", _student_readme(assignment))
    content.add_text(f"{slug}/pytest.ini", PYTEST_INI)
    pins = RUN_TIME_PINS + COMMAND_LINE_PINS
    content.add_text(f"{slug}/requirements.txt", _requirements(assignment, pins, for_student=True))
    _refuse_marker(content)
    _refuse_missing_stubs(assignment, content)
    return content.write(out / "student" / f"{slug}.zip")


def build_autograder(assignment: Assignment, repository_root: Path, out: Path) -> Path:
    """Build the zip that staff upload to Gradescope: engine and graders, and no solution.

    Args:
        assignment: an assignment of the repository.
        repository_root: as for `build_student`.
        out: the folder for zips; the result is `out`/autograder/<slug>.zip.

    Returns:
        The path of the zip. It is left untouched where it has these bytes already.

    Raises:
        BundleError: as for `build_student`; of solutions/, only the hidden graders may go in.
        ManifestError: if a grader cannot be loaded, or the points of tests and manifest differ.
    """
    _refuse_stale(assignment, repository_root)
    slug = assignment.slug
    content = _Content(repository_root / "solutions", solution_folder(repository_root, slug) / "tests")
    content.add(FILES, ["setup.sh", "run_autograder"], mode=_PROGRAM)
    content.add(ENGINE, _modules(RUN_TIME + IMAGE), "autograder")
    content.add(assignment.folder, ["assignment.toml"], slug)
    content.add(assignment.public_tests, ["**/*.py"], f"{slug}/tests")
    if assignment.hidden_tests:
        content.add(assignment.hidden_tests, ["**/*.py"], f"{slug}/hidden_tests")
    if assignment.manifest.hidden_data:
        content.add(repository_root / "datasets", ["**/*.py"], "datasets")
        content.add_text(f"{slug}/hidden_tests/{SECRET_SEED}", f"{assignment.secret_seed()}\n")
    content.add_text("requirements.txt", _requirements(assignment, RUN_TIME_PINS, for_student=False))
    if index := assignment.manifest.requirements.index:
        content.add_text("package_index", f"{index}\n")
    path = out / "autograder" / f"{slug}.zip"
    if not content.is_written(path):  # loading the graders takes seconds; the same bytes have passed before
        check_points(collect(assignment), assignment.manifest, assignment.folder / "assignment.toml")
    return content.write(path)


def _read(path: Path) -> bytes:
    """A file's bytes: text with the line ends of Linux, anything with a zero byte in it as it is."""
    content = path.read_bytes()
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")


class _Content:
    """What goes into one zip: names, bytes and modes.

    Args:
        secrets: the folder from which nothing may go in.
        allowed: the one folder in it from which something may.
    """

    def __init__(self, secrets: Path, allowed: Path | None = None) -> None:
        self._secrets = secrets.resolve()
        self._allowed = allowed and allowed.resolve()
        self.entries: dict[str, tuple[int, bytes]] = {}

    def add(
        self, folder: Path, patterns: Iterable[str], to: str = "", *, needed: bool = True, mode: int = _FILE
    ) -> None:
        """Put the files of `folder` that match in, below `to`. Each pattern must match where `needed`."""
        for pattern in patterns:
            found = [path for path in sorted(folder.glob(pattern)) if path.is_file()]
            if needed and not found:
                raise BundleError(folder / pattern, "There is no such file.", "Write it, then build again.")
            for path in found:
                self._refuse_secret(path)
                name = f"{to}/{path.relative_to(folder).as_posix()}".lstrip("/")
                self.entries[name] = (mode, _read(path))

    def add_text(self, name: str, text: str) -> None:
        """Put a generated file in."""
        self.entries[name] = (_FILE, text.encode())

    def write(self, path: Path) -> Path:
        """Write the zip in one step, unless the file has these bytes already."""
        if self.is_written(path):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(self._pack())
        os.replace(unfinished, path)  # noqa: PTH105  Path.replace is the same call and hides that it is atomic
        return path

    def is_written(self, path: Path) -> bool:
        """Whether the file has these bytes already."""
        return path.is_file() and path.read_bytes() == self._pack()

    def _pack(self) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, (mode, data) in sorted(self.entries.items()):
                info = zipfile.ZipInfo(name, _DATE)
                info.create_system = _UNIX
                info.external_attr = mode << 16
                archive.writestr(info, data, zipfile.ZIP_DEFLATED, compresslevel=9)
        return buffer.getvalue()

    def _refuse_secret(self, path: Path) -> None:
        real = path.resolve()
        if self._secrets not in real.parents or (self._allowed and self._allowed in real.parents):
            return
        raise BundleError(
            path,
            f"It comes from {self._secrets.name}/, which must stay secret.",
            "Take it out of that folder.",
        )


def _modules(names: Iterable[str]) -> list[str]:
    return [name if name.endswith(".py") else f"{name}/**/*.py" for name in names]


def _refuse_stale(assignment: Assignment, root: Path) -> None:
    solutions, stubs = solution_folder(root, assignment.slug), template_folder(root, assignment.slug)
    if not solutions.is_dir():
        raise BundleError(solutions, "There is no reference to make the stubs from.", "Build where it is.")
    if stale := templates.stale(solutions, stubs):
        raise BundleError(stubs, f"The stubs are out of date ({', '.join(stale)}).", "Run `make templates`.")


def _refuse_marker(content: _Content) -> None:
    for name, (_, data) in content.entries.items():
        if _MARKER in data:
            raise BundleError(
                name,
                f"A file for students holds the words {_MARKER.decode()!r}.",
                "Run `make templates`, and write about the markers elsewhere.",
            )


def _refuse_missing_stubs(assignment: Assignment, content: _Content) -> None:
    for name in assignment.manifest.files:
        if name.endswith(".py") and f"{assignment.slug}/{name}" not in content.entries:
            raise BundleError(
                assignment.folder / "assignment.toml",
                f"There is no stub for {name}.",
                f"Write solutions/{assignment.slug}/{name}, then run `make templates`.",
            )


def _requirements(assignment: Assignment, engine_pins: tuple[str, ...], *, for_student: bool) -> str:
    """One line for each package: the assignment's pins and the engine's."""
    asked = assignment.manifest.requirements
    lines: dict[str, str] = {}
    for pin in asked.autograder + (asked.student if for_student else ()) + engine_pins:
        name = re.sub(r"[-_.]+", "-", re.split(r"[=\[ ]", pin, maxsplit=1)[0]).lower()
        wider = lines.setdefault(name, pin)
        if pin != wider and not pin.startswith(f"{wider};"):  # the same version, only for some systems
            raise BundleError(
                assignment.folder / "assignment.toml",
                f"{name} is pinned twice: {wider} and {pin}.",
                "Keep one of them; the engine's pins are in autograder/bundle.py.",
            )
    return "".join(f"{lines[name]}\n" for name in sorted(lines))


def _student_readme(assignment: Assignment) -> str:
    template = string.Template((FILES / "student_readme.md").read_text(encoding="utf-8"))
    manifest = assignment.manifest
    return template.substitute(title=manifest.title, slug=assignment.slug, part=manifest.parts[0].id)
