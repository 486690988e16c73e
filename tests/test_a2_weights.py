"""Weights that assignment 2's students hand in: whatever the file is, it costs its own tests alone."""

import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save_file

from autograder.assignment import Assignment, find_repository, solution_folder
from autograder.model import Outcome, TestResult
from autograder.run import Run, grade_all, scored

ROOT = find_repository(Path(__file__))
WEIGHTS = "my_model.safetensors"
# The first three look at the file; the last builds the same class without it.
TESTS = (
    "test_my_model_weights_fit",
    "test_my_model_accuracy_on_hidden_images",
    "test_my_model_bonus",
    "test_my_model_gives_logits",
)


def changed(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], object]:
    """Another state of the model in the same file."""

    def write(path: Path) -> None:
        state = load(path.read_bytes())  # load_file would keep the old file mapped
        change(state)
        save_file(state, path)

    return write


def sparse(path: Path) -> None:
    """A file of 2 GB that takes no room."""
    with path.open("wb") as file:
        file.truncate(2_000_000_000)


def header_only(path: Path) -> None:
    """Says that it is 8 EiB long."""
    path.write_bytes(struct.pack("<Q", 2**63 - 1) + b"{}")


FILES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "a pickle": lambda path: torch.save(load(path.read_bytes()), path),
    "a pickle that runs code": lambda path: path.write_bytes(pickle.dumps(sparse)),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "empty": lambda path: path.write_bytes(b""),
    "a lying header": header_only,
    "wrong shapes": changed(lambda state: state.update({"output.weight": torch.zeros(9, 64)})),
    "a missing name": changed(lambda state: state.pop("output.bias")),
    "nan": changed(lambda state: state["output.bias"].fill_(torch.nan)),
    "too many numbers": changed(lambda state: state.update(more=torch.zeros(2_000_001, dtype=torch.uint8))),
    "2 GB": sparse,
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> dict[str, dict[str, TestResult]]:
    """The rows of each submission, graded in one go."""
    runs = {}
    for number, (name, change) in enumerate(FILES.items()):
        folder = tmp_path_factory.mktemp(f"handed_in_{number}")
        for file in solution_folder(ROOT, "a2_cnn").iterdir():
            if file.suffix in (".py", ".safetensors"):
                shutil.copy(file, folder)
        change(folder / WEIGHTS)
        runs[name] = Run(Assignment.from_repository(ROOT, "a2_cnn"), folder, only=TESTS)
    reports = grade_all(list(runs.values()))
    return {
        name: {row.spec.name: row for row in scored(run, report)}
        for (name, run), report in zip(runs.items(), reports, strict=True)
    }


@pytest.mark.parametrize("name", FILES)
def test_a_weights_file_costs_its_own_tests(graded, name):
    """One sentence that names the file, no point for it, and the class is judged all the same."""
    rows = graded[name]
    assert {row.outcome for row in rows.values()} <= {Outcome.PASSED, Outcome.FAILED}
    assert [rows[test].points for test in TESTS[:3]] == [0, 0, 0]
    assert rows[TESTS[3]].points == rows[TESTS[3]].spec.points
    assert WEIGHTS in rows[TESTS[0]].message
    assert len(rows[TESTS[0]].message) < 500
