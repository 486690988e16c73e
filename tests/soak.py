"""Long runs that a person starts: `make soak`, or one of them with `python tests/soak.py kills 10000`.

- kills: gradings in an image are disturbed at random moments by SIGKILL to some of their processes. Each
  must leave a valid results.json that holds no point which was not earned.
- regrade: references are graded again and again, idle, on busy cores and on half a processor. The score is
  the same every time.
- seeds: references are graded with many seeds. What is right passes with any inputs.
- attacks: code of the hostile corpus inside the references of all assignments, out of their own zips. It
  gains no point, no better place on a leaderboard, and no line of a hidden grader.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import click
from images import COURSE, ROOT, build_powers, image_of
from rich.console import Console
from rich.progress import Progress, track

from autograder.assignment import Assignment, repository_slugs, solution_folder
from autograder.emulate import EmulatedRun
from autograder.model import Outcome
from autograder.results import Results
from autograder.run import Run, grade_all, scored

HERE = Path(__file__).parent
MOST = Assignment.from_repository(COURSE, "powers").manifest.points
CORPUS = HERE / "hostile" / "corpus"
ATTACKING_A_SQUARE = sorted(path.parent.name for path in CORPUS.glob("*/square.py"))
# Those that need nothing of the small course, and that leave time for the tests.
ATTACKS = (
    "daemon_that_waits",
    "fork_forge_and_overwrite",
    "guess_the_folders",
    "inspect_frames",
    "kill_everyone",
    "late_hooks",
    "load_the_graders",
    "overwrite_results",
    "patch_numpy",
    "patched_builtins",
    "print_forged_results",
    "read_graders",
    "read_other_processes",
)
# How references are graded again: processors of the container, and loops beside it.
LOADS = {"idle": (2.0, 0), "busy": (2.0, 2), "half": (0.5, 0)}
MOST_KILLS = 10  # in one run
COMMANDS = ("autograder.image", "autograder.grading", "autograder.sandbox.server")
SLEEP = """

import time

time.sleep(0.2)
"""
CALL = """

try:
    exec({code!r}, attack := {{"__name__": "attack"}})
    attack["square"](2.0)
except Exception:
    pass
