"""Makes a fresh sandbox for each test, and leaves no trace of it afterwards.

Used by `grading`. Knows the submission's files and the assignment's limits, and
no test.
"""

import json
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import SandboxError
from autograder.sandbox.client import Sandbox
from autograder.sandbox.launch import Launcher, Process, UserBlock, make_launcher
from autograder.sandbox.layers import LAYERS, Confinement
from autograder.sandbox.leftovers import remove_all_of, remove_folder, remove_messages_of
from autograder.sandbox.loader import StudentFiles, compiled_file
from autograder.sandbox.policy import Rules
from autograder.sandbox.session import Session
from autograder.sandbox.transport import LocalTransport, RemoteTransport
from autograder.sandbox.verdicts import Allowance, StudentError

__all__ = ["Equipment", "LocalWorkshop", "Workshop"]


@dataclass(frozen=True)
class Equipment:
    """What all sandboxes of a run have in common.

    Attributes:
        files: the folder with the submitted files.
        rules: which files are expected and what they may use.
        preload: modules to import before any sandbox starts.
        open_files, threads: limits of each sandbox.
        off: layers that are left out on purpose.
        first_uid: start of the run's user ids, None to draw one.
    """

    files: Path
    rules: Rules
    preload: Sequence[str] = ("numpy",)
    open_files: int = 64
    threads: int = 16
    off: tuple[str, ...] = ()
    first_uid: int | None = None


@dataclass(frozen=True)
class _Prepared:
    """A sandbox that waits for its first request: nothing of the student's has run in it."""

    folder: Path
    uid: int | None
    limits: Allowance
    process: Process


