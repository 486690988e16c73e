"""The corpus without Landlock and without seccomp: no layer stands alone between an attack and its aim.

An ordinary run tries what touches files, processes, the network or memory; HOSTILE_LAYERS=all in the
environment tries every folder of the corpus, which takes some minutes more.
"""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CHOSEN = (
    "daemon_that_waits",
    "guess_the_folders",
    "kill_the_killer",
    "message_in_files",
    "message_in_shared_memory",
    "overwrite_results",
    "processes_that_hop",
    "read_graders",
    "stop_the_killer",
)
EVERY = sorted({path.parent.name for path in HERE.glob("corpus/*/*.py")})
TRIED = EVERY if os.environ.get("HOSTILE_LAYERS") == "all" else CHOSEN


@pytest.mark.parametrize("layer", ["landlock", "seccomp"])
@pytest.mark.parametrize("name", TRIED)
def test_no_layer_stands_alone(attempt, name, layer):
    """The same as with all layers, and the results say that one is off."""
    attempt(name, (layer,))


def test_honest_submissions_are_graded_as_before(powers, honest):
    """Row for row, to the letter, after all of the above."""
    after = powers.run(powers.reference), powers.run(powers.stub)

    assert list(map(powers.told, after)) == list(map(powers.told, honest))
