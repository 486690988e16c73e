"""Tables and progress in a terminal.

Used by the command line. Text that came from a student is printed as text: it
is cleaned, and never read as markup.
"""

from collections.abc import Iterable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text
from typing_extensions import Self

from autograder.model import Outcome, RunReport, TestResult
from autograder.results import clean
from autograder.run import Run, scored
from autograder.scoring import shown

__all__ = ["RunProgress", "Steps", "print_run"]

STYLES = {Outcome.PASSED: "green", Outcome.FAILED: "red", Outcome.UNJUDGED: "yellow"}


class Steps:
    """A progress bar over a number of steps that becomes known on the way."""

    def __init__(self, console: Console, what: str) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        self._bar = Progress(*columns, console=console, transient=True)
        self._task = self._bar.add_task(what, total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def step(self, what: str, total: int | None = None) -> None:
        """One more step is done; `what` comes next or was last."""
        self._bar.update(self._task, description=what, total=total, advance=1)


class RunProgress(Steps):
    """The progress of one grading."""

    def __init__(self, console: Console) -> None:
        super().__init__(console, "starting")

    def update(self, report: RunReport) -> None:
        """A case has ended."""
        case = report.cases[-1]
        self.step(case.test, sum(spec.cases for spec in report.tests))


def print_run(console: Console, run: Run, report: RunReport) -> None:
    """The table of all tests, then what each failed test says, then the points."""
    rows = scored(run, report)
    console.print(_table(rows))
    for row in rows:
        if row.outcome is not Outcome.PASSED:
            console.print(_explanation(row))
    for sentence in filter(None, [*report.notes, report.trouble]):
        console.print(Text(clean(sentence), style="yellow"))
    if report.trouble:
        console.print(Text(clean(report.detail)))
    off = [name for name, on in report.layers.items() if not on]
    if off:
        console.print(Text(f"Layers of the sandbox that are off here: {', '.join(off)}.", style="dim"))
    console.print(Text(_total(run, rows), style="bold"))


def _total(run: Run, rows: list[TestResult]) -> str:
    earned = sum(row.points for row in rows)
    possible = sum(row.spec.points for row in rows if not row.spec.bonus)
    total = f"{shown(round(earned, 2))} of {shown(round(possible, 2))} points"
    elsewhere = round(run.assignment.manifest.points - possible, 2)
    if run.part or run.assignment.hidden_tests or elsewhere <= 0:
        return total
    return f"{total} here; the other {shown(elsewhere)} are for tests that run on Gradescope only"


def _table(rows: Iterable[TestResult]) -> Table:
    table = Table("part", "test", box=None, pad_edge=False)
    table.add_column("points", justify="right")
    table.add_column("outcome")
    for row in rows:
        table.add_row(
            row.spec.part,
            Text(_name(row)),
            f"{shown(round(row.points, 2))}/{shown(row.spec.points)}",
            Text(row.outcome.value, style=STYLES[row.outcome]),
        )
    return table


def _name(row: TestResult) -> str:
    return row.spec.name.removeprefix("test_").replace("_", " ")


def _explanation(row: TestResult) -> Text:
    text = Text(f"\n{row.spec.part} {_name(row)}\n", style="bold")
    text.append(f"{row.spec.title}\n", style="not bold italic")
    text.append(clean(row.message) + "\n", style="not bold")
    if row.printed:
        text.append(f"Your code printed:\n{clean(row.printed)}\n", style="not bold dim")
    if row.detail:
        text.append(clean(row.detail) + "\n", style="not bold dim")
    return text
