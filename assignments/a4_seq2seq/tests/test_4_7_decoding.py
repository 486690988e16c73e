import math

import numpy as np
import pytest
import sacrebleu
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_dtype, assert_length, assert_that, assert_type, vary

SOS, EOS, VOCAB = 2, 3, 30


@pytest.fixture
def abc(rng):
    """The ids of the words a, b and c, in this order; the vocabulary has more."""
    return sorted(rng.choice(range(4, VOCAB), 3, replace=False).tolist())


def assert_ids(actual, expected, *, what, hint="", wrong=None):
    """A list of exactly these ids; a known wrong one is named."""
    assert_type(actual, list, what=what, hint=hint)
    for entry in actual:
        assert_type(entry, int, what=f"an entry of {what}", hint=hint)
    found = [int(entry) for entry in actual]
    known = [f"\nThis is {name}." for name, answer in (wrong or {}).items() if found == answer != expected]
    message = f"{what}: expected {expected}, got {str(found)[:300]}; <sos> is {SOS}, <eos> {EOS}."
    assert_that(found == expected, message + "".join(known[:1]), hint)


def log_row(likely):
    """Log-probabilities of all tokens; those that are not named share what is left evenly."""
    rest = (1 - sum(likely.values())) / (VOCAB - len(likely))
    return [math.log(likely.get(token, rest)) for token in range(VOCAB)]


def step_by(likely_after, calls=None):
    """A step function from a table.

    Args:
        likely_after: given a row's number and its tokens after <sos>, {token: probability}.
        calls: a list that gets the prefixes of each call.
    """

    def step(prefixes):
        assert_dtype(prefixes, "int64", what="the prefixes that step is called with")
        rows = np.asarray(prefixes)
        assert_that(
            rows.ndim == 2 and rows.size > 0,
            f"step is called with prefixes of shape {rows.shape}; it needs (B, t), both at least 1.",
        )
        assert_that((rows[:, 0] == SOS).all(), "step is called with a prefix that does not start with <sos>.")
        if calls is not None:
            calls.append(rows.tolist())
        return torch.tensor([log_row(likely_after(n, tuple(row[1:]))) for n, row in enumerate(rows.tolist())])

    return step


def step_from(table, calls=None):
    """A step function for one sentence: {tokens after <sos>: {token: probability}}, else all alike."""
    return step_by(lambda n, tokens: table.get(tokens, {}), calls)


def saying(*sentences, calls=None):
    """A step function that leads row n along sentences[n], and then along its last token for ever."""

    def likely_after(n, tokens):
        sentence = sentences[n % len(sentences)]
        return {sentence[min(len(tokens), len(sentence) - 1)]: 0.4}

    return step_by(likely_after, calls)


def assert_decoded(decoded, expected, *, what, hint="", wrong=None):
    """A list of lists of ids."""
    assert_type(decoded, list, what=what)
    assert_length(decoded, len(expected), what=what, hint="One list for each row of the batch.")
    for n, row in enumerate(expected):
        others = {name: rows[n] for name, rows in (wrong or {}).items()}
        assert_ids(decoded[n], row, what=f"row {n} of {what}", hint=hint, wrong=others)


@number("4.7")
@weight(1)
def test_greedy_follows_the_most_probable_tokens(student, abc):
    """Every row of a batch takes its own most probable token until <eos>, which is not returned."""
    A, B, C = abc
    said = [[C, A, B, EOS], [EOS], [B, B, EOS]]

    decoded = student.decoding.greedy_decode(saying(*said), 3, SOS, EOS, 8)

    assert_decoded(
        decoded,
        [[C, A, B], [], [B, B]],
        what="greedy_decode of 3 rows that say 'c a b', nothing and 'b b'",
        hint="Each row of step's result belongs to the row of the batch with the same number.",
        wrong={
            "the answer with <eos>": said,
            "the answer with <sos>": [[SOS, C, A, B], [SOS], [SOS, B, B]],
            "the answer with <sos> and <eos>": [[SOS, *row] for row in said],
            "the answer filled up to equal lengths": [[*row, *[EOS] * (4 - len(row))] for row in said],
            "the answer filled up to equal lengths, without its last <eos>": (
                [[C, A, B], [EOS] * 3, [B, B, EOS]]
            ),
        },
    )


