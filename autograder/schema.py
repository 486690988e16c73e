"""Reads TOML files against a schema, and says in words what does not fit.

The schema is a pydantic model; the description of a field is what a person is told to
write when the value there is wrong. Imported by manifest and mistakes. It knows no
schema itself.
"""

import difflib
import importlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from autograder.errors import AutograderError

__all__ = ["Problem", "Table", "closest", "explain", "read_toml"]

# tomllib came with Python 3.11; tomli is the same parser for 3.10.
_tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")

Problem = tuple[str, str]  # what is wrong, and what to do about it


class Table(BaseModel):
    """A table of a TOML file: fixed keys, exact types, finite numbers, no changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


Model = TypeVar("Model", bound=Table)


def read_toml(path: Path, model: type[Model], error: type[AutograderError]) -> Model:
    """Read a TOML file into a model.

    Raises:
        error: if the file is missing, is not TOML, or does not fit the model.
    """
    data = _parse(path, error)
    try:
        # By way of JSON, since a strict model takes an array for a tuple only from there.
        return model.model_validate_json(json.dumps(data, default=str))
    except ValidationError as invalid:
        explain(path, [_problem(one, data, model) for one in _causes(invalid.errors())], error)
        raise


def explain(place: object, problems: list[Problem], error: type[AutograderError]) -> None:
    """Raise one error that tells all the problems, one a line if several; do nothing if none."""
    if not problems:
        return
    *others, (problem, remedy) = problems
    if others:
        lines = [f"{problem} {remedy}" for problem, remedy in others]
        problem = "\n  ".join([f"there are {len(problems)} problems:", *lines, problem])
    raise error(place, problem, remedy)


def closest(name: str, known: Iterable[str]) -> str:
    """Tell the known name that is most like a wrong one, or a dozen of them if none is."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    more = ", ..." if len(names) > 12 else ""
    return f"Known here: {', '.join(names[:12]) or 'none'}{more}."


def _parse(path: Path, error: type[AutograderError]) -> dict[str, Any]:
    try:
        data: dict[str, Any] = _tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise error(path, "there is no such file.", "Check the folder's name, or write the file.") from None
    except OSError as problem:
        raise error(
            path, f"it cannot be read: {problem.strerror}.", "Check that it is a readable file."
        ) from None
    except UnicodeDecodeError:
        raise error(path, "it is not UTF-8 text.", "Save it as UTF-8.") from None
    except _tomllib.TOMLDecodeError as problem:
        raise error(path, f"it is not TOML: {problem}.", "Correct the syntax there.") from None
    return data


def _causes(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out the errors of a value that has an error within: a list too short for its bad entries."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if not any(place != error["loc"] and place[: len(error["loc"])] == error["loc"] for place in places)
    ]


def _problem(error: ErrorDetails, data: Any, model: type[Table]) -> Problem:
    """Say what is wrong at one place of the file, and take the remedy from the field there."""
    keys, index, remedy = [], "", ""
    for step in error["loc"]:
        if isinstance(step, int):
            data = data[step]
            index = _entry(data, step) or index
        elif step in model.model_fields:
            keys.append(step)
            field = model.model_fields[step]
            remedy, model = field.description or "", _table_in(field.annotation) or model
            data = data.get(step)
        else:
            keys.append(str(step))
            remedy = closest(str(step), model.model_fields)
    key = f"'{'.'.join(keys)}'" + index
    if error["type"] == "missing":
        return f"{key} is missing.", remedy
    if error["type"] == "extra_forbidden":
        return f"{key} is not a key of this table.", remedy
    return f"{key} is {_shown(data)}.", remedy


def _entry(value: Any, index: int) -> str:
    """Name an entry of an array of tables by its id, or by its place where it has none."""
    if not isinstance(value, dict):
        return ""
    name = value.get("id", value.get("name"))
    return f" of {name!r}" if isinstance(name, str) else f" of number {index + 1}"


def _table_in(annotation: Any) -> type[Table] | None:
    """Find the model in `Model` or `tuple[Model, ...]`."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Table):
            return candidate
    return None


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."
