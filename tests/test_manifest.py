"""assignment.toml: what is read, and every sentence that a wrong one gets."""

from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from autograder.errors import ManifestError
from autograder.manifest import Manifest, load_manifest
from autograder.schema import closest

GOOD = """\
title = "Small"
summary = "Two parts."

[[parts]]
id = "1.1"
title = "First"
files = ["activations.py"]
points = 14

[[parts]]
id = "1.2"
title = "Second"
files = ["losses.py", "activations.py"]
points = 0.5
"""


def load(tmp_path: Path, text: str) -> Manifest:
    """Write a manifest and load it."""
    path = tmp_path / "assignment.toml"
    path.write_text(text, encoding="utf-8")
    return load_manifest(path)


def message(tmp_path: Path, text: str) -> str:
    """Read the error that a manifest gets, less the path of the file."""
    with pytest.raises(ManifestError) as caught:
        load(tmp_path, text)
    return str(caught.value).removeprefix(f"{tmp_path / 'assignment.toml'}: ")


def test_a_short_manifest_gets_the_defaults(tmp_path):
    """Titles, parts, files and points are enough; the rest has defaults."""
    manifest = load(tmp_path, GOOD)

    assert manifest.points == 14.5
    assert manifest.files == ("activations.py", "losses.py")
    assert manifest.all_files == manifest.files
    assert manifest.part("1.2").title == "Second"
    assert manifest.limits.test_seconds == 10
    assert manifest.sandbox.preload == ("numpy",)
    assert manifest.leaderboard == ()


def test_a_full_manifest_is_read(tmp_path):
    """Every table is read; theory stays out of the points, a file counts once."""
    manifest = load(
        tmp_path,
        GOOD
        + """
[[theory]]
id = "T1"
title = "Convexity"
points = 5
[submission]
optional_files = ["notes.txt", "activations.py"]
max_file_kb = 64
[limits]
test_seconds = 2.5
[requirements]
autograder = ["numpy==2.2.6; python_version < '3.11'", "torch==2.13.0+cpu", "torchvision===0.28.0"]
[sandbox]
preload = ["numpy", "torch._dynamo", "json"]
allowed_imports = ["numpy", "torch"]
[[leaderboard]]
name = "accuracy"
[[leaderboard]]
name = "seconds"
order = "asc"
""",
    )

    assert manifest.theory[0].points == 5
    assert manifest.points == 14.5
    assert manifest.all_files == ("activations.py", "losses.py", "notes.txt")
    assert [column.order for column in manifest.leaderboard] == ["desc", "asc"]
    assert len(manifest.requirements.autograder) == 3


def test_a_manifest_cannot_be_changed(tmp_path):
    """What was read stays as it was read."""
    with pytest.raises(ValueError, match="frozen"):
        load(tmp_path, GOOD).title = "other"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            GOOD + "[limits]\ntest_seconds = -5",
            "'limits.test_seconds' is -5. Use a positive number of seconds, for example 10.",
        ),
        (
            GOOD + "[limits]\nrun_seconds = 3000",
            (
                "'limits.run_seconds' is 3000. Use a positive number of seconds up to 2400, Gradescope's "
                "longest time-out, for example 300."
            ),
        ),
        (
            GOOD + "[limits]\nthreads = 1.5",
            "'limits.threads' is 1.5. Use a positive whole number, for example 16.",
        ),
        (
            GOOD + "[limits]\ntest_secs = 5",
            "'limits.test_secs' is not a key of this table. Did you mean 'test_seconds'?",
        ),
        (
            GOOD + "[colours]",
            (
                "'colours' is not a key of this table. Known here: bonus, data_files, hidden_data, "
                "leaderboard, limits, parts, requirements, sandbox, settings, submission, summary, "
                "theory, ...."
            ),
        ),
        (
            GOOD.replace('title = "Small"\n', ""),
            "'title' is missing. Write a few words, for example \"Neural networks from scratch\".",
        ),
        (
            GOOD.replace("points = 14", 'points = "14"'),
            "'parts.points' of '1.1' is \"14\". Use a positive number, for example 14.",
        ),
        (
            GOOD.replace("points = 14", "points = nan"),
            "'parts.points' of '1.1' is NaN. Use a positive number, for example 14.",
        ),
        (
            GOOD.replace('id = "1.2"\n', ""),
            (
                "'parts.id' of number 2 is missing. Use the assignment's number, a dot and the part's, "
                'for example "1.2".'
            ),
        ),
        (
            GOOD.replace('"1.2"', '"1.02"'),
            (
                "'parts.id' of '1.02' is \"1.02\". Use the assignment's number, a dot and the part's, "
                'for example "1.2".'
            ),
        ),
        (
            GOOD.replace('"losses.py"', '"../losses.py"'),
            (
                "'parts.files' of '1.2' is \"../losses.py\". List plain file names without a folder, "
                'for example ["activations.py"].'
            ),
        ),
        (
            GOOD.replace('"losses.py"', '".losses.py"'),
            (
                "'parts.files' of '1.2' is \".losses.py\". List plain file names without a folder, "
                'for example ["activations.py"].'
            ),
        ),
        (
            GOOD + '[requirements]\nautograder = ["numpy>=2"]',
            (
                "'requirements.autograder' is \"numpy>=2\". Pin each package exactly, "
                'for example "numpy==2.2.6".'
            ),
        ),
        (
            GOOD + '[requirements]\nstudent = ["tqdm==4.*"]',
            (
                "'requirements.student' is \"tqdm==4.*\". Pin each package exactly, "
                'for example "matplotlib==3.10.0".'
            ),
        ),
        (
            GOOD + '[[leaderboard]]\nname = "accuracy"\norder = "up"',
            (
                '\'leaderboard.order\' of \'accuracy\' is "up". Use "desc" where more is better and "asc" '
                "where less is."
            ),
        ),
        (
            "limits = 3\n" + GOOD,
            "'limits' is 3. Write a [limits] table.",
        ),
        (
            'title = "Small"\nsummary = "None."\nparts = []',
            "'parts' is []. Write a [[parts]] table with id, title, files and points for each part.",
        ),
        (
            GOOD.replace('"1.2"', '"1.1"'),
            "'parts.id' '1.1' occurs more than once. Give each its own.",
        ),
        (
            GOOD.replace('"losses.py"', '"Activations.py"'),
            (
                "two files are called 'activations.py' but for their case. "
                "Some systems cannot tell them apart: rename one."
            ),
        ),
        (
            GOOD.replace('"losses.py"', '"my-losses.py"'),
            (
                "file 'my-losses.py' cannot be imported. Use letters, digits and underscores, "
                "for example losses.py."
            ),
        ),
        (
            GOOD.replace('"losses.py"', '"Random.py"'),
            "file 'Random.py' would hide the module 'random'. Choose another name for the file.",
        ),
        (
            GOOD + '[sandbox]\npreload = ["torch.nn"]',
            (
                "'sandbox.preload' names 'torch.nn', which no submission may import. "
                "Add 'torch' to 'sandbox.allowed_imports', or leave it out."
            ),
        ),
        (
            GOOD + '[sandbox]\npreload = ["autograder.wire"]',
            "'sandbox.preload' names 'autograder.wire'. Leave it out: the engine stays out of sandboxes.",
        ),
        (
            GOOD + "[limits]\ntest_seconds = 400",
            (
                "'limits.test_seconds' is 400, more than the whole run has. "
                "Use at most the 300 of 'limits.run_seconds'."
            ),
        ),
        (
            'title = "Small\n',
            "it is not TOML: Illegal character '\\n' (at line 1, column 15). Correct the syntax there.",
        ),
    ],
)
def test_a_wrong_manifest_gets_one_sentence_and_its_remedy(tmp_path, changed, expected):
    """The error names key, value and what to write there instead."""
    assert message(tmp_path, changed) == expected