@number("4.7")
@weight(0.5)
def test_greedy_leaves_finished_rows_alone(student, abc):
    """A row that has said <eos> says no more, whatever step gives for it while other rows go on."""
    A, B, C = abc
    decoded = student.decoding.greedy_decode(saying([A, EOS, C, C, B], [B, C, A, B, EOS]), 2, SOS, EOS, 9)

    assert_decoded(
        decoded,
        [[A], [B, C, A, B]],
        what="greedy_decode of 2 rows, of which the first is finished after 2 tokens",
        hint="A row ends at its first <eos>, even if step goes on talking.",
        wrong={
            "what the row says after its <eos>": [[A, EOS, C, C, B], []],
            "what the row says after its <eos>, which is only left out": [[A, C, C, B], []],
            "what all rows say until the first of them is finished": [[A], [B, C]],
        },
    )


@number("4.7")
@weight(0.5)
def test_greedy_stops_at_max_length(student, abc):
    """A row that never says <eos> has max_length tokens, and a row just in time keeps them all but <eos>."""
    A, B, C = abc
    decoded = student.decoding.greedy_decode(saying([A, C, B], [B, A, C, C, EOS]), 2, SOS, EOS, 5)

    assert_decoded(
        decoded,
        [[A, C, B, B, B], [B, A, C, C]],
        what="greedy_decode with max_length 5",
        hint="max_length counts the tokens of a row without <sos>.",
        wrong={"an answer with one token too few": [[A, C, B, B], []]},
    )


@number("4.7")
@weight(0.5)
def test_step_is_called_no_more_than_needed(student, abc):
    """Step is called once for each length, as long as a row is not finished or a prefix is live."""
    A, B, C = abc
    said = [[A, EOS, C], [C, B, EOS, A]]
    greedy_calls, beam_calls = [], []
    student.decoding.greedy_decode(saying(*said, calls=greedy_calls), 2, SOS, EOS, 30)
    student.decoding.beam_search(saying([A, C, EOS, B], calls=beam_calls), SOS, EOS, 4, 3, 0.0)

    assert_close(
        len(greedy_calls),
        3,
        what="number of step's calls in greedy_decode, where the longest row has 3 tokens with its <eos>",
        hint="Decoding goes on until the last row is finished, and no longer.",
    )
    shapes = [(len(rows), len(rows[0])) for rows in greedy_calls]
    assert_that(
        shapes == [(2, 1), (2, 2), (2, 3)],
        f"greedy_decode calls step with prefixes of shapes {shapes}; expected (2, 1), (2, 2), (2, 3).",
        "Row n belongs to source sentence n, so every call has all rows.",
    )
    shapes = [(len(rows), len(rows[0])) for rows in beam_calls]
    assert_that(
        0 < len(shapes) <= 4 and all(rows <= 3 for rows, _ in shapes),
        f"beam_search with max_length 4 and beam_size 3 calls step with prefixes of shapes {shapes}.",
        "One call for each length, with all live prefixes; at most beam_size of them.",
    )
    assert_that(
        not any(EOS in row for rows in beam_calls for row in rows),
        "beam_search asks step what follows a prefix with <eos>.",
        "A candidate that ends with <eos> is a hypothesis, and is no longer live.",
    )


@number("4.7")
@weight(0.5)
def test_greedy_takes_the_lower_of_equal_tokens(student, abc):
    """Of equally probable tokens greedy decoding takes the one with the lower id."""
    A, B, C = abc
    table = {(): {C: 0.3, B: 0.3}, (B,): {EOS: 0.25, A: 0.25, C: 0.25}}

    assert_decoded(
        student.decoding.greedy_decode(step_from(table), 1, SOS, EOS, 6),
        [[B]],
        what="greedy_decode, where b and c are equally probable first, then <eos>, a and c",
        wrong={"an answer that takes the higher id": [[C]]},
    )


