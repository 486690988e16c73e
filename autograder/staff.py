"""The commands of staff: they work on the repository, and a student's zip does not hold them.

Imported by `cli` where it is there. Parses, calls one function, prints.
"""

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from autograder.assignment import (
    Assignment,
    find_repository,
    repository_slugs,
    solution_folder,
    template_folder,
)
from autograder.bundle import build_autograder, build_student
from autograder.cli import cli, console
from autograder.display import Steps
from autograder.emulate import DockerEmulator, EmulatedRun, Emulator
from autograder.errors import AutograderError
from autograder.prove import Proof, prove
from autograder.results import clean
from autograder.scaffold import new_assignment
from autograder.scoring import shown
from autograder.templates import stale, write_templates
from autograder.verify import Verification, verify

SLUGS = click.argument("slugs", nargs=-1)


def _chosen(slugs: tuple[str, ...]) -> tuple[Path, list[str]]:
    """The repository and the named assignments, all of them where none is named."""
    root = find_repository(Path.cwd())
    for slug in slugs:
        Assignment.from_repository(root, slug)
    return root, list(slugs) or repository_slugs(root)


@cli.command()
@click.argument("slug")
def new(slug: str) -> None:
    """Make the two folders of a new assignment, with one small part to replace.

    autograder new a5_diffusion
    """
    for folder in new_assignment(find_repository(Path.cwd()), slug):
        console.print(f"{folder} is ready to fill.")
    console.print(f"Next: autograder templates {slug}, then autograder verify {slug}.")


@cli.command()
@SLUGS
@click.option("--check", is_flag=True, help="Write nothing; name the stubs that are stale and fail.")
def templates(slugs: tuple[str, ...], check: bool) -> None:
    """Write the students' stubs from the references.

    autograder templates --check
    """
    root, chosen = _chosen(slugs)
    problems = []
    for slug in chosen:
        folders = solution_folder(root, slug), template_folder(root, slug)
        if check:
            problems += [f"student_templates/{slug}/{name}" for name in stale(*folders)]
        else:
            for name in write_templates(*folders):
                console.print(f"student_templates/{slug}/{name}", highlight=False)
    if problems:
        raise AutograderError(
            ", ".join(problems), "The stubs are not those of the references.", "Run: make templates"
        )


@cli.command()
@SLUGS
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the zips; dist/ if not given.")
def bundle(slugs: tuple[str, ...], out: Path | None) -> None:
    """Build the zips: one for students, one for Gradescope.

    autograder bundle a1_nn
    """
    root, chosen = _chosen(slugs)
    out = out or root / "dist"
    for slug in chosen:
        assignment = Assignment.from_repository(root, slug)
        for build in (build_student, build_autograder):
            path = build(assignment, root, out)
            console.print(f"{_relative(path, root)}  {path.stat().st_size / 1024:.0f} KiB")


@cli.command("verify")
@SLUGS
@click.option(
    "--quick",
    is_flag=True,
    help="One seed, one careless answer; each mistake on one test that should catch it.",
)
def verify_command(slugs: tuple[str, ...], quick: bool) -> None:
    """Test the graders: reference, stub, careless answers and every known mistake.

    autograder verify a1_nn
    """
    root, chosen = _chosen(slugs)
    problems = []
    for slug in chosen:
        with Steps(console, slug) as steps:
            verification = verify(root, slug, steps.step, quick=quick)
        _print_matrix(verification)
        problems += verification.problems
    if problems:
        raise AutograderError(
            "autograder verify", "\n".join(["", *problems]), "\nCorrect the graders or the catalogue."
        )


@cli.command("prove")
@SLUGS
def prove_command(slugs: tuple[str, ...]) -> None:
    """Build the zips, and prove each in the emulator and against the known mistakes.

    autograder prove a1_nn
    """
    root, chosen = _chosen(slugs)
    proofs, verifications = [], []
    for slug in chosen:
        assignment = Assignment.from_repository(root, slug)
        build_student(assignment, root, root / "dist")
        zip_path = build_autograder(assignment, root, root / "dist")
        emulator = Emulator(root / "build" / "images" / slug)
        with console.status(slug) as status:
            proofs.append(prove(root, slug, zip_path, emulator, status.update))
        with Steps(console, f"{slug}: mistakes") as steps:
            verifications.append(verify(root, slug, steps.step))
    console.print(_proof_table(proofs, verifications))
    problems = [problem for proof in proofs for problem in proof.problems]
    problems += [problem for verification in verifications for problem in verification.problems]
    if problems:
        raise AutograderError(
            "autograder prove", "\n".join(["", *problems]), "\nNothing should be uploaded yet."
        )


