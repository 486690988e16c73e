"""The pytest plugin: gives graders their fixtures, and tells the run what became of each case.

Loaded with `-p autograder.grading.plugin`. In a student's folder a plain
`python -m pytest` is enough; `python -m autograder.grading` passes settings in.
It never reads a submitted file: it copies them for the sandbox.
"""

import re
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograder.assignment import Assignment
from autograder.compare import GradingFailure
from autograder.errors import AutograderError, ManifestError, SandboxError
from autograder.grading import marks
from autograder.grading.submission import Submission
from autograder.manifest import Manifest
from autograder.model import CaseResult, Kind, LeaderboardEntry, Outcome, TestSpec
from autograder.results import cut
from autograder.sandbox.client import Sandbox
from autograder.sandbox.policy import Rules
from autograder.sandbox.verdicts import Allowance, StudentError
from autograder.sandbox.workshop import Equipment, LocalWorkshop, Workshop

__all__ = ["Grading", "Settings"]

Event = dict[str, Any]
GRADING = pytest.StashKey["Grading"]()
PRINTED = pytest.StashKey[str]()
USED = pytest.StashKey[list[str]]()
STARTED = pytest.StashKey[float]()
CASE = pytest.StashKey[CaseResult]()
COLUMNS = pytest.StashKey[list[LeaderboardEntry]]()
SANDBOX = pytest.StashKey[Sandbox]()
MOST_TOLD = 20_000  # characters of a case's message or detail


@dataclass(frozen=True)
class Settings:
    """One run of the graders.

    Attributes:
        assignment: whose graders.
        files: folder with the submitted files.
        seed: of the run's random inputs.
        part: only this part, "" for all.
        here: the student's code runs in this process, for a debugger.
        collect_only: the graders are loaded and counted, and nothing of the submission runs.
        only: names of the tests to run, empty for all.
        trace: each case tells which of the student's modules and functions it has used.
        off: layers of the sandbox that are left out on purpose.
        first_uid: start of the run's user ids.
    """

    assignment: Assignment
    files: Path
    seed: int = 0
    part: str = ""
    here: bool = False
    collect_only: bool = False
    only: tuple[str, ...] = ()
    trace: bool = False
    off: tuple[str, ...] = ()
    first_uid: int | None = None

    def equipment(self) -> Equipment:
        """What all sandboxes of this run have in common."""
        manifest = self.assignment.manifest
        return Equipment(
            files=self.files,
            rules=_rules(manifest),
            preload=manifest.sandbox.preload,
            open_files=manifest.limits.open_files,
            threads=manifest.limits.threads,
            off=self.off,
            first_uid=self.first_uid,
        )


