"""`python -m autograder.grading FILE`: the grader's process.

Started by `autograder.run` with settings in a file of JSON, which it removes: a command line could
be read by every user of the machine. It writes events, one line of JSON each, to what was its standard
output. Everything else that is printed goes to standard error, for staff.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment import Assignment
from autograder.errors import AutograderError
from autograder.grading import plugin
from autograder.grading.plugin import Event, Grading, Settings
from autograder.sandbox.launch import make_launcher
from autograder.sandbox.workshop import LocalWorkshop, Workshop

OPTIONS = [
    "-p", "no:cacheprovider",
    "-p", "no:unraisableexception",  # it collects garbage five times after each submission
    "-c", "graders.ini",
    "--import-mode=importlib",
    "--tb=native",  # pytest's own parses the grader's file for each failure, longer than the test runs
    "--assert=plain",  # pytest would put expected values into the message of a bare assert
    "--continue-on-collection-errors",
    "--noconftest",
    "--no-header",
    "--no-summary",  # each case is told as an event; this log is for what goes wrong beyond that
    "-q",
]  # fmt: skip
FINISHED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)


def settings_from(values: dict[str, Any]) -> Settings:
    """Settings as `autograder.run` writes them."""
    hidden = values.pop("hidden_tests")
    assignment = Assignment(Path(values.pop("folder")), Path(hidden) if hidden else None)
    return Settings(
        assignment,
        Path(values.pop("files")),
        off=tuple(values.pop("off")),
        only=tuple(values.pop("only")),
        **values,
    )


def main() -> int:
    """Runs the graders, on one submission after the other; the last exit status of pytest."""
    file = Path(sys.argv[1])
    batch = [settings_from(values) for values in json.loads(file.read_text(encoding="utf-8"))]
    file.unlink()  # before the first sandbox starts
    events = os.fdopen(os.dup(1), "w", buffering=1, encoding="ascii")
    os.dup2(2, 1)

    def tell(event: Event) -> None:
        events.write(json.dumps(event) + "\n")

    try:
        return _run_all(batch, tell)
    except AutograderError as error:
        tell({"event": "broken", "place": "grader", "detail": str(error)})
        return 1


def _run_all(batch: list[Settings], tell: Any) -> int:
    alone = any(settings.here or settings.collect_only for settings in batch)
    # Before pytest reads a grader: the fork server must be older than every secret.
    launcher = None if alone else make_launcher(batch[0].equipment().preload)
    status = 0
    try:
        for settings in batch:
            equipment = settings.equipment()
            workshop = Workshop(equipment, launcher) if launcher else LocalWorkshop(equipment)
            status = _run(settings, tell, workshop)
            tell({"event": "end", "finished": status in FINISHED})
    finally:
        if launcher:
            launcher.close()
    return status


def _run(settings: Settings, tell: Any, workshop: Workshop | LocalWorkshop) -> int:
    grading = Grading(settings, tell, workshop)
    mode = ["--capture=no"] * settings.here + ["--collect-only"] * settings.collect_only
    # In the run's own folder: graders must not take settings from a folder above them.
    Path("graders.ini").write_text("[pytest]\n")
    # Nor list the folders above: a home may lie below one that its user cannot list.
    places = [f"--rootdir={settings.assignment.folder}", f"--confcutdir={settings.assignment.folder}"]
    arguments = [*OPTIONS, *places, *mode, *_graders(settings)]
    try:
        return int(pytest.main(arguments, plugins=[plugin, grading]))
    finally:
        workshop.close()


def _graders(settings: Settings) -> list[str]:
    """Folders with graders; where only some tests are to run, the files that define one of them."""
    folders = (settings.assignment.public_tests, settings.assignment.hidden_tests)
    there = [folder for folder in folders if folder]
    if not settings.only:
        return [str(folder) for folder in there]
    wanted = re.compile(rf"^ *def (?:{'|'.join(map(re.escape, settings.only))})\b", re.MULTILINE)
    files = [path for folder in there for path in sorted(folder.glob("**/test_*.py"))]
    return [str(path) for path in files if wanted.search(path.read_text(encoding="utf-8"))]


if __name__ == "__main__":
    sys.exit(main())
