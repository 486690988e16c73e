"""What comes out of a build and of a run, and how Gradescope reads results.json.

The other modules of this package import it. It starts nothing.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["Build", "EmulatedRun", "last_lines", "read_results", "read_stdout", "silent", "timed_out"]

LIMIT = 100_000  # characters of a text
MARK = "[...(truncated)...]"
NO_RESULTS = "The autograder failed to execute correctly: it left no results.json. Contact your course staff."
BAD_RESULTS = "The autograder's results are not in the right format. Contact your course staff."


@dataclass(frozen=True)
class Build:
    """An image.

    Attributes:
        sha256: of the zip, in hexadecimal.
        seconds: wall time of unpacking and setup.sh.
        reused: true where the root held this zip's image already.
        log: what setup.sh printed.
    """

    sha256: str
    seconds: float
    reused: bool
    log: str


@dataclass(frozen=True)
class EmulatedRun:
    """What Gradescope would show of a run, and what it would not.

    Attributes:
        results: results.json as Gradescope takes it, or what it puts in its place.
        stdout: what the run printed, as staff see it.
        seconds: wall time of run_autograder.
        exit_status: of run_autograder, negative for a signal.
        timed_out: the time-out was reached, so the results are not the autograder's.
        peak_memory_mb: most memory of all processes together, in MiB (proportional set size, sampled
            ten times a second); None where it could not be measured.
        out_of_memory: number of processes that were killed at the container's memory limit.
        leftovers: the processes that were still there when run_autograder had ended. They are killed.
        changed: files of the image that the run changed. The next build starts afresh then.
        not_emulated: each way in which this run was not like one on Gradescope.
    """

    results: dict[str, Any]
    stdout: str
    seconds: float
    exit_status: int
    timed_out: bool
    peak_memory_mb: float | None
    out_of_memory: int
    leftovers: tuple[str, ...]
    changed: tuple[str, ...]
    not_emulated: tuple[str, ...]

    @property
    def score(self) -> float:
        """The points: the score at the top if there is one, else the sum of the tests."""
        score = self.results.get("score")
        if score is None:
            score = sum(test.get("score") or 0 for test in self.results.get("tests") or ())
        return float(score)


def read_results(path: Path) -> dict[str, Any]:
    """Read results.json as the harness does; what is missing or not valid JSON scores 0."""
    try:
        found = json.loads(path.read_bytes(), parse_constant=_refuse)
    except FileNotFoundError:
        return {"score": 0, "output": NO_RESULTS}
    except (ValueError, OSError, RecursionError):
        return {"score": 0, "output": BAD_RESULTS}
    if not isinstance(found, dict):
        return {"score": 0, "output": BAD_RESULTS}
    return _as_shown(found)


def read_stdout(path: Path) -> str:
    """Read what was printed, as the harness passes it on."""
    return _cut(_without_nul(path.read_text(encoding="utf-8", errors="replace"))) if path.is_file() else ""


def timed_out(timeout: float) -> dict[str, Any]:
    """What Gradescope puts in the place of the results after `timeout` seconds."""
    return {
        "score": 0,
        "output": f"Your submission timed out. It took longer than {timeout:g} seconds to run.",
    }


def last_lines(log: str) -> str:
    """The end of a log, indented, for the middle of an error."""
    shown = log.strip().splitlines()[-15:] or ["(it printed nothing)"]
    return "".join(f"  {line}\n" for line in shown)


def silent(_line: str) -> None:
    """Take a line of progress and show it to nobody."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _as_shown(results: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = _without_nul(results)
    tests = shown.get("tests")
    for row in [shown, *(tests if isinstance(tests, list) else [])]:
        if isinstance(row, dict) and isinstance(row.get("output"), str):
            row["output"] = _cut(row["output"])
    return shown


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value


def _cut(text: str) -> str:
    if len(text) <= LIMIT:
        return text
    room = LIMIT - len(MARK)
    return text[: room - room // 2] + MARK + text[len(text) - room // 2 :]
