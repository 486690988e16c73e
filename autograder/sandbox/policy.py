"""What submitted files may use: a policy of the assignment, checked before a line of them runs.

Runs inside a sandbox. It looks at imports and at names that the code uses, never at comments or
texts. It keeps honest work honest; what keeps secrets are the walls of the sandbox.
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["PolicyError", "Rules", "check"]


class PolicyError(Exception):
    """A submitted file uses what the assignment does not allow; the message is a whole sentence or two."""


@dataclass(frozen=True)
class Rules:
    """What a sandbox needs to know of the assignment: names only, nothing secret.

    Attributes:
        expected: names of the files that the assignment asks for.
        allowed: packages that may be imported besides the standard library and each other.
        narrowed: by module, where a file may import less than that.
        refused: by module, names of a library that a file may not use.
    """

    expected: tuple[str, ...]
    allowed: tuple[str, ...]
    narrowed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    refused: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def modules(self) -> frozenset[str]:
        """The submitted modules."""
        return frozenset(name.removesuffix(".py") for name in self.expected if name.endswith(".py"))

    def packages(self, module: str) -> frozenset[str]:
        """Packages that a submitted module may import besides the standard library."""
        return frozenset(self.narrowed.get(module, self.allowed))


def check(tree: ast.AST, module: str, rules: Rules) -> None:
    """Looks at what a submitted module imports and uses.

    Raises:
        PolicyError: at the first thing that the rules do not allow.
    """
    for package, line in _imports(tree):
        if problem := _import_problem(package, module, rules):
            raise PolicyError(f"{module}.py, line {line}, imports {package}. {problem}")
    refused = rules.refused.get(module, ())
    for name, line in _uses(tree):
        if name in refused:
            raise PolicyError(
                f"{module}.py, line {line}, uses {name}. This file is to be written without it."
            )


def _import_problem(package: str, module: str, rules: Rules) -> str:
    """Why a module may not import a package, "" where it may."""
    packages = rules.packages(module)
    if package in rules.modules:
        if rules.packages(package) <= packages:
            return ""
        return "That file may use libraries that this one is to be written without."
    if package in packages or package in sys.stdlib_module_names:
        return ""
    if package in rules.allowed:
        return "This file is to be written without that library."
    return (
        "This assignment does not allow that library. "
        "If it is a file of yours: only those that the handout names are taken."
    )


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Top-level package and line of each import statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.partition(".")[0], node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.partition(".")[0], node.lineno


def _uses(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names that come out of a library: `nn.LSTM`, `from torch.nn import LSTM`; not the file's own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not _is_self(node.value):
            yield node.attr, node.lineno
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.name, node.lineno


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("self", "cls")