@number("4.7")
@weight(0.5)
def test_beam_of_one_is_greedy(student, abc):
    """With one prefix at a time, beam search finds what greedy decoding finds."""
    A, B, C = abc
    for sentence in ([A, C, B, EOS], [EOS], [C, B]):
        expected = [*sentence, *[sentence[-1]] * 6][:6]
        expected = expected[: expected.index(EOS)] if EOS in expected else expected

        found = student.decoding.beam_search(saying(sentence), SOS, EOS, 6, 1, 0.0)

        assert_ids(
            found,
            expected,
            what=f"beam_search with beam_size 1 where greedy decoding gives {expected}",
            wrong={
                "the answer with <sos>": [SOS, *expected],
                "the answer with <eos>": [*expected, EOS],
                "the answer with <sos> and <eos>": [SOS, *expected, EOS],
            },
        )


@number("4.7")
@weight(1)
def test_beam_of_two_beats_greedy(student, abc):
    """Where the most probable first token leads astray, a beam of 2 finds the more probable sentence."""
    A, B, C = abc
    # Greedy: a c <eos> with 0.5 * 0.4 * 0.9 = 0.18. Better: b <eos> with 0.4 * 0.9 = 0.36.
    table = {(): {A: 0.5, B: 0.4}, (A,): {C: 0.4, EOS: 0.3}, (A, C): {EOS: 0.9}, (B,): {EOS: 0.9}}
    # The better one by a detour: b c <eos> with 0.35 * 0.9 * 0.9 = 0.28, found after a <eos> with 0.2.
    longer = {(): {A: 0.5, B: 0.35}, (A,): {EOS: 0.4, C: 0.2}, (B,): {C: 0.9}, (B, C): {EOS: 0.9}}
    # Here the last token alone misleads: a <eos> with 0.6 * 0.5 = 0.30, b <eos> with 0.3 * 0.9 = 0.27.
    sums = {(): {A: 0.6, B: 0.3}, (A,): {EOS: 0.5}, (B,): {EOS: 0.9}}
    search = student.decoding.beam_search

    assert_ids(search(step_from(table), SOS, EOS, 5, 1, 0.0), [A, C], what="beam_search with beam_size 1")
    assert_ids(
        search(step_from(table), SOS, EOS, 5, 2, 0.0),
        [B],
        what="beam_search with beam_size 2, where b <eos> has probability 0.36 and a c <eos> 0.18",
        hint="Keep the best beam_size candidates of all prefixes together, by their sums.",
        wrong={"the greedy answer": [A, C], "less probable, at 0.15": [A]},
    )
    assert_ids(
        search(step_from(longer), SOS, EOS, 5, 2, 0.0),
        [B, C],
        what="beam_search with beam_size 2, where b c <eos> has probability 0.28 and a <eos> 0.20",
        hint="The first hypothesis that is finished need not be the best.",
        wrong={"the first sentence to be finished": [A]},
    )
    assert_ids(
        search(step_from(sums), SOS, EOS, 5, 2, 0.0),
        [A],
        what="beam_search with beam_size 2, where a <eos> has probability 0.30 and b <eos> 0.27",
        wrong={"the answer that has the more probable last token": [B]},
    )


@number("4.7")
@weight(1)
def test_length_penalty_changes_the_winner(student, abc):
    """By the sum the short hypothesis wins, by the mean per token the long one; <eos> is a token too."""
    A, B, C = abc
    search = student.decoding.beam_search

    def search_with(short, long, length_penalty):
        """Two hypotheses: a <eos>, and b c b <eos>, with these probabilities."""
        likely = {
            (): {A: 0.5, B: 0.45},
            (A,): {EOS: short / 0.5},
            (B,): {C: 0.95},
            (B, C): {B: 0.95},
            (B, C, B): {EOS: long / (0.45 * 0.95**2)},
        }
        return search(step_from(likely), SOS, EOS, 6, 2, length_penalty)

    # Sums: log 0.40 = -0.92 and log 0.30 = -1.20. Means: -0.92 / 2 = -0.46 and -1.20 / 4 = -0.30.
    assert_ids(
        search_with(0.40, 0.30, 0.0),
        [A],
        what="beam_search with length_penalty 0, where the sums are -0.92 (a) and -1.20 (b c b)",
        wrong={"the winner by the mean": [B, C, B]},
    )
    assert_ids(
        search_with(0.40, 0.30, 1.0),
        [B, C, B],
        what="beam_search with length_penalty 1, where the means are -0.46 (a) and -0.30 (b c b)",
        hint="score = sum / length ** length_penalty, and the sum is negative.",
        wrong={"the winner by the sum, or by the sum times the length": [A]},
    )
    # Sums: log 0.48 = -0.73 and log 0.16 = -1.83. By 2 and 4: -0.37, -0.46; by 1 and 3: -0.73, -0.61.
    assert_ids(
        search_with(0.48, 0.16, 1.0),
        [A],
        what="beam_search with length_penalty 1, where the means are -0.37 (a) and -0.46 (b c b)",
        hint="The hypothesis a <eos> has 2 tokens: <eos> counts, <sos> does not.",
        wrong={"the winner if <eos> is not counted": [B, C, B]},
    )


