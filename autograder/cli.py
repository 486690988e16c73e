"""The command line: parses, calls one function, prints.

Nobody imports it but `__main__`. The commands here are the student's; those of
staff are in `staff`, which a student's zip does not hold.
"""

import importlib
import importlib.util
import sys
import zipfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from autograder.assignment import Assignment, find_repository
from autograder.display import RunProgress, print_run
from autograder.errors import AutograderError, UsageError
from autograder.run import Run, grade

__all__ = ["cli", "main"]

console = Console(highlight=False, soft_wrap=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Grades homework, each test in a process of its own."""


@cli.command("grade")
@click.argument("slug", required=False)
@click.argument("submission", required=False, type=click.Path(path_type=Path))
@click.option("--part", default="", help="Only this part, for example 1.2.")
@click.option(
    "--here", is_flag=True, help="Run everything in one process, for a debugger: no wall, no limits."
)
@click.option("--seed", default=0, show_default=True, help="Seed of the random inputs.")
@click.option("--out", type=click.Path(path_type=Path), help="Write Gradescope's results.json to this file.")
def grade_command(
    slug: str | None, submission: Path | None, part: str, here: bool, seed: int, out: Path | None
) -> None:
    """Grade a submission, a folder or a zip, and print a table.

    In a student's folder no argument is needed. In the repository:

        autograder grade a1_nn solutions/a1_nn --part 1.2
    """
    assignment, submission = _what(slug, submission)
    if part:
        assignment.manifest.part(part)
    run = Run(assignment, submission, results=out, seed=seed, part=part, here=here)
    if here:  # a progress bar would fight with the debugger for the terminal
        report = grade(run)
    else:
        with RunProgress(console) as progress:
            report = grade(run, progress.update)
    print_run(console, run, report)
    if slug is None:
        console.print("To hand in: [bold]python -m autograder pack[/] makes the zip for Gradescope.")


@cli.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The zip to write; <assignment>-submission.zip if not given.",
)
def pack(out: Path | None) -> None:
    """Pack the files of this folder that the assignment asks for into one zip.

    python -m autograder pack
    """
    assignment = Assignment.from_folder(Path.cwd())
    out = out or Path(f"{assignment.slug}-submission.zip")
    files = [name for name in assignment.manifest.all_files if Path(name).is_file()]
    missing = [name for name in assignment.manifest.files if name not in files]
    if not files:
        raise UsageError(
            Path.cwd(), "None of the files to hand in is here.", "Run this in the assignment's folder."
        )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in files:
            archive.write(name)
    console.print(f"{out}: {', '.join(files)}.")
    if missing:
        console.print(
            f"[bold]Missing:[/] {', '.join(missing)}. You can hand in without, and lose their points."
        )


@cli.command()
@click.argument("notebook", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the page; the notebook's own if not given."
)
def report(notebook: Path, out: Path | None) -> None:
    """Turn an executed notebook into one HTML page, and a PDF where a PDF engine is found.

    autograder report experiments.ipynb
    """
    from autograder.report import write_report  # noqa: PLC0415  its libraries take a second to import

    for line in write_report(notebook, out or notebook.parent):
        console.print(line)


def _what(slug: str | None, submission: Path | None) -> tuple[Assignment, Path]:
    if slug is None:
        return Assignment.from_folder(Path.cwd()), Path.cwd()
    if submission is None:
        raise UsageError(
            "autograder grade", f"No submission is named for {slug}.", f"Say: autograder grade {slug} FOLDER"
        )
    return Assignment.from_repository(find_repository(Path.cwd()), slug), submission


def main() -> None:
    """Runs a command. Exit status: 0 done, 1 an explained problem, 2 wrong usage."""
    if importlib.util.find_spec("autograder.staff"):
        importlib.import_module("autograder.staff")
    try:
        cli()
    except UsageError as error:
        _complain(error, 2)
    except AutograderError as error:
        _complain(error, 1)


def _complain(error: AutograderError, status: int) -> Any:
    print(error, file=sys.stderr)
    sys.exit(status)
