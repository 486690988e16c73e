"""Trains the two-layer reference on full MNIST, and says whether it reaches 0.97 on the test split.

It runs cells of assignment 1's notebook, so the settings are those that a student sees. `make mnist`
calls it, and so does a test. MNIST is read from $DATASETS_DIR/mnist or downloaded.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat

PROJECT = Path(__file__).parents[1]
NOTEBOOK = PROJECT / "assignments" / "a1_nn" / "experiments.ipynb"
REFERENCE = PROJECT / "solutions" / "a1_nn"
CELLS = ("settings", "imports", "data", "train-helper", "final")
GOAL = 0.97
VERDICT = f"""
reached = evaluate(final, *data.test, 1000)[1]
took = time.perf_counter() - start
print(f"test accuracy {{reached:.4f}} after {{EPOCHS}} epochs in {{took:.0f}} s; the goal is {GOAL}")
sys.exit(reached < {GOAL})
"""


def training_script() -> str:
    """The notebook's cells that load the data and train the final network, on MNIST."""
    sources = {cell.id: cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells}
    cells = [sources[name] for name in CELLS]
    chosen = cells[0].replace('DATA = "digits"', 'DATA = "mnist"')
    if chosen == cells[0]:
        sys.exit(
            f'{NOTEBOOK}: The cell "settings" does not say DATA = "digits". Adapt {Path(__file__).name}.'
        )
    return "\n\n".join(["import time", "start = time.perf_counter()", chosen, *cells[1:], VERDICT])


def main() -> int:
    """0 if the goal is reached, 1 if not."""
    with tempfile.TemporaryDirectory() as folder:
        for module in REFERENCE.glob("*.py"):
            shutil.copy(module, folder)
        script = Path(folder) / "train.py"
        script.write_text(training_script(), encoding="utf-8")
        # Two threads of OpenBLAS that wait for each other on a busy machine take ten times as long as one.
        env = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        return subprocess.run([sys.executable, script], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