"""
console = Console()


@click.group()
def main() -> None:
    """Long runs; each prints its figures at the end and exits with 1 if a promise was broken."""


@main.command()
@click.argument("count", type=int, default=10_000)
@click.option("--seed", default=0, show_default=True, help="Of the moments and victims.")
def kills(count: int, seed: int) -> None:
    """Kill random processes of gradings at random moments, COUNT times in all."""
    found: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    with ExitStack() as stack:
        base, reference = stack.enter_context(image_of_the_small_course())
        submission = slowed(reference, base.parent / "slowed")
        workers = [copy_of(base, number) for number in range(2 * (os.cpu_count() or 1))]
        choices = [random.Random(f"{seed} {number}") for number in range(len(workers))]
        pool = stack.enter_context(ThreadPoolExecutor(len(workers)))
        whole = max(pool.map(lambda worker: seconds(partial(undisturbed, worker, submission)), workers))

        def some_runs(worker: Path, rng: random.Random) -> list[tuple[list[str], str]]:
            return [disturbed(worker, submission, rng, whole) for _ in range(10)]

        progress = stack.enter_context(Progress(console=console))
        task = progress.add_task("kills", total=count)
        while killed.total() < count:
            for runs in pool.map(some_runs, workers, choices):
                for names, outcome in runs:
                    killed.update(names)
                    found[outcome] += 1
                progress.update(task, completed=killed.total())
    console.print(f"{killed.total():>6}  kills in {found.total()} runs")
    for what, times in (*sorted(killed.items()), *sorted(found.items())):
        console.print(f"{times:>6}  {what}")
    sys.exit(any(outcome.startswith("BROKEN") for outcome in found))


def slowed(reference: Path, folder: Path) -> Path:
    """The reference with files that take long to import, so that most of a run is its tests."""
    shutil.copytree(reference, folder, ignore=shutil.ignore_patterns("tests"))
    for file in folder.glob("*.py"):
        file.write_text(file.read_text(encoding="utf-8") + SLEEP, encoding="utf-8")
    return folder


def undisturbed(base: Path, submission: Path) -> None:
    """One run as it should be."""
    process = start(base, submission)
    process.wait()
    assert judge(base) == f"{MOST:g} points"


def disturbed(base: Path, submission: Path, rng: random.Random, whole: float) -> tuple[list[str], str]:
    """Which processes of a run were killed, one after the other, and what became of it."""
    process, begin = start(base, submission), time.perf_counter()
    names: list[str] = []
    moment = 0.0
    while process.poll() is None and len(names) < MOST_KILLS:
        moment = rng.uniform(moment, whole)
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, begin + moment - time.perf_counter()))
        victims = [(pid, command_of(pid)) for pid in descendants(process.pid)]
        # Without the first two a run soon ends, so others are killed more often.
        others = [(pid, name) for pid, name in victims if name not in COMMANDS[:2]]
        if victims:
            victim, name = rng.choice(others if others and rng.random() < 0.8 else victims)
            names.append(f"{name} killed")
            kill(victim)
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        return names, f"BROKEN: the run does not end after {', '.join(names)}"
    finally:
        for left in descendants(process.pid):
            kill(left)
    return names, judge(base)


def kill(pid: int) -> None:
    """Ends a process that may have ended by itself just now."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def start(base: Path, submission: Path) -> "subprocess.Popen[bytes]":
    """A grading as the harness starts it."""
    for folder in ("results", "submission"):
        shutil.rmtree(base / folder, ignore_errors=True)
        (base / folder).mkdir()
    shutil.copytree(submission, base / "submission", dirs_exist_ok=True)
    return subprocess.Popen(
        [str(base / "run_autograder")],
        cwd=base,
        env={"PATH": os.defpath, "AUTOGRADER_ROOT": str(base), "HOME": "/root"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def judge(base: Path) -> str:
    """The score in results.json; a reason to worry begins with BROKEN."""
    try:
        content = json.loads((base / "results" / "results.json").read_text(encoding="utf-8"))
        Results.model_validate(content)
    except (OSError, ValueError) as error:
        return f"BROKEN: no valid results.json: {error}"
    score = content.get("score", sum(row["score"] for row in content.get("tests", ())))
    if not content.get("output"):
        return "BROKEN: a results.json without a sentence"
    return f"{score:g} points" if 0 <= score <= MOST else f"BROKEN: {score:g} points"


def descendants(pid: int) -> list[int]:
    """Processes below one, without it: the shell of run_autograder is the harness's own child."""
    session = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != pid:
            with suppress(OSError, IndexError, ValueError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                # Of the session, which starts with the shell, and not dead already.
                if int(fields[3]) == pid and fields[0] != "Z":
                    session.append(int(entry.name))
    return sorted(session)


def command_of(pid: int) -> str:
    """Which of the run's processes it is."""
    with suppress(OSError):
        command = (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        for name in COMMANDS:
            if name in command:
                return name
    return "another process"


@main.command()
@click.argument("times", type=int, default=50)
@click.option("--slug", multiple=True, help="Only this assignment; all without it.")
@click.option("--how", multiple=True, type=click.Choice(list(LOADS)), help="Only so; all without it.")
def regrade(times: int, slug: tuple[str, ...], how: tuple[str, ...]) -> None:
    """Grade each reference TIMES times: idle, on busy cores, and on half a processor."""
    broken = False
    for name in slug or repository_slugs(ROOT):
        emulator = image_of(name)
        for load in how or LOADS:
            cpus, busy = LOADS[load]
            found: Counter[float] = Counter()
            taken = []
            with busy_cores(busy):
                for _ in track(range(times), f"{name}, {load}", console=console, transient=True):
                    run = emulator.run(solution_folder(ROOT, name), cpus=cpus)
                    found[run.score] += 1
                    taken.append(run.seconds)
                    for row in run.results["tests"]:
                        if row["score"] < row["max_score"]:
                            broken = True
                            console.print(f"BROKEN: {row['name']}: {row['output']}", markup=False)
            scores = ", ".join(f"{score:g} points {count} times" for score, count in found.items())
            console.print(f"{name}, {load}: {scores}; {min(taken):.1f} to {max(taken):.1f} s")
            broken |= len(found) > 1
    sys.exit(broken)


@main.command()
@click.argument("count", type=int, default=50)
@click.option("--slug", multiple=True, help="Only this assignment; all without it.")
@click.option("--first", default=100, show_default=True, help="The first seed; the others follow it.")
def seeds(count: int, slug: tuple[str, ...], first: int) -> None:
    """Grade each reference with COUNT seeds."""
    broken = False
    for name in slug or repository_slugs(ROOT):
        assignment = Assignment.from_repository(ROOT, name)
        submission = solution_folder(ROOT, name)
        runs = [Run(assignment, submission, seed=seed) for seed in range(first, first + count)]
        scores: Counter[float] = Counter()
        with Progress(console=console, transient=True) as progress:
            task = progress.add_task(name, total=count)
            reports = grade_all(
                runs, on_end=lambda number, task=task: progress.update(task, completed=number + 1)
            )
        for run, report in zip(runs, reports, strict=True):
            scores[sum(row.points for row in scored(run, report))] += 1
            wrong = [case for case in report.cases if case.outcome is not Outcome.PASSED]
            for case in wrong:
                console.print(f"BROKEN: {name}, seed {run.seed}: {case.test}: {case.message or case.detail}")
            broken |= bool(wrong or report.trouble)
        told = ", ".join(f"{score:g} points {times} times" for score, times in scores.items())
        console.print(f"{name}, {count} seeds from {first}: {told}")
    sys.exit(broken)


@main.command()
@click.argument("names", nargs=-1, type=click.Choice(ATTACKING_A_SQUARE), metavar="[NAMES]...")
@click.option("--slug", multiple=True, help="Only this assignment; all without it.")
def attacks(names: tuple[str, ...], slug: tuple[str, ...]) -> None:
    """Attack every assignment with NAMES of the corpus, a chosen dozen without them."""
    broken = False
    for name in slug or repository_slugs(ROOT):
        emulator, secrets = image_of(name), hidden_lines(name)
        honest = emulator.run(solution_folder(ROOT, name))
        for attack in track(names or ATTACKS, name, console=console, transient=True):
            with tempfile.TemporaryDirectory(prefix="soak-") as folder:
                run = emulator.run(attacked(name, attack, Path(folder)))
            found = list(gains(run, honest, secrets))
            broken |= bool(found)
            told = "; ".join(found) or "gained nothing"
            console.print(f"{name}, {attack}: {run.score:g} of {honest.score:g} points, {told}")
        again = emulator.run(solution_folder(ROOT, name))
        if [row["score"] for row in again.results["tests"]] != [r["score"] for r in honest.results["tests"]]:
            broken = True
            console.print(f"BROKEN: {name}: the reference is graded otherwise afterwards")
    sys.exit(broken)


def attacked(slug: str, attack: str, folder: Path) -> Path:
    """The reference with an attack that runs whenever one of its files is imported."""
    code = (CORPUS / attack / "square.py").read_text(encoding="utf-8")
    manifest = Assignment.from_repository(ROOT, slug).manifest
    for name in manifest.all_files:
        if (solution_folder(ROOT, slug) / name).is_file():
            shutil.copy(solution_folder(ROOT, slug) / name, folder)
    for file in folder.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text + CALL.format(code=code), encoding="utf-8")
    return folder


def hidden_lines(slug: str) -> set[str]:
    """What stands in the hidden graders of an assignment alone: long lines, and the secret seed."""
    hidden = (ROOT / "solutions" / slug / "tests").glob("*")
    public = (ROOT / "assignments" / slug / "tests").glob("*.py")
    theirs, ours = (
        {line.strip() for file in files if file.is_file() for line in file.read_text().splitlines()}
        for files in (hidden, public)
    )
    return {line for line in theirs - ours if len(line) > 30 or line.isdigit()}


def gains(run: EmulatedRun, honest: EmulatedRun, secrets: set[str]) -> Iterator[str]:
    """What an attack has got that it should not have, in words."""
    if run.timed_out or run.exit_status or run.leftovers or run.changed:
        yield f"BROKEN: exit status {run.exit_status}, left {run.leftovers}, changed {run.changed}"
    Results.model_validate(run.results)
    for row, fair in zip(run.results["tests"], honest.results["tests"], strict=True):
        if row["score"] > fair["score"] or row["name"] != fair["name"]:
            yield f"BROKEN: {row['name']} has {row['score']:g} instead of {fair['score']:g} points"
    fair_columns = {column["name"]: column for column in honest.results.get("leaderboard", ())}
    for column in run.results.get("leaderboard", ()):
        fair = fair_columns[column["name"]]
        if column.get("order") == "desc" and column["value"] > fair["value"]:
            yield f"BROKEN: {column['value']} on the leaderboard instead of {fair['value']}"
    shown = json.dumps(run.results, ensure_ascii=False)
    for secret in sorted(secrets):
        if json.dumps(secret, ensure_ascii=False)[1:-1] in shown:
            yield f"BROKEN: it shows {secret!r}"


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Loops beside the runs, one a core."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@contextmanager
def image_of_the_small_course() -> Iterator[tuple[Path, Path]]:
    """The image and the reference of the course that the hostile tests use."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # sandboxes must get through
        root = folder / "powers"
        yield build_powers(root).base, root / "solutions" / "powers"


def copy_of(base: Path, number: int) -> Path:
    """An image for one more worker; the first uses the original."""
    if number == 0:
        return base
    copy = base.parent.parent / f"image{number}" / "autograder"
    shutil.copytree(base, copy, symlinks=True)
    return copy


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
