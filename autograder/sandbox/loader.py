"""Imports the student's files, and only as the assignment allows.

Runs inside a sandbox. The check reads a file before any line of it has run.
"""

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import marshal
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

from autograder.sandbox.policy import Rules, check

__all__ = ["MissingFileError", "StudentFiles", "compiled_file"]


class MissingFileError(Exception):
    """A file that the assignment asks for was not handed in."""


class StudentFiles(importlib.abc.MetaPathFinder):
    """Finds the submitted modules in the private folder, ahead of everything else.

    Args:
        folder: the private folder with the student's files.
        rules: which files are expected, and what they may use.
    """

    def __init__(self, folder: Path, rules: Rules) -> None:
        self.folder = folder
        self.modules = rules.modules
        self._rules = rules

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a submitted module; None for any other name.

        Raises:
            MissingFileError: for a module of the assignment that was not handed in.
        """
        if name not in self.modules:
            return None
        file = self.folder / f"{name}.py"
        if not file.is_file():
            raise MissingFileError(f"{file.name} was not handed in")
        return importlib.util.spec_from_file_location(
            name, file, loader=_CheckedLoader(name, str(file), self)
        )

    def compile(self, file: Path, shown: str) -> CodeType:
        """A submitted file compiled, after a look at what it uses. Nothing of it runs.

        Args:
            file: the file.
            shown: how tracebacks call it.

        Raises:
            PolicyError: if it uses what the assignment does not allow.
            SyntaxError: if Python cannot read it.
        """
        tree = ast.parse(_text_of(file.read_bytes(), shown), shown)
        check(tree, file.stem, self._rules)
        code: CodeType = compile(tree, shown, "exec", dont_inherit=True)
        return code

    def owns(self, shown: str) -> bool:
        """Whether a traceback's file is one of the submitted ones."""
        file = Path(shown)
        return file.stem in self.modules and file.parent in (self.folder, Path())


def compiled_file(module: str) -> str:
    """Name of the file beside a submitted one that holds it compiled, if the run has done that."""
    return f".{module}.code"


class _CheckedLoader(importlib.machinery.SourceFileLoader):
    """Takes the compiled file where there is one, else compiles the source; leaves none behind."""

    def __init__(self, name: str, path: str, files: StudentFiles) -> None:
        super().__init__(name, path)
        self._files = files

    def get_code(self, fullname: str) -> CodeType:
        """The compiled module; errors as `StudentFiles.compile`."""
        file = Path(self.get_filename(fullname))
        compiled = file.with_name(compiled_file(fullname))
        if compiled.is_file():
            code: CodeType = marshal.loads(compiled.read_bytes())
            return code
        return self._files.compile(file, str(file))


def _text_of(data: bytes, path: str) -> str:
    """The text of a file. What Python itself says of one that is no text differs between its versions.

    Raises:
        SyntaxError: with the line, if it is no text in the encoding that it names.
    """
    try:
        text = importlib.util.decode_source(data)
    except (SyntaxError, UnicodeDecodeError) as error:
        known = isinstance(error, SyntaxError) and str(error).startswith("unknown encoding")
        problem = str(error) if known else "it is not UTF-8 text. Save it as UTF-8"
        line = data[: getattr(error, "start", 0)].count(b"\n") + 1
        raise SyntaxError(problem, (path, line, None, None)) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise SyntaxError("it holds a NUL byte. Save it as plain text", (path, line, None, None))
    return text
