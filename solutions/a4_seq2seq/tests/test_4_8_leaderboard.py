"""The leaderboard: the translator on sentences drawn from the secret seed.

German goes into the sandbox, English comes back, and the right translations never leave this
process. BLEU is rounded down to whole points before anything is made of it: what students see of
it, the bonus included, tells them little about single sentences.
"""

import math

import sacrebleu
from gradescope_utils.autograder_utils.decorators import number

from autograder.grading import (
    assert_keys,
    assert_length,
    assert_that,
    assert_type,
    bonus,
    given,
    limits,
    seconds,
)
from datasets.toy_de_en import hidden_sentences

BONUS = 5
BATCH = 50


@number("4.8")
@bonus(BONUS)
@limits(seconds=120)
def test_translator_on_hidden_sentences(student, settings, secret_seed, set_column, set_score):
    """A bonus for the BLEU of your translations of 200 hidden sentences; the leaderboard shows it."""
    rules = settings["translator"]
    helpers = given(student, "my_translator.py")
    found = helpers.look()  # before any submitted code has run
    assert_keys(found, ["problem", "numbers"], what="the look at your translator's files")
    assert_type(found["problem"], str, what="the look at your translator's files")
    assert_that(found["problem"] == "", found["problem"])
    assert_type(found["numbers"], int, what="the look at your translator's files")
    pairs = hidden_sentences(secret_seed, rules["sentences"])

    def translate():
        translator = student.translator.Translator(helpers.tensors(), helpers.config())
        german = [pair[0] for pair in pairs]
        return [translator.translate(german[start : start + BATCH]) for start in range(0, len(german), BATCH)]

    batches, took = seconds(translate)

    english = []
    for start, batch in zip(range(0, len(pairs), BATCH), batches, strict=True):
        assert_type(batch, list, what="the translations")
        assert_length(batch, len(pairs[start : start + BATCH]), what="the translations of a batch")
        for translation in batch:
            assert_type(translation, str, what="a translation")
        english += batch
    assert_that(took <= rules["seconds"], f"{len(pairs)} sentences took {took:.0f} s.")
    metric = sacrebleu.BLEU(lowercase=True)
    bleu = math.floor(metric.corpus_score(english, [[pair[1] for pair in pairs]]).score)

    set_column("BLEU", bleu)
    set_column("parameters", found["numbers"])
    set_column("seconds", round(took, 1))
    share = (bleu - rules["bonus_from"]) / (rules["bonus_to"] - rules["bonus_from"])
    set_score(BONUS * min(max(share, 0.0), 1.0))
