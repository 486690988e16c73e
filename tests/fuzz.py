"""Fuzzing for minutes, guided by the code that an input reaches: `python tests/fuzz.py wire 10`.

- wire: bytes for the decoder of messages from a sandbox.
- intake: bytes handed in as a zip.
- properties: the tests of both with hypothesis, with other examples again and again.

The first input that breaks a promise ends the run, and lies in the folder that is named. The first two need
atheris, which is not installed otherwise: python -m pip install --group fuzz
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
FINDINGS = Path("build") / "fuzz"
PROPERTIES = (HERE / "test_wire.py", HERE / "test_intake_fuzzed.py")


@click.group()
def main() -> None:
    """Each takes the minutes to run, and exits with 1 if something was found."""


@main.command()
@click.argument("minutes", type=float, default=10.0)
def wire(minutes: float) -> None:
    """Bytes from a sandbox decode to plain values or raise a WireError, in bounded time."""
    import atheris

    with atheris.instrument_imports(include=["autograder.wire"]):
        from test_wire import encode, no_object, survives
    values = [
        None,
        [1, -(2**70), 0.5, "text", b"bytes", True],
        {"key": (1, 2), ("a", 1): {}},
        [np.arange(6.0).reshape(2, 3), np.float32(1), np.zeros((0, 3), dtype=bool)],
    ]
    guided(survives, [encode(value, no_object) for value in values], minutes)


@main.command()
@click.argument("minutes", type=float, default=10.0)
def intake(minutes: float) -> None:
    """Bytes under the name of a zip are taken or refused, and nothing is written elsewhere."""
    import atheris

    with atheris.instrument_imports(include=["autograder.intake", "zipfile"]):
        from test_intake_fuzzed import example_zips, is_safe_as_a_zip
    guided(is_safe_as_a_zip, example_zips(), minutes)


def guided(check, seeds: list[bytes], minutes: float) -> None:
    """The loop of libFuzzer, which prints its figures, and leaves the process by itself."""
    import atheris

    FINDINGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="seeds-") as folder:
        for number, seed in enumerate(seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        options = [
            f"-max_total_time={round(60 * minutes)}",
            "-max_len=4096",
            "-timeout=10",
            "-rss_limit_mb=2048",
        ]
        atheris.Setup(
            [sys.argv[0], *options, "-print_final_stats=1", f"-artifact_prefix={FINDINGS}/", folder], check
        )
        atheris.Fuzz()


@main.command()
@click.argument("minutes", type=float, default=10.0)
def properties(minutes: float) -> None:
    """The hypothesis tests of `make test`, each round with another seed."""
    rounds, end = 0, time.monotonic() + 60 * minutes
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, PROPERTIES)]
    while time.monotonic() < end:
        rounds += 1
        done = subprocess.run(
            [*command, f"--hypothesis-seed={rounds}"], env={**os.environ, "EXAMPLES": "1000"}, check=False
        )
        if done.returncode:
            sys.exit(f"With EXAMPLES=1000 and --hypothesis-seed={rounds} a test fails: see above.")
    print(f"{rounds} rounds of 1,000 examples for each property: nothing found.")


if __name__ == "__main__":
    main()
