"""The experiments notebooks: committed clean, and run from top to bottom with the reference."""

import ast
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

PROJECT = Path(__file__).parents[1]
NOTEBOOKS = sorted(PROJECT.glob("assignments/*/experiments.ipynb"))
CPU_SECONDS = 120  # less than two cores have in the two minutes that are promised
FIGURES = 8
LAST_CELL = "import os, time\nprint(os.getpid(), time.process_time())"


@dataclass
class Executed:
    """A notebook after its run, and the process that ran it."""

    notebook: nbformat.NotebookNode
    process: int
    cpu_seconds: float

    def outputs(self, kind: str) -> Iterator[nbformat.NotebookNode]:
        """All outputs of one kind, in order."""
        for cell in self.notebook.cells:
            for output in cell.get("outputs", []):
                if output.output_type == kind:
                    yield output


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run the cells in `folder` with this interpreter; no kernel needs to be installed by name."""
    manager = KernelManager()
    launcher = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    manager._kernel_spec = KernelSpec(argv=launcher, display_name="this interpreter", language="python")
    env = {
        **os.environ,
        "IPYTHONDIR": str(folder / ".ipython"),  # the user's own start-up files stay out
        "EXPERIMENTS_QUICK": "1",  # the notebooks that train for minutes have a short run for this
        "OPENBLAS_NUM_THREADS": "1",  # on a busy machine two threads wait for each other most of the time
    }
    client = NotebookClient(notebook, km=manager, resources={"metadata": {"path": str(folder)}}, timeout=600)
    client.execute(env=env, cleanup_kc=True)  # a manager that was handed over is else left running


def copy_modules(source: Path, folder: Path) -> None:
    """The files that students write, beside the notebook as in their folder."""
    for module in source.glob("*.py"):
        shutil.copy(module, folder)


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.parent.name)
def executed(request, tmp_path_factory) -> Executed:
    """One run of a notebook against its reference, for all tests."""
    folder = tmp_path_factory.mktemp(request.param.parent.name)
    copy_modules(PROJECT / "solutions" / request.param.parent.name, folder)
    notebook = nbformat.read(request.param, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(LAST_CELL))
    execute(notebook, folder)
    process, cpu_seconds = notebook.cells[-1].outputs[0].text.split()
    return Executed(notebook, int(process), float(cpu_seconds))


def test_there_are_notebooks():
    """The tests below run on something."""
    assert NOTEBOOKS


def test_notebook_runs_in_time_with_the_reference(executed):
    """No cell fails, and it takes less than two minutes of one core."""
    assert list(executed.outputs("error")) == []
    assert executed.cpu_seconds < CPU_SECONDS


def test_notebook_leaves_no_process(executed):
    """The kernel has ended."""
    with pytest.raises(ProcessLookupError):
        os.kill(executed.process, 0)


def test_notebook_draws_figures_and_shows_progress(executed):
    """At least so many pictures; progress bars that reach their end; nothing on standard error."""
    pictures = [output for output in executed.outputs("display_data") if "image/png" in output.data]
    printed = "".join(output.text for output in executed.outputs("stream") if output.name == "stdout")
    errors = "".join(output.text for output in executed.outputs("stream") if output.name == "stderr")

    assert len(pictures) >= FIGURES
    assert "100%|" in printed
    assert errors == ""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.parent.name)
def test_notebook_is_committed_clean(path):
    """Valid, without outputs, counts or a machine's metadata; each cell's id is a name."""
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)

    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        assert cell.metadata == {}
        assert re.fullmatch("[a-z][a-z0-9-]+", cell.id), cell.id
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            ast.parse(cell.source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.parent.name)
def test_notebook_on_stubs_names_what_is_missing(path, tmp_path):
    """A student who runs it too early reads which function is not written yet."""
    copy_modules(PROJECT / "student_templates" / path.parent.name, tmp_path)

    with pytest.raises(CellExecutionError, match=r"NotImplementedError.*is not written yet"):
        execute(nbformat.read(path, as_version=4), tmp_path)


def test_mnist_settings_of_the_notebook_reach_the_goal(python, real_data):
    """The two-layer reference has at least 0.97 test accuracy on full MNIST."""
    folder = real_data("mnist").parent

    ended = python("tests/train_mnist.py", cwd=PROJECT, timeout=600, DATASETS_DIR=str(folder))

    assert ended.returncode == 0, ended.stdout + ended.stderr
    reached = float(re.search(r"test accuracy ([0-9.]+) after", ended.stdout)[1])
    assert reached >= 0.97
