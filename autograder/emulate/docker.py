"""Gradescope's steps in real containers, where a Docker engine runs.

The package's front imports it. The steps are those of `local`. The tests put a stand-in for
`docker` on PATH and read the commands that it gets: these have not met a real engine yet.
"""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from autograder.emulate import layout
from autograder.emulate.local import SECRET
from autograder.emulate.outcome import (
    Build,
    EmulatedRun,
    last_lines,
    read_results,
    read_stdout,
    silent,
    timed_out,
)
from autograder.errors import EmulatorError

__all__ = ["DockerEmulator"]

DOCKERFILE = """\
FROM {image}
COPY source /autograder/source
RUN cp /autograder/source/run_autograder /autograder/run_autograder \\
    && mkdir -p /autograder/submission /autograder/results \\
    && apt-get update && bash /autograder/source/setup.sh && apt-get clean \\
    && rm -rf /var/lib/apt/lists/* /tmp/* /var/tmp/*
WORKDIR /autograder
"""
DIFFERENCES = (
    "The harness is not in the container: on a time-out the whole container ends, not run_autograder alone.",
    "Processes that outlive run_autograder end with the container and are not counted.",
    "Memory is limited and not measured.",
)


class DockerEmulator:
    """Builds an image from an autograder zip, and runs each submission in a fresh container of it.

    Args:
        image: the base image, such as "gradescope/autograder-base:ubuntu-22.04".
        root: a directory for the build's context and for what comes back.
        progress: takes a line for each step.
    """

    def __init__(self, image: str, root: Path, *, progress: Callable[[str], None] = silent) -> None:
        self._image = image
        self._root = root.absolute()
        self._progress = progress
        self._tag = ""

    def build(self, zip_path: Path) -> Build:
        """Make the image. Docker itself uses again what has not changed.

        Raises:
            EmulatorError: if there is no Docker, the zip is not laid out as Gradescope needs it, or the
                build fails.
        """
        started = time.monotonic()
        sha256 = layout.digest(zip_path)
        context = layout.empty(self._root / "context")
        layout.unpack_autograder(zip_path, context / "source")
        (context / "Dockerfile").write_text(DOCKERFILE.format(image=self._image))
        self._tag = f"autograder-emulator:{sha256[:16]}"
        self._progress(f"docker build of {zip_path.name}")
        log = _docker("build", "--tag", self._tag, str(context))
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
        """Grade one submission in a container; arguments as for `Emulator.run`.

        Raises:
            EmulatorError: if nothing is built, there is no such submission, or Docker refuses.
        """
        if not self._tag:
            raise EmulatorError(self._image, "There is no image yet.", "Build one from a zip first.")
        layout.empty(self._root / "results")
        layout.place_submission(submission.absolute(), layout.empty(self._root / "submission"))
        layout.place_metadata(metadata, self._root / "submission_metadata.json")
        variables = SECRET | ({"AUTOGRADER_LAYERS_OFF": ",".join(layers_off)} if layers_off else {})
        name = f"autograder-{os.getpid()}-{time.monotonic_ns()}"
        _docker(
            *("create", "--name", name, "--memory", f"{memory_mb}m", "--memory-swap", f"{memory_mb}m"),
            *("--cpus", f"{cpus:g}", *(f"--env={key}={value}" for key, value in variables.items())),
            *(self._tag, "/autograder/run_autograder"),
        )
        try:
            return self._run(name, timeout)
        finally:
            _docker("rm", "--force", name)

    def _run(self, name: str, timeout: float) -> EmulatedRun:
        results = self._root / "results"
        _docker("cp", f"{self._root}/submission/.", f"{name}:/autograder/submission")
        _docker(
            "cp", f"{self._root}/submission_metadata.json", f"{name}:/autograder/submission_metadata.json"
        )
        self._progress("docker start")
        started = time.monotonic()
        in_time = _start(name, results / "stdout", timeout)
        seconds = time.monotonic() - started
        if in_time:
            _docker("cp", f"{name}:/autograder/results/results.json", str(results), fails=True)
        state = _docker("inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", name).split()
        return EmulatedRun(
            results=read_results(results / "results.json") if in_time else timed_out(timeout),
            stdout=read_stdout(results / "stdout"),
            seconds=seconds,
            exit_status=int(state[0]),
            timed_out=not in_time,
            peak_memory_mb=None,
            out_of_memory=int(state[1] == "true"),
            leftovers=(),
            changed=(),
            not_emulated=DIFFERENCES,
        )


def _start(name: str, stdout: Path, timeout: float) -> bool:
    """Run the container to its end; false where it had to be killed at the time-out."""
    with stdout.open("wb") as file:
        process = subprocess.Popen(["docker", "start", "--attach", name], stdout=file, stderr=file)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            _docker("kill", name, fails=True)  # it may have ended in this moment
            process.wait()
            return False
    return True


def _docker(*arguments: str, fails: bool = False) -> str:
    """What a docker command prints. Where it `fails` legitimately, nothing is raised."""
    try:
        done = subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise EmulatorError(
            "docker", "There is no such program.", "Install Docker, or leave --docker out."
        ) from None
    if done.returncode and not fails:
        raise EmulatorError(
            f"docker {arguments[0]}",
            f"It failed with exit status {done.returncode}; its last lines:\n{last_lines(done.stdout)}",
            "Correct what it names; is the Docker engine running?",
        )
    return done.stdout