class Grading:
    """pytest's hooks for one run.

    Args:
        settings: what to grade.
        tell: called with each event: tests, case, layers, leaderboard.
        workshop: makes the sandboxes; started before pytest reads any grader.

    Attributes:
        hung: how many tests each of the student's modules has cost because its import did not end.
    """

    def __init__(
        self, settings: Settings, tell: Callable[[Event], None], workshop: Workshop | LocalWorkshop
    ) -> None:
        self.settings = settings
        self.workshop = workshop
        self.hung: Counter[str] = Counter()
        self._tell = tell
        self._specs: dict[str, TestSpec] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Puts the tests in the order of the parts, and tells what there is to earn."""
        try:
            specs = marks.specs_of(items, self.settings.assignment.hidden_tests)
            self.workshop.wait_until_ready()
        except (ManifestError, SandboxError) as error:
            self._tell({"event": "broken", "place": error.place, "detail": str(error)})
            items.clear()
            return
        chosen = [item for item in items if self._wants(specs[marks.name_of(item)])]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        order = [part.id for part in self.settings.assignment.manifest.parts]
        # Hidden tests come last: what their inputs leave behind in the system, public tests could tell.
        chosen.sort(key=lambda item: _position(specs[marks.name_of(item)], order))
        items[:] = chosen
        self._specs = {name: specs[name] for name in dict.fromkeys(map(marks.name_of, items))}
        self._tell({"event": "tests", "tests": [asdict(spec) for spec in self._specs.values()]})

    def _wants(self, spec: TestSpec) -> bool:
        settings = self.settings
        return settings.part in ("", spec.part) and (not settings.only or spec.name in settings.only)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A grader file that cannot be loaded is the staff's affair; the others still count."""
        if report.failed:
            self._tell({"event": "broken", "place": report.nodeid, "detail": report.longreprtext})

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Starts the case's clock."""
        item.stash[STARTED] = time.monotonic()
        marks.forget_scores(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: "pytest.CallInfo[None]"
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turns what happened into a CaseResult, and pytest's own report into the student's words."""
        report = yield
        if call.when == "call" or (call.when == "setup" and call.excinfo):
            item.stash[CASE] = _case(item, call)
        elif call.when == "teardown":
            if call.excinfo:
                item.stash[CASE] = _case(item, call)
            self._tell_case(item)
        if report.failed and item.stash[CASE].outcome is Outcome.FAILED:
            report.longrepr = item.stash[CASE].message
        return report

    def _tell_case(self, item: pytest.Item) -> None:
        case = asdict(item.stash[CASE])
        self._tell({"event": "layers", "layers": self.workshop.layers})
        self._tell(
            {
                "event": "case",
                **case,
                "printed": item.stash.get(PRINTED, ""),
                "used": item.stash.get(USED, []),
            }
        )
        entries = item.stash.get(COLUMNS, [])
        if entry := marks.leaderboard_entry(item):
            entries.append(entry)
        for entry in entries:
            self._tell({"event": "leaderboard", **asdict(entry)})

    def pytest_sessionfinish(self) -> None:
        """Ends every sandbox."""
        self.workshop.close()

    def allowance(self, item: pytest.Item) -> Allowance:
        """What one case may use."""
        limits = self.settings.assignment.manifest.limits
        chosen = {"seconds": limits.test_seconds, "memory_mb": limits.memory_mb, **marks.limits_of(item)}
        return Allowance(disk_mb=limits.disk_mb, output_kb=limits.output_kb, **chosen)


def _rules(manifest: Manifest) -> Rules:
    return Rules(
        expected=manifest.all_files,
        allowed=manifest.sandbox.allowed_imports,
        narrowed={
            file.removesuffix(".py"): part.allowed_imports
            for part in manifest.parts
            for file in part.files
            if part.allowed_imports is not None
        },
        refused={file.removesuffix(".py"): part.refused for part in manifest.parts for file in part.files},
    )


def _position(spec: TestSpec, order: list[str]) -> tuple[bool, int]:
    return spec.hidden, order.index(spec.part) if spec.part in order else len(order)


def _case(item: pytest.Item, call: "pytest.CallInfo[None]") -> CaseResult:
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, TypeError):
        error = _no_function(item, error) or error
    result: dict[str, Any] = {"outcome": Outcome.PASSED, "score": marks.given_score(item)}
    if isinstance(error, (StudentError, GradingFailure)):
        result = {"outcome": Outcome.FAILED, "kind": error.kind, "message": str(error)}
    elif isinstance(error, (AssertionError, pytest.fail.Exception)):
        result = {"outcome": Outcome.FAILED, "message": str(error).partition("\nassert ")[0]}
    elif error is not None:
        detail = (
            str(error) if isinstance(error, AutograderError) else "".join(traceback.format_exception(error))
        )
        result = {"outcome": Outcome.UNJUDGED, "detail": detail}
    # A student may have chosen what stands in them, and all of them are kept until the end of the run.
    result |= {name: cut(result[name], MOST_TOLD) for name in ("message", "detail") if name in result}
    now = time.monotonic()
    seconds = now - item.stash.get(STARTED, now)  # a test that is marked to be skipped never starts
    return CaseResult(test=marks.name_of(item), case=marks.case_of(item), seconds=seconds, **result)


def _no_function(item: pytest.Item, error: TypeError) -> StudentError | None:
    """The verdict where a grader has called a method of the student's that is none, but a plain value."""
    found = re.fullmatch(r"'(?:\w+\.)*(\w+)' object is not callable", str(error))
    if not found or SANDBOX not in item.stash:
        return None
    line = traceback.extract_tb(error.__traceback__)[-1].line or ""
    for name, type_name in item.stash[SANDBOX].plain_values.items():
        if type_name == found[1] and f".{name.rpartition('.')[2]}(" in line:
            return StudentError(Kind.TYPE, f"'{name}' is {type_name}: a function should stand there.")
    return None


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Iterator[Submission]:
    """The submission, in a sandbox of its own for each case."""
    grading = request.config.stash[GRADING]
    public = grading.settings.assignment.public_tests
    with grading.workshop.sandbox(grading.allowance(request.node)) as sandbox:
        request.node.stash[SANDBOX] = sandbox
        try:
            if grading.settings.trace:
                sandbox.ask("the sandbox", "trace")
            folders = [folder / "given" for folder in (request.path.parent, public)]
            yield Submission(sandbox, folders, grading.hung)
        finally:
            if grading.settings.trace:
                with suppress(StudentError):  # it is dead, and its own verdict is told already
                    request.node.stash[USED] = sandbox.ask("the sandbox", "used")
    request.node.stash[PRINTED] = sandbox.printed()  # all of it has arrived only when the sandbox has closed


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers that depend on the run's seed and the test's name alone."""
    seed = request.config.stash[GRADING].settings.seed
    return np.random.default_rng([seed, zlib.crc32(request.node.name.encode())])


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The [settings] of assignment.toml."""
    return request.config.stash[GRADING].settings.assignment.manifest.settings


@pytest.fixture
def secret_seed(request: pytest.FixtureRequest) -> int:
    """The seed of data that no student can draw."""
    return request.config.stash[GRADING].settings.assignment.secret_seed()


@pytest.fixture
def set_column(request: pytest.FixtureRequest) -> Callable[[str, float | str], None]:
    """Fills a column of the leaderboard that assignment.toml names: `set_column("accuracy", 0.9)`."""
    columns = {
        column.name: column.order
        for column in request.config.stash[GRADING].settings.assignment.manifest.leaderboard
    }
    entries = request.node.stash.setdefault(COLUMNS, [])

    def fill(name: str, value: float | str) -> None:
        entries.append(LeaderboardEntry(name, marks.plain(value), columns[name]))

    return fill


@pytest.fixture
def set_score() -> None:
    """Filled in by gradescope-utils' `partial_credit`."""


@pytest.fixture
def set_leaderboard_value() -> None:
    """Filled in by gradescope-utils' `leaderboard`."""


def pytest_configure(config: pytest.Config) -> None:
    """Without settings from a run: grades the folder that pytest was started in."""
    grading = next((p for p in config.pluginmanager.get_plugins() if isinstance(p, Grading)), None)
    if grading is None:
        settings = Settings(Assignment.from_folder(config.rootpath), files=config.rootpath)
        grading = Grading(settings, lambda event: None, Workshop(settings.equipment()))
        config.pluginmanager.register(grading, "autograder-grading")
    config.stash[GRADING] = grading
    sys.dont_write_bytecode = True
