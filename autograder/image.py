"""One grading in Gradescope's image: `python -m autograder.image`, which run_autograder starts.

Finds everything under $AUTOGRADER_ROOT, and always leaves a results.json. Nobody imports it.
"""

import json
import os
import zlib
from contextlib import suppress
from pathlib import Path

from autograder.assignment import Assignment
from autograder.errors import IntakeError
from autograder.model import Outcome, RunReport
from autograder.results import Results, clean, write_results
from autograder.run import OUR_FAULT, Run, grade, scored
from autograder.scoring import shown

__all__ = ["main", "staff_log"]


def main() -> None:
    """Grades what Gradescope has put under $AUTOGRADER_ROOT, and always leaves a results.json."""
    root = Path(os.environ.get("AUTOGRADER_ROOT", "/autograder"))
    results = root / "results" / "results.json"
    try:
        _close(root)
        manifest = next((root / "source").glob("*/assignment.toml"))
        run = Run(
            assignment=Assignment.from_folder(manifest.parent),
            submission=root / "submission",
            results=results,
            seed=_seed(root / "submission_metadata.json"),
            off=tuple(filter(None, os.environ.get("AUTOGRADER_LAYERS_OFF", "").split(","))),
        )
        report = grade(run)
        print(staff_log(run, report))
    except IntakeError as error:  # the submission's fault, so the student reads it
        _last_resort(results, str(error))
        print(error)
    except BaseException:
        _last_resort(results, OUR_FAULT)
        raise  # to standard output, which only staff see


def _close(root: Path) -> None:
    """Nobody but root may see graders, results or metadata; sandboxes may pass through to the Python."""
    root.chmod(0o711)
    for private in ("source", "results", "submission"):
        (root / private).chmod(0o700)
    with suppress(FileNotFoundError):
        (root / "submission_metadata.json").chmod(0o600)


def _seed(metadata: Path) -> int:
    """A seed that a regrade gets again: from the submission's number, which never changes."""
    try:
        return zlib.crc32(str(json.loads(metadata.read_text(encoding="utf-8"))["id"]).encode())
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def _last_resort(results: Path, sentence: str) -> None:
    """A results.json when there is nothing to put into it; one that holds points already stays."""
    if not results.exists():
        write_results(
            Results(score=0.0, output=clean(sentence), output_format="text", stdout_visibility="hidden"),
            results,
        )


def staff_log(run: Run, report: RunReport) -> str:
    """What staff read beside the results: every test, every detail. Student's text is made harmless."""
    rows = scored(run, report)
    points = shown(round(sum(row.points for row in rows), 2))
    lines = [f"{run.assignment.slug}: {points} points, seed {report.seed}"]
    lines += [f"layer {name}: {'on' if on else 'OFF'}" for name, on in report.layers.items()]
    for row in rows:
        lines.append(f"{row.outcome.value:>20}  {row.spec.part}  {row.spec.name}  {row.seconds:.2f} s")
        if row.outcome is not Outcome.PASSED:
            lines += [f"    {line}" for text in (row.message, row.detail) for line in text.splitlines()]
    return clean("\n".join([*lines, report.trouble, report.detail]))


if __name__ == "__main__":
    main()