@number("4.7")
@weight(0.5)
def test_perplexity_by_hand(student, rng):
    """Three tokens with the probabilities 1/2, 1/4 and 1/8 have the perplexity 4; others have another."""
    perplexity = student.decoding.perplexity
    by_hand = np.array([1 / 2, 1 / 4, 1 / 8])
    for probabilities in (by_hand, vary(rng, by_hand)):
        total = float(-np.log(probabilities).sum())
        value = perplexity(total, 3)

        assert_type(value, float, what=f"perplexity({total:.4f}, 3)")
        assert_close(
            value,
            float(1 / probabilities.prod() ** (1 / 3)),
            what=f"perplexity({total:.4f}, 3)",
            wrong={
                "the mean of the tokens' exponentials": float((1 / probabilities).mean()),
                "the exponential of the sum, divided by the number of tokens": math.exp(total) / 3,
                "the exponential of the sum": math.exp(total),
                "the mean itself, without the exponential": total / 3,
                "a power of 2; the loss is in nats": 2 ** (total / 3),
            },
        )
    assert_close(perplexity(0.0, 5), 1.0, what="perplexity of a model that is always sure and right")
    assert_close(perplexity(5000.0, 5), math.inf, what="perplexity(5000, 5), which exceeds the largest float")


@number("4.7")
@weight(1)
def test_bleu_is_sacrebleus(student, rng):
    """BLEU equals sacrebleu's: its own tokenisation, case kept, hypotheses first, from 0 to 100."""
    hypotheses = [
        "The cat, it seems, sits on the old mat.",
        "A man isn't walking his dog in the park!",
        "Two children are playing football",
    ]
    references = [
        "The cat , it seems , is sitting on the old mat .",
        "A man isn't walking a dog in the park.",
        "two children are playing football in the yard.",
    ]
    # One more pair, of which the translation lacks words here and there.
    words = rng.choice(["red", "old", "dogs", "run", "and", "cats", "sleep", "here"], 24).tolist()
    references.append(" ".join(words))
    hypotheses.append(" ".join(word for word, kept in zip(words, rng.random(24) < 0.8, strict=True) if kept))

    score = student.decoding.bleu(hypotheses, references)

    def corpus(hypotheses, references, **options):
        return sacrebleu.corpus_bleu(hypotheses, [references], **options).score

    expected = corpus(hypotheses, references)
    each = [sacrebleu.sentence_bleu(h, [r]).score for h, r in zip(hypotheses, references, strict=True)]
    columns = sacrebleu.corpus_bleu(hypotheses, [[reference] for reference in references]).score
    assert_type(score, float, what="bleu of 4 sentences")
    assert_close(
        score,
        expected,
        what="bleu of 4 sentences",
        wrong={
            "hypotheses and references exchanged": corpus(references, hypotheses),
            "a fraction, where 100 is the most": expected / 100,
            "the mean of the sentences' scores": float(np.mean(each)),
            "the score without regard to case": corpus(hypotheses, references, lowercase=True),
            "the score without sacrebleu's tokenisation": corpus(hypotheses, references, tokenize="none"),
            "a list of references for each sentence; sacrebleu takes one list for all sentences": columns,
        },
    )
    assert_close(
        student.decoding.bleu(references, references), 100.0, what="bleu of the references themselves"
    )