@cli.command()
@click.argument("zip_path", metavar="ZIP", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("submission", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder that stands for the container's root.",
)
@click.option("--metadata", type=click.Path(path_type=Path, exists=True), help="A submission_metadata.json.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds until the harness gives up.")
@click.option("--memory", default=768, show_default=True, help="The container's memory in MiB.")
@click.option("--cpus", default=0.5, show_default=True, help="The container's processors.")
@click.option(
    "--without", multiple=True, type=click.Choice(["landlock", "seccomp"]), help="Leave a layer out."
)
@click.option("--docker", metavar="IMAGE", help="Do it for real, in a container of this base image.")
def emulate(
    zip_path: Path,
    submission: Path,
    out: Path,
    metadata: Path | None,
    timeout: float,
    memory: int,
    cpus: float,
    without: tuple[str, ...],
    docker: str | None,
) -> None:
    """Run a built zip as Gradescope's harness does; results.json is under OUT/autograder/results.

    autograder emulate dist/autograder/a1_nn.zip solutions/a1_nn --out /tmp/gradescope
    """
    with console.status("building the image") as status:
        emulator = (
            DockerEmulator(docker, out, progress=status.update)
            if docker
            else Emulator(out, progress=status.update)
        )
        build = emulator.build(zip_path)
        run = emulator.run(
            submission, metadata, timeout=timeout, memory_mb=memory, cpus=cpus, layers_off=without
        )
    how = "image reused" if build.reused else f"image built in {build.seconds:.0f} s"
    console.print(f"{how}, run took {run.seconds:.1f} s")
    _print_emulated(run)


def _relative(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path


def _print_emulated(run: EmulatedRun) -> None:
    table = Table("part", "test", box=None, pad_edge=False)
    table.add_column("points", justify="right")
    for test in run.results.get("tests") or ():
        points = f"{shown(test.get('score', 0))}/{shown(test.get('max_score', 0))}"
        table.add_row(test.get("number", ""), Text(clean(test.get("name", ""))), points)
    console.print(table)
    console.print(Text(clean(run.results.get("output", "")), style="bold"))
    console.print(f"score {shown(round(run.score, 2))}, peak memory {_mb(run.peak_memory_mb)}")
    for sentence in (*run.leftovers, *run.changed):
        console.print(Text(f"left behind or changed: {sentence}", style="red"))
    for sentence in run.not_emulated:
        console.print(Text(f"not emulated: {sentence}", style="dim"))


def _mb(memory: float | None) -> str:
    return "not measured" if memory is None else f"{memory:.0f} MiB"


def _print_matrix(verification: Verification) -> None:
    """A row for each trial, a column for each test: x where it fails, ? where it could not be judged."""
    tests, mistakes = len(verification.tests), len(verification.mistakes)
    console.print(f"[bold]{verification.slug}[/]: {tests} tests, {mistakes} mistakes")
    for number, test in enumerate(verification.tests):
        console.print(f"{number:>3} {test}", highlight=False)
    for trial in verification.trials:
        marks = "".join(
            "x" if test in trial.failed else "?" if test in trial.unjudged else "."
            for test in verification.tests
        )
        verdict = "[red]wrong[/]" if trial.problems else "[green]ok[/]"
        console.print(
            f"{trial.name:<34} {marks} {shown(round(trial.points, 2)):>6} {verdict}", soft_wrap=True
        )


def _proof_table(proofs: list[Proof], verifications: list[Verification]) -> Table:
    table = Table("assignment", box=None, pad_edge=False)
    for column in ("reference", "stub", "tests", "mistakes caught", "seconds", "peak memory", "zip"):
        table.add_column(column, justify="right")
    for proof, verification in zip(proofs, verifications, strict=True):
        ids = [mistake.id for mistake in verification.mistakes]
        caught = sum(not verification.trial(name).problems for name in ids)
        table.add_row(
            proof.slug,
            f"{shown(proof.reference)}/{shown(proof.points)}",
            shown(proof.stub),
            str(proof.tests),
            f"{caught}/{len(ids)}",
            f"{proof.seconds:.1f}",
            _mb(proof.peak_memory_mb),
            f"{proof.zip_kb:.0f} KiB",
        )
    return table