class Workshop:
    """Sandboxes in processes of their own, one after the other.

    While a test uses one sandbox, the next gives up its rights on the other core.

    Args:
        equipment: what all its sandboxes have in common.
        launcher: starts their processes, and may serve other workshops too; None makes one of its own.

    Attributes:
        layers: name of each layer, and whether the last sandbox had it.
    """

    def __init__(self, equipment: Equipment, launcher: Launcher | None = None) -> None:
        self._equipment = equipment
        self.layers = dict.fromkeys(LAYERS, False)
        self._users = UserBlock(equipment.first_uid) if _is_root() else None
        if self._users:
            _check_readable()
        self._folder = Path(tempfile.mkdtemp(prefix="autograder-"))
        self._folder.chmod(0o711)  # a sandbox must reach its own folder in here, and see no other
        self._launcher: Launcher = launcher or make_launcher(equipment.preload)
        self._owns_launcher = launcher is None
        self._spare: _Prepared | None = None
        self._compiled: dict[str, bytes] | None = None

    def wait_until_ready(self) -> None:
        """Waits until a sandbox can be started; the graders can be loaded meanwhile.

        Raises:
            SandboxError: if none can be started at all.
        """
        self._launcher.wait_until_ready()

    @contextmanager
    def sandbox(self, allowance: Allowance) -> Iterator[Sandbox]:
        """A sandbox with its own copy of the files; both are gone afterwards.

        Raises:
            SandboxError: if it cannot be started.
        """
        if self._compiled is None:
            self._compiled = {}
            self._compiled = self._compile(allowance)
        prepared, transport = self._start(allowance)
        try:
            if self._spare is None:
                with suppress(SandboxError, OSError):  # not this test's affair: the next one will say so
                    self._spare = self._prepare(allowance)
            yield Sandbox(transport, allowance.memory_mb)
        finally:
            transport.close()
            self._clear(prepared)

    def _compile(self, allowance: Allowance) -> dict[str, bytes]:
        """The submitted files compiled, once for all tests, in a sandbox in which none of them runs.

        Only sandboxes ever read the result. A file that cannot be compiled is left out: each test that
        imports it says why.
        """
        compiled = {}
        with self.sandbox(allowance) as sandbox:
            for name in self._equipment.rules.expected:
                module = name.removesuffix(".py")
                if name.endswith(".py") and (self._equipment.files / name).is_file():
                    with suppress(StudentError):
                        code = sandbox.ask(name, "compile", module)
                        compiled[compiled_file(module)] = code if isinstance(code, bytes) else b""
        return {name: code for name, code in compiled.items() if code}

    def _start(self, allowance: Allowance) -> tuple[_Prepared, RemoteTransport]:
        spare = self._spare
        if spare and spare.limits == allowance:
            self._spare = None
            # What has died since, for whatever reason, was not this test's fault: a new one is made.
            with suppress(SandboxError):
                if spare.process.is_running():
                    return spare, self._greet(spare)
            self._discard(spare)
        prepared = self._prepare(allowance)
        return prepared, self._greet(prepared)

    def _prepare(self, allowance: Allowance) -> _Prepared:
        uid = self._users.next() if self._users else None
        folder = self._private_folder(uid)
        confinement = Confinement(
            folder=str(folder),
            uid=uid,
            killer_uid=self._users.start if self._users else None,
            memory_mb=allowance.memory_mb,
            file_mb=allowance.disk_mb,
            open_files=self._equipment.open_files,
            threads=self._equipment.threads,
            cpu_seconds=int(allowance.seconds) * self._equipment.threads + 10,
            off=self._equipment.off,
        )
        process = self._launcher.launch(confinement, self._equipment.rules)
        return _Prepared(folder, uid, allowance, process)

    def _greet(self, prepared: _Prepared) -> RemoteTransport:
        """The way to a prepared sandbox; its clock starts now."""
        transport = RemoteTransport(prepared.process, prepared.limits, prepared.folder)
        self.layers = json.loads(transport.greeting())
        prepared.process.may_multiply = not self.layers["seccomp"]
        return transport

    def _private_folder(self, uid: int | None) -> Path:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        for name in self._equipment.rules.expected:
            if (self._equipment.files / name).is_file():
                shutil.copyfile(self._equipment.files / name, folder / name)
                (folder / name).chmod(0o644)
        for name, code in (self._compiled or {}).items():
            (folder / name).write_bytes(code)
        if uid is not None:
            os.chown(folder, uid, uid)
        return folder

    def _discard(self, prepared: _Prepared) -> None:
        """Ends a sandbox that no test has used."""
        with suppress(SandboxError):
            prepared.process.end(0)
        prepared.process.close()
        self._clear(prepared)

    def _clear(self, prepared: _Prepared) -> None:
        remove_folder(prepared.folder)
        if prepared.uid is not None and not self.layers["landlock"]:
            remove_all_of(prepared.uid)
        if prepared.uid is not None and not self.layers["seccomp"]:
            remove_messages_of(prepared.uid)

    def close(self) -> None:
        """Ends every sandbox and removes every file of the run."""
        if self._spare:
            self._discard(self._spare)
            self._spare = None
        if self._owns_launcher:
            self._launcher.close()
        remove_folder(self._folder)


class LocalWorkshop:
    """The student's code in the grader's own process, for a debugger: no wall, no limits."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self.layers = dict.fromkeys(LAYERS, False)

    def wait_until_ready(self) -> None:
        """Nothing to wait for."""

    @contextmanager
    def sandbox(self, allowance: Allowance) -> Iterator[Sandbox]:
        """The submitted files as they are; their modules are imported anew for each test."""
        files = StudentFiles(self._equipment.files.resolve(), self._equipment.rules)
        sys.meta_path.insert(0, files)
        try:
            yield Sandbox(LocalTransport(lambda call_back: Session(files, call_back)), allowance.memory_mb)
        finally:
            sys.meta_path.remove(files)
            for name in files.modules:
                sys.modules.pop(name, None)

    def close(self) -> None:
        """Nothing to end."""


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _check_readable() -> None:
    """A sandbox's user is nobody's friend: it needs an interpreter that everybody can read."""
    for library in (Path(os.__file__).parent, Path(sys.prefix)):
        for folder in (library.resolve(), *library.resolve().parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                raise SandboxError(
                    sys.executable,
                    f"A sandbox cannot read this Python: {folder} is closed to other users.",
                    "Make the virtual environment from /usr/bin/python3, in a folder open to all.",
                )
