"""The nouns that all modules share: a test, the outcome of a case, what a run found.

Plain frozen data without behaviour. Imports nothing of the engine.
"""

from dataclasses import dataclass, field
from enum import Enum

__all__ = ["CaseResult", "Kind", "LeaderboardEntry", "Outcome", "RunReport", "TestResult", "TestSpec"]


class Outcome(str, Enum):
    """What became of a test. UNJUDGED is the grader's own fault and blames no student."""

    PASSED = "passed"
    FAILED = "failed"
    UNJUDGED = "could not be judged"


class Kind(str, Enum):
    """Why a test failed: a closed list, so that a hidden test can name it and give nothing away."""

    VALUE = "value"
    SHAPE = "shape"
    DTYPE = "dtype"
    TYPE = "type"
    RAISED = "raised"
    NOT_IMPLEMENTED = "not implemented"
    MISSING_FILE = "missing file"
    MISSING_NAME = "missing name"
    SYNTAX = "syntax"
    POLICY = "policy"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"
    PRINTED = "printed too much"
    DISK = "disk"
    PROTOCOL = "protocol"


@dataclass(frozen=True)
class TestSpec:
    """One test function, as its decorators and its place describe it.

    Attributes:
        name: the function's name, unique within an assignment.
        part: id of the part, such as "1.2".
        title: the first paragraph of the docstring: the sentence that the student reads.
        points: the function's points, shared by its cases.
        cases: number of parametrised cases, at least 1.
        hidden: true for a grader that only staff have.
        by_case: points are earned case by case instead of all or nothing.
        bonus: the points come on top of the assignment's, as far as the test gives them.
    """

    __test__ = False  # not a test class, whatever pytest makes of the name

    name: str
    part: str
    title: str
    points: float
    cases: int = 1
    hidden: bool = False
    by_case: bool = False
    bonus: bool = False
    visibility: str = "visible"
    tags: tuple[str, ...] = ()
    hide_errors: str | None = None


@dataclass(frozen=True)
class CaseResult:
    """What became of one case of a test.

    Attributes:
        test: name of the TestSpec.
        case: pytest's id of the case, "" where the test is not parametrised.
        message: for the student: what failed and, where known, why.
        printed: the end of what the student's code printed during the case.
        detail: for staff only, such as a traceback of the grader.
        seconds: wall time of the case.
        score: points that the test gave itself (`partial_credit`), None where it did not.
        used: where the run traces them, the student's modules that were imported ("layers"), and the
            functions that were called, by the line at which they begin ("layers:42").
    """

    test: str
    case: str
    outcome: Outcome
    kind: Kind | None = None
    message: str = ""
    printed: str = ""
    detail: str = ""
    seconds: float = 0.0
    score: float | None = None
    used: tuple[str, ...] = ()


@dataclass(frozen=True)
class TestResult:
    """A test with its points: what Gradescope shows as one row."""

    __test__ = False

    spec: TestSpec
    outcome: Outcome
    points: float
    message: str = ""
    printed: str = ""
    detail: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class LeaderboardEntry:
    """One column of the leaderboard; order is "asc" or "desc"."""

    name: str
    value: float | str
    order: str = "desc"


@dataclass
class RunReport:
    """All that a run has found so far. The supervisor fills it while the grader works.

    Attributes:
        layers: name of each layer of the sandbox, and whether it is on.
        notes: sentences for the student about the submission as a whole.
        trouble: for the student: one sentence on why the run did not finish, "" where it did.
        detail: for staff only: the traceback or log behind `trouble`.
    """

    tests: list[TestSpec] = field(default_factory=list)
    cases: list[CaseResult] = field(default_factory=list)
    leaderboard: list[LeaderboardEntry] = field(default_factory=list)
    layers: dict[str, bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seed: int = 0
    seconds: float = 0.0
    trouble: str = ""
    detail: str = ""
