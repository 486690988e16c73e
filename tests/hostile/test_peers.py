"""What fools other graders, tried here: a wrong solution got 10 of 10 points by each, and gets 0 here."""

import shutil

import pytest

# How it was done there -> the folder of the corpus that does it here.
PEERS = {
    "writing the results file and leaving with os._exit(0)": "overwrite_results",
    "replaced assertions of numpy and unittest": "patched_assertions",
    "an object that equals everything": "equals_everything",
    "an exit handler that rewrites the results": "results_at_exit",
    "a forked process that rewrites them later": "daemon_that_waits",
    "the expected value out of the caller's frame": "expected_from_the_frame",
    "a patched class of reports": "patched_reports",
    "a patched pickle.dump that runs a command": "reducers_and_pickle",
    "tests read from disk": "read_graders",
    "a loop that leaves no results at all": "loop_catching_everything",
}


@pytest.mark.parametrize("way", PEERS)
def test_the_peers_attacks_score_nothing(powers, submission, hand_in, way):
    """On top of stubs: 0 of all points, in results that are whole."""
    for file in powers.stub.glob("*.py"):
        shutil.copy(file, submission)

    run = powers.run(hand_in(submission, PEERS[way]))

    powers.check(run)
    assert run.score == 0
    assert [row["status"] for row in run.results["tests"]] == ["failed"] * powers.rows
