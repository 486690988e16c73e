"""Each folder of corpus/ is handed in: it gains nothing, shows nothing, and harms no other run.

Here with all layers; test_one_layer_less.py runs what matters there without Landlock and without seccomp,
and all of the corpus where the environment says HOSTILE_LAYERS=all.
"""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
ATTACKS = sorted({path.parent.name for path in HERE.glob("corpus/*/*.py")})

# The sentence that the student reads of the public test, where it should be exact.
VERDICTS = {
    "crash": "crashed with signal 11 (SIGSEGV)",
    "disk_bomb_below_long_paths": "wrote more than 16 MiB to disk",
    "disk_bomb_in_memory_maps": "wrote more than 16 MiB to disk",
    "disk_reserved": "reserved 0 MiB",
    "equals_everything": "got an object of type Everything",
    "error_of_a_huge_kind": "the answer could not be read",
    "exit_at_import": "square.py raised SystemExit: 0",
    "exit_zero": "ended the process itself, with exit status 0",
    "forbidden_import": "imports autograder. This assignment does not allow that library.",
    "fork_bomb": "made no process",
    "garbage_reply": "the answer could not be read",
    "library_s_own": "uses square. This file is to be written without it.",
    "library_s_own_by_import": "uses square. This file is to be written without it.",
    "long_name_in_a_call_back": "with other arguments: got an unexpected keyword argument",
    "loop_at_import": "did not finish within 1.5 s",
    "loop_catching_everything": "did not finish within 1.5 s",
    "loop_in_c": "did not finish within 1.5 s",
    "memory_bomb": "a test may use 256 MiB",
    "object_for_a_module": "'Place.square' is int: a function should stand there.",
    "open_sockets": "reached []",
    "partial_reply": "did not finish within 1.5 s",
    "print_20_mb": "printed more than 64 KiB",
    "raise_base_exceptions": "square raised KeyboardInterrupt",
    "raise_limits": "gained []",
}
# Either sentence is right: of one file's limit and the folder's, the system says which is met first, and
# on a slow machine an answer of 60 MiB takes longer to make than a test may take.
EITHER = {
    "disk_bomb": ("File too large", "Your code wrote more than 16 MiB to disk."),
    "keys_that_collide": ("the answer could not be read", "did not finish within 1.5 s"),
}
# Seconds by the grader's clock that the leaderboard must tell at least.
SECONDS = {"patched_clock": 1}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gains_nothing(attempt, name):
    """See the docstring of corpus/<name>/square.py or model.py."""
    run = attempt(name)

    told = " ".join(row["output"] for row in run.results["tests"])
    assert any(verdict in told for verdict in EITHER.get(name, (VERDICTS.get(name, ""),)))
    columns = {column["name"]: column["value"] for column in run.results.get("leaderboard", ())}
    assert columns.get("seconds", 0) >= SECONDS.get(name, 0)


def test_honest_submissions_are_graded_as_before(powers, honest):
    """Row for row, to the letter, in the image that has seen all of the corpus."""
    after = powers.run(powers.reference), powers.run(powers.stub)

    assert [run.score for run in honest] == [15, 0]
    assert list(map(powers.told, after)) == list(map(powers.told, honest))


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_says_what_it_tries(described, threats, name):
    """In one sentence, with the lines of threats.txt that it belongs to."""
    attack = described(name)

    assert attack.sentence.endswith(".")
    assert attack.threats
    assert set(attack.threats) <= threats.keys()
