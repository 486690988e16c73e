"""Finding an assignment in each of its three homes, without any list of names."""

from pathlib import Path

import pytest

from autograder.assignment import (
    Assignment,
    find_repository,
    repository_slugs,
    solution_folder,
    template_folder,
)
from autograder.errors import ManifestError, UsageError

MANIFEST = """\
title = "Small"
summary = "One part."
[[parts]]
id = "1.1"
title = "First"
files = ["one.py"]
points = 3
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a repository of two assignments, one of them with hidden tests."""
    for slug in ("b2_second", "a1_first"):
        (tmp_path / "assignments" / slug / "tests").mkdir(parents=True)
        (tmp_path / "assignments" / slug / "assignment.toml").write_text(MANIFEST)
    (tmp_path / "assignments" / "notes").mkdir()
    (tmp_path / "solutions" / "a1_first" / "tests").mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    return tmp_path


def test_the_folders_are_the_registry(root):
    """An assignment is a folder with an assignment.toml, and nothing lists them."""
    assert repository_slugs(root) == ["a1_first", "b2_second"]
    assert repository_slugs(root / "assignments") == []


def test_an_assignment_of_the_repository(root):
    """Public things come from assignments/, hidden tests from solutions/."""
    assignment = Assignment.from_repository(root, "a1_first")

    assert assignment.slug == "a1_first"
    assert assignment.manifest.points == 3
    assert assignment.manifest is assignment.manifest
    assert assignment.public_tests == root / "assignments/a1_first/tests"
    assert assignment.hidden_tests == root / "solutions/a1_first/tests"
    assert solution_folder(root, "a1_first") == root / "solutions/a1_first"
    assert template_folder(root, "a1_first") == root / "student_templates/a1_first"


def test_without_solutions_there_are_no_hidden_tests(root):
    """The repository works with solutions/ deleted."""
    assert Assignment.from_repository(root, "b2_second").hidden_tests is None


@pytest.mark.parametrize(
    ("slug", "remedy"),
    [
        ("a1_frist", "Did you mean 'a1_first'?"),
        ("zzz", "Known here: a1_first, b2_second."),
        ("../assignments/a1_first", "Known here: a1_first, b2_second."),
        ("notes", "Known here: a1_first, b2_second."),
    ],
)
def test_an_unknown_slug_is_told_with_those_that_exist(root, slug, remedy):
    """A wrong name, or a path in place of one, is answered with the right names."""
    with pytest.raises(UsageError) as caught:
        Assignment.from_repository(root, slug)

    assert str(caught.value) == f"{root / 'assignments'}: there is no assignment {slug!r}. {remedy}"


def test_an_assignment_of_a_zip(root, monkeypatch):
    """An unpacked zip has its hidden tests beside the public ones, if at all."""
    folder = root / "assignments/b2_second"
    monkeypatch.chdir(folder)
    assert Assignment.from_folder(Path()).slug == "b2_second"
    assert Assignment.from_folder(folder).hidden_tests is None

    (folder / "hidden_tests").mkdir()
    assert Assignment.from_folder(folder).hidden_tests == folder / "hidden_tests"


def test_a_folder_without_a_manifest_is_no_assignment(root):
    """Any other folder is refused with a sentence."""
    with pytest.raises(UsageError, match=r"there is no assignment\.toml in this folder\. Name the folder"):
        Assignment.from_folder(root)


def test_a_manifest_is_checked_when_it_is_used(root):
    """Finding an assignment does not read it; using it does."""
    (root / "assignments/a1_first/assignment.toml").write_text("")
    assignment = Assignment.from_repository(root, "a1_first")

    with pytest.raises(ManifestError, match="'title' is missing"):
        _ = assignment.manifest


def test_the_repository_is_found_from_any_folder_in_it(root):
    """The commands work from every folder of the repository."""
    assert find_repository(root) == root
    assert find_repository(root / "assignments/a1_first/tests") == root


def test_a_folder_outside_the_repository_is_told(tmp_path):
    """Elsewhere they say where to go."""
    with pytest.raises(UsageError, match=r"not in the course's repository.*\. Change to the repository's"):
        find_repository(tmp_path)
