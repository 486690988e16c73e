"""mistakes.toml: its schema, and the edits that it makes."""

from pathlib import Path

import pytest

from autograder.errors import MistakeError
from autograder.mistakes import Catalogue, Mistake, apply, check_catalogue, function_of, load_catalogue
from autograder.model import TestSpec

SOURCE = '''\
def mean(values):
    """Mean of some values."""
    total = 0.0
    for value in values:
        total += value
    return total / len(values)
'''

GOOD = '''\
[[mistake]]
id = "sum-not-mean"
file = "means.py"
find = "return total / len(values)"
replace = "return total"
symptom = "too large by the number of values"
hint = "What does a mean divide by?"
caught_by = ["test_mean"]

[[mistake]]
id = "first-value-missed"
file = "means.py"
find = """
    for value in values:
        total += value
"""
replace = """
    for value in values[1:]:
        total += value
"""
symptom = "the first value does not count"
hint = "How often does the loop run for one value?"
caught_by = ["test_mean", "test_mean_of_one"]
'''


def write(folder: Path, text: str) -> Path:
    """Write a mistakes.toml beside its reference."""
    (folder / "means.py").write_text(SOURCE)
    path = folder / "mistakes.toml"
    path.write_text(text)
    return path


def mistake(**fields: object) -> Mistake:
    """Make a mistake like the first of GOOD."""
    given = {
        "id": "sum-not-mean",
        "file": "means.py",
        "find": "return total / len(values)",
        "replace": "return total",
        "symptom": "too large",
        "hint": "What does a mean divide by?",
        "caught_by": ("test_mean",),
    }
    return Mistake.model_validate(given | fields)


def specs(*names: str) -> list[TestSpec]:
    """Make tests of these names."""
    return [TestSpec(name=name, part="1.1", title="T.", points=1) for name in names]


def test_a_catalogue_is_read_and_makes_its_mistakes(tmp_path):
    """Each entry edits one place, of one line or more, and leaves the rest alone."""
    catalogue = load_catalogue(write(tmp_path, GOOD))
    first, second = catalogue.mistake

    assert first.caught_by == ("test_mean",)
    assert apply(first, SOURCE) == SOURCE.replace(" / len(values)", "")
    assert apply(second, SOURCE) == SOURCE.replace("in values:", "in values[1:]:")
    check_catalogue(catalogue, specs("test_mean", "test_mean_of_one", "test_other"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            '"sum-not-mean"',
            '"Sum not mean"',
            "'mistake.id' of 'Sum not mean' is \"Sum not mean\". Use lower-case",
        ),
        (
            '"means.py"',
            '"../means.py"',
            "'mistake.file' of 'sum-not-mean' is \"../means.py\". Name a module of",
        ),
        (
            '["test_mean"]',
            "[]",
            "'mistake.caught_by' of 'sum-not-mean' is []. List the tests that fail, and no",
        ),
        (
            '"return total / len(values)"',
            '" "',
            "'mistake.find' of 'sum-not-mean' is \" \". Copy the lines of",
        ),
        ('"return total"', "3", "'mistake.replace' of 'sum-not-mean' is 3. Write what stands there instead;"),
        (
            'hint = "What does a mean divide by?"\n',
            "",
            "'mistake.hint' of 'sum-not-mean' is missing. Write a",
        ),
        (
            'symptom = "too',
            'symptoms = "too',
            "'mistake.symptoms' of 'sum-not-mean' is not a key of this table. Did",
        ),
        (
            "first-value-missed",
            "sum-not-mean",
            "the id 'sum-not-mean' occurs 2 times. Give each mistake its own.",
        ),
        (
            'file = "means.py"',
            'file = "mean.py"',
            "the reference has no file 'mean.py'. Did you mean 'means.py'?",
        ),
        ("[[mistake]]", "[mistake", "it is not TOML: "),
    ],
)
def test_a_wrong_catalogue_is_explained(tmp_path, old, new, expected):
    """The error names file, mistake, key and value, and what to write instead."""
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(MistakeError) as caught:
        load_catalogue(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)


def test_a_missing_catalogue_is_told(tmp_path):
    """An assignment without mistakes.toml gets a sentence."""
    with pytest.raises(
        MistakeError, match=r"mistakes\.toml: there is no such file\. Check the folder's name"
    ):
        load_catalogue(tmp_path / "mistakes.toml")


def test_a_test_that_is_not_there_is_told_with_the_nearest():
    """A test that was renamed would otherwise never be missed."""
    mistakes = (mistake(caught_by=("test_maen", "test_mean")), mistake(id="b", caught_by=("zzz",)))
    with pytest.raises(MistakeError) as caught:
        check_catalogue(
            Catalogue(end_to_end=("test_ones",), mistake=mistakes), specs("test_mean", "test_one")
        )

    assert str(caught.value) == (
        "mistakes.toml: there are 3 problems:\n"
        "  mistake 'sum-not-mean': there is no test 'test_maen'. Did you mean 'test_mean'?\n"
        "  mistake 'b': there is no test 'zzz'. Known here: test_mean, test_one.\n"
        "  end_to_end: there is no test 'test_ones'. Did you mean 'test_one'?"
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"find": "return total / len(value)"},
            ("'find' does not occur in the file. Line 6 is most like it: 'return total / len(values)'."),
        ),
        (
            {"find": "for value in values:\n    total += value"},
            (
                "'find' does not occur in the file. "
                "Line 4 is most like it: 'for value in values:\\n        total += value'."
            ),
        ),
        (
            {"find": "while True: x"},
            "'find' does not occur in the file. Copy it from the file, spaces included.",
        ),
        (
            {"find": "total"},
            "'find' occurs 3 times in the file. Copy more lines around the place.",
        ),
        (
            {"replace": "return ("},
            (
                "the edited file is not Python: '(' was never closed, line 6. "
                "Correct 'replace', and its indentation."
            ),
        ),
        (
            {"replace": "return total / len(values)  # the mean"},
            "the edit changes nothing but its looks. Correct 'replace'.",
        ),
    ],
)
def test_an_edit_that_does_not_fit_is_explained(fields, expected):
    """The place must be found once, and the result must be Python that means something else."""
    with pytest.raises(MistakeError) as caught:
        apply(mistake(**fields), SOURCE)

    assert str(caught.value) == f"mistake 'sum-not-mean', means.py: {expected}"


NESTED = """\
import math


@staticmethod
def outer(x):
    def inner(y):
        return y + 1

    return inner(x)


class Layer:
    size = 3

    def forward(self, x):
        y = x * 2
        return y


def last(x=1): return x
"""


@pytest.mark.parametrize(
    ("find", "line"),
    [
        ("return y + 1", 4),
        ("\n    return inner(x)\n", 4),
        ("y = x * 2\n        return y\n", 15),
        ("y = x * 2", 15),
        ("return x", None),
        ("size = 3", None),
        ("import math", None),
        ("def inner(y):", 4),
        ("def forward(self, x):\n        y = x * 2", None),
        ("return y\n\n\ndef last", None),
        ("x=1", None),
    ],
)
def test_the_function_that_holds_an_edit(find, line):
    """From its first decorator on; a method is one, a function inside another is part of that."""
    source = NESTED
    assert source.count(find) >= 1
    assert function_of(mistake(find=find), source) == line
