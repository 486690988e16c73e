"""A new assignment is ready to use, and nothing but its two folders is written."""

import pytest

from autograder.assignment import repository_slugs
from autograder.errors import UsageError
from autograder.scaffold import new_assignment


def test_two_folders_and_nothing_else(tmp_path):
    """No registry, no list of slugs."""
    folders = new_assignment(tmp_path, "a5_new")

    assert folders == [tmp_path / "assignments/a5_new", tmp_path / "solutions/a5_new"]
    assert repository_slugs(tmp_path) == ["a5_new"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["assignments", "solutions"]
    assert not list(tmp_path.rglob("__pycache__"))


@pytest.mark.parametrize("slug", ["A5", "5a", "a-b", "../a", "", "a b", "ä"])
def test_a_name_that_is_no_folder_is_refused(tmp_path, slug):
    """Paths, capitals and spaces among them."""
    with pytest.raises(UsageError) as caught:
        new_assignment(tmp_path, slug)
    assert str(caught.value) == (
        f'{slug}: This is no name for a folder. Use small letters, digits and "_", such as a5_diffusion.'
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("taken", ["assignments", "solutions"])
def test_a_folder_that_exists_is_left_alone(tmp_path, taken):
    """Neither half is overwritten."""
    (tmp_path / taken / "mine").mkdir(parents=True)
    with pytest.raises(UsageError) as caught:
        new_assignment(tmp_path, "mine")
    assert str(caught.value) == (
        f"{tmp_path / taken / 'mine'}: This folder exists already. Choose another name, or remove it."
    )
    assert not list((tmp_path / taken / "mine").iterdir())
