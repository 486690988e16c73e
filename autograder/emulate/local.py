"""Gradescope's steps in a folder of this machine: no container, so the difference is told.

The package's front imports it. Linux.
"""

import os
import platform
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from autograder.emulate import layout
from autograder.emulate.outcome import (
    Build,
    EmulatedRun,
    last_lines,
    read_results,
    read_stdout,
    silent,
    timed_out,
)
from autograder.emulate.processes import Family, Limits
from autograder.errors import EmulatorError

__all__ = ["SECRET", "Emulator"]

REAL = Path("/autograder")
STAMP = ".image"
SYSTEM_PYTHON = "/usr/bin/python3"
BUILD_SECONDS = 1200
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Stands for what the harness's environment holds: no grader may pass it on to a submission.
SECRET = {"GRADESCOPE_HARNESS_TOKEN": "not-a-real-token"}
# How this machine reaches its package index. Only the build step gets these.
_INDEX = ("PIP_", "UV_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_BUNDLE")


class Emulator:
    """Builds and runs an autograder zip in one root directory.

    Args:
        root: the directory that stands for a container's; everything is in `root`/autograder, or in
            /autograder itself where that is the root.
        python: the interpreter that setup.sh is told to use where it is not the system's.
        progress: takes a line for each step.
    """

    def __init__(
        self, root: Path, *, python: str = SYSTEM_PYTHON, progress: Callable[[str], None] = silent
    ) -> None:
        root = root.absolute()
        self.base = root if root == REAL else root / "autograder"
        self._python = python
        self._progress = progress

    def build(self, zip_path: Path) -> Build:
        """Make the image: unpack the zip and run its setup.sh, unless it is the one that is here.

        Raises:
            EmulatorError: if this is not Linux, the zip is not laid out as Gradescope needs it, setup.sh
                fails, or the root holds something that is not an image.
        """
        _refuse_other_systems()
        sha256 = layout.digest(zip_path)
        stamp = f"{sha256} {self._python}"
        if self._stamp() == stamp:
            return Build(sha256, 0.0, reused=True, log="")
        started = time.monotonic()
        self._progress(f"unpacking {zip_path.name}")
        self._clear()
        layout.unpack_autograder(zip_path, self.base / "source")
        shutil.copy(self.base / "source" / "run_autograder", self.base / "run_autograder")
        log = self._set_up(zip_path)
        (self.base / STAMP).write_text(stamp)
        return Build(sha256, time.monotonic() - started, reused=False, log=log)

    def run(
        self,
        submission: Path,
        metadata: Path | None = None,
        *,
        timeout: float = 600,
        memory_mb: int = 768,
        cpus: float = 0.5,
        layers_off: Sequence[str] = (),
    ) -> EmulatedRun:
        """Grade one submission in the image.

        Args:
            submission: a folder, a zip or a single file, as a student uploads it.
            metadata: a submission_metadata.json; without it, one like Gradescope's.
            timeout: seconds until run_autograder is killed: Gradescope's default, at most 2400 there.
            memory_mb: the container's memory in MiB, for all processes together.
            cpus: the container's processors.
            layers_off: layers of the sandbox to do without, such as "landlock".

        Raises:
            EmulatorError: if there is no image, or no such submission.
        """
        if not self._stamp():
            raise EmulatorError(self.base, "There is no image here.", "Build one from a zip first.")
        results, submitted = layout.empty(self.base / "results"), layout.empty(self.base / "submission")
        layout.place_submission(submission.absolute(), submitted)
        layout.place_metadata(metadata, self.base / "submission_metadata.json")
        before = layout.fingerprint(self.base)
        limits = Limits(memory_mb, cpus)
        self._progress(f"running {submission.name}")
        try:
            with Family.watch() as family:
                run = _Run(self._start(limits, layers_off), family, timeout)
            out_of_memory = limits.out_of_memory()
        finally:
            limits.close()
        return EmulatedRun(
            results=timed_out(timeout) if run.timed_out else read_results(results / "results.json"),
            stdout=read_stdout(results / "stdout"),
            seconds=run.seconds,
            exit_status=run.exit_status,
            timed_out=run.timed_out,
            peak_memory_mb=run.peak_memory_mb,
            out_of_memory=out_of_memory,
            leftovers=run.leftovers,
            changed=self._changed_since(before),
            not_emulated=(*_differences(self.base, self._python), *limits.missing),
        )

    def _stamp(self) -> str:
        stamp = self.base / STAMP
        return stamp.read_text() if stamp.is_file() else ""

    def _clear(self) -> None:
        """A fresh root; what is not an image of ours is left alone."""
        try:
            if self.base.exists():
                if any(self.base.iterdir()) and not (self.base / STAMP).exists():
                    raise EmulatorError(
                        self.base, "This folder holds something else.", "Choose another root."
                    )
                shutil.rmtree(self.base)
            self.base.mkdir(parents=True)
            self.base.chmod(0o755)
            (self.base / STAMP).touch()  # ours, but not ready
            for name in ("source", "submission", "results"):
                (self.base / name).mkdir()
        except OSError as error:
            raise EmulatorError(
                self.base, f"This folder cannot be made ({error.strerror}).", "Choose another root."
            ) from error

    def _set_up(self, zip_path: Path) -> str:
        environment = {name: value for name, value in os.environ.items() if name.upper().startswith(_INDEX)}
        if self._python != SYSTEM_PYTHON:
            environment["AUTOGRADER_PYTHON"] = self._python
        with subprocess.Popen(
            ["bash", str(self.base / "source" / "setup.sh")],
            cwd=self.base,
            env=environment | self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            watchdog = threading.Timer(BUILD_SECONDS, os.killpg, (process.pid, signal.SIGKILL))
            watchdog.start()
            log = "".join(self._follow(process))
            watchdog.cancel()
        if process.returncode:
            raise EmulatorError(
                zip_path,
                f"setup.sh failed with exit status {process.returncode}; its last lines:\n{last_lines(log)}",
                "Correct what it names, then build again.",
            )
        return log

    def _follow(self, process: "subprocess.Popen[str]") -> Sequence[str]:
        lines = []
        for line in process.stdout or ():
            self._progress(line.rstrip())
            lines.append(line)
        return lines

    def _environment(self) -> dict[str, str]:
        elsewhere = {} if self.base == REAL else {"AUTOGRADER_ROOT": str(self.base)}
        return {"PATH": PATH, "HOME": "/root", **elsewhere}

    def _start(self, limits: Limits, layers_off: Sequence[str]) -> "subprocess.Popen[bytes]":
        """Start run_autograder as our direct child, inside the limits."""
        layers = {"AUTOGRADER_LAYERS_OFF": ",".join(layers_off)} if layers_off else {}
        enter = 'program=$1; shift; for door; do echo $$ > "$door"; done; exec "$program"'
        with (self.base / "results" / "stdout").open("wb") as stdout:
            return subprocess.Popen(
                ["/bin/sh", "-c", enter, "sh", str(self.base / "run_autograder"), *map(str, limits.doors)],
                cwd=self.base,
                env=self._environment() | SECRET | layers,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # what signals its own group must not hit us
            )

    def _changed_since(self, before: dict[str, str]) -> tuple[str, ...]:
        after = layout.fingerprint(self.base)
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if changed:
            (self.base / STAMP).write_text("")
        return tuple(changed)


class _Run:
    """Waits for run_autograder as the harness does: a timer that kills the direct child only."""

    def __init__(self, process: "subprocess.Popen[bytes]", family: Family, timeout: float) -> None:
        started = time.monotonic()
        self.peak_memory_mb = 0.0
        self.timed_out = False
        while process.poll() is None:
            self.peak_memory_mb = max(self.peak_memory_mb, family.memory_mb())
            if time.monotonic() - started > timeout:
                self.timed_out = True
                process.kill()
            self._nap(process)
        self.seconds = time.monotonic() - started
        self.exit_status = process.returncode
        self.leftovers = self._leftovers(family)

    @staticmethod
    def _nap(process: "subprocess.Popen[bytes]") -> None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)

    @staticmethod
    def _leftovers(family: Family) -> tuple[str, ...]:
        if family.names():
            time.sleep(0.2)  # what has been killed already needs a moment to go
        return family.names()


def _refuse_other_systems() -> None:
    if not sys.platform.startswith("linux"):
        raise EmulatorError(
            "autograder emulate", f"This is {platform.system()}.", "Run it on Linux, or with --docker IMAGE."
        )


def _differences(base: Path, python: str) -> list[str]:
    """What no folder can be like."""
    found = [
        f"The image is this machine ({_system_name()}), not Ubuntu 22.04.",
        "There is no container: the machine's other files and processes can be seen.",
        "Every submission gets a container of its own there; here one root serves all.",
        "apt-get update was not run before setup.sh, and /tmp was not emptied after it.",
    ]
    if base != REAL:
        found.append(f"The root is {base}, so AUTOGRADER_ROOT is set.")
    if python != SYSTEM_PYTHON:
        found.append(f"The interpreter is {python}, not {SYSTEM_PYTHON}.")
    if os.geteuid() != 0:
        found.append("You are not root, so the sandbox cannot change its user.")
    return found


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()