@pytest.mark.parametrize(
    "name", ["numpy.py", "conftest.py", "autograder.py", "torch.py", "scipy.py", "json.py"]
)
def test_a_file_may_not_hide_a_module(tmp_path, name):
    """A student's file never stands in for a module that grading needs."""
    changed = GOOD.replace("losses.py", name) + (
        '[sandbox]\npreload = ["torch.nn"]\nallowed_imports = ["numpy", "torch", "scipy"]'
    )

    assert f"would hide the module {name[:-3]!r}" in message(tmp_path, changed)


def test_all_problems_are_told_one_a_line(tmp_path):
    """Whoever corrects a manifest sees all that is wrong at once."""
    changed = GOOD.replace("points = 14", "points = 0").replace('title = "Second"\n', "") + "[limit]"

    assert message(tmp_path, changed) == (
        "there are 3 problems:\n"
        "  'parts.points' of '1.1' is 0. Use a positive number, for example 14.\n"
        "  'parts.title' of '1.2' is missing. Write a few words, for example \"Activations\".\n"
        "  'limit' is not a key of this table. Did you mean 'limits'?"
    )


def test_a_long_value_is_shown_in_short(tmp_path):
    """A long value does not bury the sentence."""
    told = message(tmp_path, GOOD.replace("points = 14", f'points = "{"x" * 500}"'))

    assert len(told) < 150


def test_a_file_that_cannot_be_read_is_explained(tmp_path):
    """A missing file, a folder and a file in another encoding each have a sentence."""
    path = tmp_path / "assignment.toml"
    with pytest.raises(ManifestError, match=r"there is no such file\. Check the folder's name, or write"):
        load_manifest(path)

    path.write_bytes(b"\xff")
    with pytest.raises(ManifestError, match=r"it is not UTF-8 text\. Save it as UTF-8\."):
        load_manifest(path)

    path.unlink()
    path.mkdir()
    with pytest.raises(ManifestError, match=r"it cannot be read: .*\. Check that it is a readable file\."):
        load_manifest(path)


def test_an_unknown_part_is_told_with_the_known_ones(tmp_path):
    """A part that is not there is answered with those that are."""
    with pytest.raises(ManifestError, match=r"Small: there is no part 1\.9\. The parts are 1\.1, 1\.2\."):
        load(tmp_path, GOOD).part("1.9")


def test_closest_names_a_dozen_at_most():
    """A near name is suggested; without one the list stays short."""
    assert closest("ab", ["abc", "xyz"]) == "Did you mean 'abc'?"
    assert closest("q", []) == "Known here: none."
    assert closest("q", [f"name{i:02}" for i in range(20)]).endswith("name11, ....")


def test_every_key_has_a_remedy():
    """Each field of the schema tells what to write there."""
    models: list[type[BaseModel]] = [Manifest]
    for model in models:
        for name, field in model.model_fields.items():
            assert (field.description or "").endswith("."), f"{model.__name__}.{name}"
            inner = [field.annotation, *get_args(field.annotation)]
            models += [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
    assert len(models) == 8
