"""The submission as a grader reaches it: `student.<module>.<name>`, and what to do with handles.

Used by graders through `autograder.grading`, and by the plugin.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from autograder.errors import SandboxError
from autograder.model import Kind
from autograder.sandbox.client import Handle, Sandbox
from autograder.sandbox.verdicts import StudentError

__all__ = ["Submission", "fetch", "given", "printed", "reference", "replace", "seconds", "send"]

T = TypeVar("T")
PATIENCE = 2  # tests that may wait for the same import in vain


class Submission:
    """The student's modules behind the wall; each is imported when it is first asked for.

    Args:
        sandbox: where the student's code runs.
        given_folders: where `given` looks for the grader's own helper code, in this order.
        hung: how many tests of the run each module has cost because its import did not end; counted on.
    """

    __slots__ = ("_given_folders", "_hung", "_modules", "_sandbox")

    def __init__(
        self, sandbox: Sandbox, given_folders: Sequence[Path], hung: Counter[str] | None = None
    ) -> None:
        self._sandbox = sandbox
        self._given_folders = tuple(given_folders)
        self._hung = Counter() if hung is None else hung
        self._modules: dict[str, Handle] = {}

    def __getattr__(self, name: str) -> Handle:
        if name.startswith("__"):
            raise AttributeError(name)  # protocols of Python and pytest probe for these
        if name not in self._modules:
            self._modules[name] = self._import(name)
        return self._modules[name]

    def _import(self, name: str) -> Handle:
        if self._hangs(name):
            raise StudentError(
                Kind.TIMEOUT,
                f"The import of {name}.py did not finish in {PATIENCE} tests before this one, so it is not "
                "tried again. Look for code outside of functions that runs for long or never ends.",
            )
        module = self._ask_to_import(name, "import")
        if not isinstance(module, Handle):
            raise StudentError(Kind.TYPE, f"{name}.py has put something else into its own place.")
        return module

    def _replace(self, name: str, functions: dict[str, Callable[..., Any]]) -> None:
        self._ask_to_import(name, "replace", functions, self._hangs(name))

    def _hangs(self, name: str) -> bool:
        """Whether to wait no longer: the tests of one module would use up the time of all others."""
        return self._hung[name] >= PATIENCE

    def _ask_to_import(self, name: str, operation: str, *arguments: object) -> Any:
        try:
            return self._sandbox.ask(f"{name}.py", operation, name, *arguments)
        except StudentError as error:
            self._hung[name] += error.kind is Kind.TIMEOUT
            raise


def send(student: Submission, value: object) -> Any:
    """Puts a plain value into the sandbox and keeps it there.

    To see whether a function changes its argument, or to pass the same object twice:

        x = send(student, X)
        student.activations.relu(x)
        assert_close(fetch(x), X, what="x after the call")
    """
    return student._sandbox.ask("an argument", "send", value)


def fetch(handle: Any) -> Any:
    """A copy of what a handle stands for."""
    return handle._sandbox.ask(handle._label, "fetch", handle)


def reference(handle: Any, name: str) -> Any:
    """An attribute as a handle, where plain access would give a copy.

    `reference(net, "weights")["W1"] = W` changes the student's own dict.
    """
    return handle._sandbox.ask(f"the attribute '{name}'", "reference", handle, name)


def given(student: Submission, file_name: str) -> Any:
    """Helper code of the grader, loaded as a module beside the student's files.

    Args:
        student: the submission.
        file_name: a file in the folder `given/` beside the grader, or beside the public graders.

    Returns:
        A handle of the module. What its functions return is judged like any value of
        the student's: their code shares the process, can read the helper's source, and may
        have tampered with it. Nothing that a student may not have belongs there.

    Raises:
        SandboxError: if there is no such file.
    """
    found = [folder / file_name for folder in student._given_folders if (folder / file_name).is_file()]
    if not found:
        folders = " and ".join(str(folder) for folder in student._given_folders)
        raise SandboxError(
            file_name, f"There is no such helper in {folders}.", "Correct the name in the grader."
        )
    source = found[0].read_text(encoding="utf-8")
    return student._sandbox.ask(file_name, "given", file_name.removesuffix(".py"), source)


def replace(student: Submission, module: str, **functions: Callable[..., Any]) -> None:
    """Puts the grader's own functions in the place of the student's.

    For a part that builds on an earlier one, so that a mistake there is not paid for twice.
    The student's code gets only what they return: they run in the grader's process.

        replace(student, "activations", softmax=softmax)

    Args:
        student: the submission; its modules that use the function are imported afterwards.
        module: name of the student's module, which need not be there.
        functions: by the names to replace; they take and return plain values.
    """
    student._replace(module, functions)


def printed(student: Submission) -> str:
    """The end of what the student's code has printed so far in this test."""
    return student._sandbox.printed()


def seconds(call: Callable[[], T]) -> tuple[T, float]:
    """What `call` returns, and how long it took by the grader's own clock."""
    start = time.perf_counter()
    result = call()
    return result, time.perf_counter() - start
