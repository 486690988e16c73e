"""Stubs from references: what stands between the solution markers gives way to a raise.

`ast` says where functions and classes are, and the work is done on whole lines, so that all
outside the markers stays as it is written. Nothing of a reference is run. Imported by
templates and verify; it knows the text of one module and no file.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile

from autograder.errors import TemplateError

__all__ = ["make_broken", "make_stub"]

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
_LIKE_A_MARKER = re.compile(r"#+\s*(begin|end)[\s_-]*solutions?\b", re.IGNORECASE)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef
# Tokens that are no code: two comments or blank lines more or less make the same program.
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def make_stub(source: str, file_name: str) -> str:
    """Turn a reference into what students start with.

    A block inside a function becomes one raise. In a block around whole definitions, public
    functions keep signature and docstring and raise, classes keep docstring and annotated
    attributes, and everything else goes.

    Args:
        source: the text of a reference, with solution markers.
        file_name: what to name in errors.

    Raises:
        TemplateError: if the markers do not fit the code, or the stub would not compile.
    """
    return _rewrite(source, file_name, 'raise NotImplementedError("{name} is not written yet")')


def make_broken(source: str, statement: str, file_name: str = "reference") -> str:
    """Turn a reference into a submission whose functions all do the same useless thing.

    Args:
        source: the text of a reference, with solution markers.
        statement: one line, such as "return None", in place of what a student would write.
        file_name: what to name in errors.

    Raises:
        TemplateError: as `make_stub`.
    """
    return _rewrite(source, file_name, statement.replace("{", "{{").replace("}", "}}"))


@dataclass(frozen=True)
class _Block:
    """A pair of markers, and the first and last line of code between them; lines count from 1."""

    begin: int
    end: int
    first: int
    last: int


@dataclass(frozen=True)
class _Replacement:
    """The lines that take the place of a block."""

    block: _Block
    lines: list[str]
    function: Function | None = None  # the function that the block is in, None around definitions
    gap: int = 0  # blank lines that belong between definitions there


class _Module:
    """A reference while it is worked on.

    Attributes:
        statement: takes the place of a solution; "{name}" in it is the function's qualified name.
    """

    def __init__(self, source: str, file_name: str, statement: str) -> None:
        self.source = source.replace("\r\n", "\n")
        self.file_name = file_name
        self.statement = statement
        self.lines = self.source.split("\n")
        self.tree = self._parsed()
        self.tokens = list(tokenize.generate_tokens(io.StringIO(self.source).readline))

    def _parsed(self) -> ast.Module:
        try:
            return ast.parse(self.source)
        except SyntaxError as error:
            raise self.error(
                error.lineno or 1, f"the reference is not Python: {error.msg}.", "Correct it."
            ) from None

    def error(self, line: int, problem: str, remedy: str) -> TemplateError:
        return TemplateError(f"{self.file_name}, line {line}", problem, remedy)

    def span(self, first: int, last: int) -> list[str]:
        return self.lines[first - 1 : last]

    def indent(self, line: int) -> str:
        text = self.lines[line - 1]
        return text[: len(text) - len(text.lstrip())]

    def body(self, indent: str, names: list[str]) -> str:
        return indent + self.statement.format(name=".".join(names))


def _rewrite(source: str, file_name: str, statement: str) -> str:
    module = _Module(source, file_name, statement)
    replacements = [_replacement(module, block) for block in _blocks(module)]
    _check_once(module, replacements)
    lines = list(module.lines)
    for replacement in reversed(replacements):
        lines = _put(lines, replacement)
    stub = "\n".join(lines)
    _check_stub(stub, file_name)
    return stub


def _check_once(module: _Module, replacements: list[_Replacement]) -> None:
    seen: list[Function] = []
    for block, function in ((one.block, one.function) for one in replacements):
        if function is None:
            continue
        if function in seen:
            raise module.error(
                block.begin,
                f"{function.name} has a second block.",
                "Make one block of both: one raise stands for all that is to be written.",
            )
        seen.append(function)


def _check_stub(stub: str, file_name: str) -> None:
    try:
        compile(stub, file_name, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise TemplateError(
            file_name,
            f"the stub does not compile: {error.msg}, line {error.lineno} of the stub.",
            "Move the markers so that what is left is Python: a class or a branch needs a body.",
        ) from None


# Where the blocks are


def _blocks(module: _Module) -> list[_Block]:
    blocks, begin = [], 0
    for line, text in _markers(module):
        if text == BEGIN and begin:
            raise module.error(
                line, f"a block begins inside the one of line {begin}.", f"End that one with {END!r}."
            )
        if text == END and not begin:
            raise module.error(line, "a block ends that did not begin.", f"Write {BEGIN!r} where it begins.")
        if text == END:
            blocks.append(_block(module, begin, line))
        begin = line if text == BEGIN else 0
    if begin:
        raise module.error(begin, "the block that begins here does not end.", f"Write {END!r} where it ends.")
    return blocks


def _markers(module: _Module) -> Iterator[tuple[int, str]]:
    """Find the comments that are markers; one with a slip in it would give the solution away."""
    for token in module.tokens:
        if token.type != tokenize.COMMENT or not _LIKE_A_MARKER.match(token.string):
            continue
        line = token.start[0]
        text = module.lines[line - 1].strip()
        if text not in (BEGIN, END):
            raise module.error(
                line, f"{text!r} is almost a marker.", f"Write {BEGIN!r} or {END!r} on a line of its own."
            )
        yield line, text


def _block(module: _Module, begin: int, end: int) -> _Block:
    code = [
        line
        for token in module.tokens
        if token.type not in _NO_CODE and begin < token.start[0] < end
        for line in (token.start[0], token.end[0])
    ]
    if not code:
        raise module.error(
            begin, "the block holds no code.", "Put the markers around the solution, or remove them."
        )
    return _Block(begin, end, min(code), max(code))


def _place(module: _Module, block: _Block) -> tuple[list[Definition], list[ast.stmt]]:
    """Find the definitions around a block, outermost first, and the whole statements in it."""
    outer: list[Definition] = []
    node: ast.AST = module.tree
    while around := [child for suite in _suites(node) for child in suite if _is_around(child, block)]:
        node = around[0]
        if isinstance(node, Definition):
            outer.append(node)
    touched = [[child for child in suite if _is_touched(child, block)] for suite in _suites(node)]
    found = [suite for suite in touched if suite]
    if len(found) != 1 or not (_is_filled(block, found[0]) and _is_whole(module, block)):
        raise module.error(
            block.begin,
            "the block holds half a statement.",
            f"Put whole statements between {BEGIN!r} and {END!r}.",
        )
    return outer, found[0]


def _suites(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """Yield the lists of statements directly under a node, those of its `except` and `case` included."""
    for _, value in ast.iter_fields(node):
        if not isinstance(value, list) or not value:
            continue
        if isinstance(value[0], ast.stmt):
            yield value
        elif isinstance(value[0], ast.excepthandler | ast.match_case):
            for child in value:
                yield from _suites(child)


def _first_line(node: ast.stmt) -> int:
    decorators = node.decorator_list if isinstance(node, Definition) else []
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _last_line(node: ast.stmt | ast.expr) -> int:
    return node.end_lineno or node.lineno


def _is_around(node: ast.stmt, block: _Block) -> bool:
    return _first_line(node) < block.begin and block.last <= _last_line(node)


def _is_touched(node: ast.stmt, block: _Block) -> bool:
    return _first_line(node) <= block.last and block.first <= _last_line(node)


def _is_filled(block: _Block, statements: list[ast.stmt]) -> bool:
    return (_first_line(statements[0]), _last_line(statements[-1])) == (block.first, block.last)


def _is_whole(module: _Module, block: _Block) -> bool:
    """Tell whether the lines are statements by themselves: after `with`, an `elif` is none."""
    header = ["with block:"] if module.indent(block.first) else []
    try:
        ast.parse("\n".join(header + module.span(block.first, block.last)))
    except SyntaxError:
        return False
    return True


# What takes their place


def _replacement(module: _Module, block: _Block) -> _Replacement:
    outer, statements = _place(module, block)
    inner = outer[-1] if outer else None
    names = [node.name for node in outer]
    if not isinstance(inner, Function):
        return _Replacement(block, _definitions(module, statements, names), gap=_gap(names))
    if _docstring_of(inner) is not None and statements[0] is inner.body[0]:
        raise module.error(
            block.begin,
            f"the docstring of {inner.name} is inside the block.",
            "Put the marker after it: students need it.",
        )
    return _Replacement(block, [module.body(module.indent(block.first), names)], function=inner)


def _gap(names: list[str]) -> int:
    """Blank lines between definitions, as the formatter wants them."""
    return 1 if names else 2


def _definitions(module: _Module, statements: list[ast.stmt], names: list[str]) -> list[str]:
    """Write what is left of the public definitions among some statements."""
    lines: list[str] = []
    for node in statements:
        if isinstance(node, Definition) and _is_public(node.name):
            lines += [""] * _gap(names) if lines else []
            lines += _kept(module, node, [*names, node.name])
    return lines


def _is_public(name: str) -> bool:
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def _kept(module: _Module, node: Definition, names: list[str]) -> list[str]:
    """Write decorators, signature and docstring, and what stands for the body."""
    colon = _colon(module, node)
    inline = colon.start[0] == node.body[0].lineno
    head = module.span(_first_line(node), colon.start[0])
    if inline:
        head[-1] = head[-1][: colon.end[1]]
    indent = module.indent(node.lineno) + "    " if inline else module.indent(_first_line(node.body[0]))
    docstring = _docstring(module, node, indent)
    if isinstance(node, Function):
        return [*head, *docstring, module.body(indent, names)]
    body = _class_body(module, node, names)
    if not docstring and not body:
        return [*head, f"{indent}pass"]
    return [*head, *_apart(docstring, body)]


def _colon(module: _Module, node: Definition) -> tokenize.TokenInfo:
    """Find the colon that ends the signature: the first one outside brackets."""
    depth = 0
    for token in module.tokens:
        if token.start[0] < node.lineno:
            continue
        depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
        if token.string == ":" and depth == 0:
            return token
    raise AssertionError("the parser takes no definition without a colon")


def _docstring_of(node: Definition) -> ast.expr | None:
    first = node.body[0]
    if isinstance(first, ast.Expr) and ast.get_docstring(node, clean=False) is not None:
        return first.value
    return None


def _docstring(module: _Module, node: Definition, indent: str) -> list[str]:
    """Write the docstring as it stands, with a comment behind it but without a statement there."""
    docstring = _docstring_of(node)
    if docstring is None:
        return []
    text = ast.get_source_segment(module.source, docstring) or ""
    behind = module.lines[_last_line(docstring) - 1].rpartition(text.split("\n")[-1])[2]
    comment = behind if behind.strip().startswith("#") else ""
    return f"{indent}{text}{comment}".split("\n")


def _class_body(module: _Module, node: ast.ClassDef, names: list[str]) -> list[str]:
    """Write the annotated attributes of a class, which are its interface, and its public definitions."""
    attributes = [
        line
        for child in node.body
        if isinstance(child, ast.AnnAssign)
        and isinstance(child.target, ast.Name)
        and _is_public(child.target.id)
        for line in module.span(_first_line(child), _last_line(child))
    ]
    return _apart(attributes, _definitions(module, node.body, names))


def _apart(above: list[str], below: list[str]) -> list[str]:
    return [*above, *([""] if above and below else []), *below]


def _put(lines: list[str], replacement: _Replacement) -> list[str]:
    """Put the lines in a block's place, with the blank lines around them that the formatter wants."""
    block = replacement.block
    above, below = lines[: block.begin - 1], lines[block.end :]
    if replacement.function:
        return above + replacement.lines + below
    before, after = _blank(reversed(above)), _blank(below)
    above, below = above[: len(above) - before], below[after:]
    if not replacement.lines:
        gap = max(before, after) if above and below else 0
        if (section := _section(below)) and section == _section(reversed(above)):
            gap = 0  # imports of one section stand together
        return [*above, *[""] * gap, *(below or [""])]
    if above and not above[-1].rstrip().endswith(":") and not above[-1].lstrip().startswith("#"):
        before = max(before, replacement.gap)
    after = max(after, replacement.gap) if below else 0
    return [*above, *[""] * before, *replacement.lines, *[""] * after, *(below or [""])]


def _section(lines: Iterable[str]) -> str:
    """Name the group of imports that the first statement belongs to, "" where it is no import."""
    line = next((line for line in lines if re.match(r"[^\s)#]", line)), "")
    found = re.match(r"(?:import|from)\s+([\w.]+)", line)
    if not found:
        return ""
    package = found[1].partition(".")[0]
    if package == "__future__":
        return package
    return "standard" if package in sys.stdlib_module_names else "other"


def _blank(lines: Iterable[str]) -> int:
    """Count the blank lines at the start."""
    return len(list(takewhile(lambda line: not line.strip(), lines)))
