import math
from itertools import product

import numpy as np
import sacrebleu
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_length,
    assert_raises,
    assert_that,
    assert_type,
)

# Not the ids of the public graders.
EOS, SOS, A, B, C = range(5)


def assert_ids(actual, expected, *, what):
    """A list of exactly these ids."""
    assert_type(actual, list, what=what)
    for entry in actual:
        assert_type(entry, int, what=f"an entry of {what}")
    found = [int(entry) for entry in actual]
    assert_that(found == expected, f"{what}: expected {expected}, got {str(found)[:300]}.")


def step_of(log_probabilities, sos_id):
    """A step function; `log_probabilities` gives the row that follows a tuple of tokens without <sos>."""

    def step(prefixes):
        assert_dtype(prefixes, "int64", what="the prefixes that step is called with")
        rows = np.asarray(prefixes)
        assert_that(rows.ndim == 2 and rows.size > 0, "step needs prefixes of shape (B, t), both at least 1.")
        assert_that((rows[:, 0] == sos_id).all(), "A prefix does not start with <sos>.")
        assert_that((rows >= 0).all(), "A prefix holds a number below 0, which is no token.")
        return torch.tensor(
            np.array([log_probabilities(tuple(row[1:])) for row in rows.tolist()], dtype=np.float64)
        )

    return step


def model(seed, vocab, *, sharpness=1.0, favoured=None):
    """Log-probabilities that depend on the whole prefix, the same whenever it is asked again."""
    known = {}

    def after(tokens):
        if tokens not in known:
            scores = sharpness * np.random.default_rng([seed, *tokens, len(tokens)]).normal(size=vocab)
            if favoured is not None:
                scores[favoured] += 1
            known[tokens] = scores - np.logaddexp.reduce(scores)
        return known[tokens]

    return after


def table(rows):
    """Log-probabilities from {tokens: {token: probability}}; what is not named shares the rest evenly."""

    def after(tokens):
        likely = rows.get(tokens, {})
        rest = (1 - sum(likely.values())) / (5 - len(likely))
        return [math.log(likely.get(token, rest)) for token in range(5)]

    return after


def best_of_all(after, vocab, eos_id, max_length, penalty):
    """The best of all sequences: those that end with <eos>, and those cut at max_length."""
    hypotheses = {}
    for length in range(1, max_length + 1):
        for tokens in product(range(vocab), repeat=length):
            if eos_id in tokens[:-1] or (tokens[-1] != eos_id and length < max_length):
                continue
            total = sum(after(tokens[:t])[tokens[t]] for t in range(length))
            hypotheses[tokens] = total / length**penalty
    best = max(hypotheses, key=hypotheses.__getitem__)
    return [token for token in best if token != eos_id]


def plain_beam_search(after, eos_id, max_length, beam_size, penalty):
    """The search as the text describes it, with nothing but lists."""
    live, hypotheses = [(0.0, ())], []
    for length in range(1, max_length + 1):
        candidates = [
            (total + gain, (*tokens, token))
            for total, tokens in live
            for token, gain in enumerate(after(tokens))
        ]
        kept = sorted(candidates, key=lambda candidate: -candidate[0])[:beam_size]  # sorted is stable
        hypotheses += [
            (total / length**penalty, tokens)
            for total, tokens in kept
            if tokens[-1] == eos_id or length == max_length
        ]
        live = [(total, tokens) for total, tokens in kept if tokens[-1] != eos_id]
        if not live:
            break
    _, best = max(hypotheses, key=lambda hypothesis: hypothesis[0])
    return [token for token in best if token != eos_id]


@number("4.7")
@weight(1)
def test_wide_beam_finds_the_best_of_all(student):
    """A beam that is wide enough finds the best of all sentences, also where it exceeds the vocabulary."""
    for seed, vocab, max_length, penalty in ((1, 4, 4, 0.0), (2, 5, 3, 1.0), (3, 3, 5, 0.7), (4, 3, 4, 2.0)):
        after = model(seed, vocab)
        eos_id, sos_id = seed % vocab, vocab - 1 - seed % 2

        found = student.decoding.beam_search(
            step_of(after, sos_id), sos_id, eos_id, max_length, vocab**max_length, penalty
        )

        assert_ids(
            found,
            best_of_all(after, vocab, eos_id, max_length, penalty),
            what=f"beam_search over all sentences of at most {max_length} of {vocab} tokens",
        )


@number("4.7")
@weight(1)
def test_beam_search_keeps_the_best_candidates(student):
    """With beams of any width the search keeps the announced candidates in every round."""
    for seed in range(24):
        vocab, beam_size, max_length = 5 + seed % 4, 1 + seed % 5, 4 + seed % 3
        penalty = (0.6, 1.0, 1.5)[seed // 2 % 3]
        after = model(100 + seed, vocab, sharpness=1.5, favoured=EOS)

        found = student.decoding.beam_search(step_of(after, SOS), SOS, EOS, max_length, beam_size, penalty)

        assert_ids(
            found,
            plain_beam_search(after, EOS, max_length, beam_size, penalty),
            what=f"beam_search with beam_size {beam_size}",
        )


@number("4.7")
@weight(0.5)
def test_beam_search_continues_after_a_hypothesis(student):
    """A hypothesis gives up its place only for one round, and the search goes on until no prefix is live."""
    # <eos> at once has probability 0.3, b a c <eos> 0.21: the better mean of the two.
    rows = {
        (): {EOS: 0.3, A: 0.28, B: 0.27},
        (A,): {B: 0.6, C: 0.3},
        (A, B): {EOS: 0.5, C: 0.3},
        (B,): {A: 0.9},
        (B, A): {C: 0.9},
        (B, A, C): {EOS: 0.95},
    }
    search = student.decoding.beam_search

    assert_ids(search(step_of(table(rows), SOS), SOS, EOS, 6, 3, 0.0), [], what="the winner by the sum")
    assert_ids(
        search(step_of(table(rows), SOS), SOS, EOS, 6, 3, 1.0), [B, A, C], what="the winner by the mean"
    )
    # <eos> takes a place in the first round. In the second both are free again: a b and a c are kept.
    freed = {(): {EOS: 0.3, A: 0.28}, (A,): {B: 0.5, C: 0.45}, (A, C): {EOS: 0.95}}
    found = search(step_of(table(freed), SOS), SOS, EOS, 6, 2, 1.0)
    assert_ids(found, [A, C], what="the winner, whose prefix is second after a hypothesis was finished")


@number("4.7")
@weight(0.5)
def test_beam_search_counts_eos_but_not_sos_in_the_length(student):
    """The length in the score counts a hypothesis's <eos> and not its <sos>."""
    for short, long, winner in ((0.46, 0.22, [B, C, B]), (0.46, 0.20, [A]), (0.46, 0.26, [B, C, B])):
        rows = {
            (): {A: 0.5, B: 0.45},
            (A,): {EOS: short / 0.5},
            (B,): {C: 0.95},
            (B, C): {B: 0.95},
            (B, C, B): {EOS: long / (0.45 * 0.95**2)},
        }
        assert_ids(
            student.decoding.beam_search(step_of(table(rows), SOS), SOS, EOS, 6, 2, 1.0),
            winner,
            what=f"the winner of a <eos> at {short} and b c b <eos> at {long}",
        )


@number("4.7")
@weight(0.5)
def test_beam_search_cuts_at_max_length(student):
    """A prefix that is live after max_length tokens competes like any hypothesis, without <eos>."""
    rows = {(): {A: 0.6, EOS: 0.3}, (A,): {A: 0.9}, (A, A): {A: 0.9, EOS: 0.05}, (A, A, A): {EOS: 0.9}}
    search = student.decoding.beam_search

    assert_ids(search(step_of(table(rows), SOS), SOS, EOS, 1, 2, 0.0), [A], what="with max_length 1")
    assert_ids(search(step_of(table(rows), SOS), SOS, EOS, 3, 2, 0.0), [A, A, A], what="with max_length 3")
    never = table({(): {B: 0.8}, (B,): {C: 0.8}})
    assert_ids(search(step_of(never, SOS), SOS, EOS, 2, 3, 1.0), [B, C], what="without any <eos>")


@number("4.7")
@weight(0.5)
def test_beam_search_breaks_ties_as_announced(student):
    """Equal candidates of a prefix rank by the lower id; of equal hypotheses the first one found wins."""
    search = student.decoding.beam_search
    # The log-probabilities are exact in binary, and so are their sums: equal means equal.
    equal = {(): [-9.0, -9.0, -1.0, -1.0, -1.0]}
    last = [-0.5, -8.0, -8.0, -8.0, -8.0]

    found = search(step_of(lambda tokens: equal.get(tokens, last), SOS), SOS, EOS, 4, 2, 0.0)
    assert_ids(found, [A], what="the winner of three equal sentences")
    # Only the beam's last place goes to one of two equal candidates: b, of which the search goes on.
    place = {
        (): [-9.0, -9.0, -1.0, -2.0, -2.0],
        (A,): [-4.0] * 5,
        (B,): last,
        (C,): [0.0, -8.0, -8.0, -8.0, -8.0],
    }
    found = search(step_of(lambda tokens: place.get(tokens, last), SOS), SOS, EOS, 4, 2, 0.0)
    assert_ids(found, [B], what="the winner, where b and c are equal candidates for the last place")
    # <eos> at -2 in the first round, a <eos> at -1 - 1 in the second.
    rounds = {(): [-2.0, -9.0, -1.0, -9.0, -9.0], (A,): [-1.0, -9.0, -9.0, -9.0, -9.0]}
    found = search(step_of(lambda tokens: rounds.get(tokens, last), SOS), SOS, EOS, 4, 2, 0.0)
    assert_ids(found, [], what="the winner of two equal hypotheses of different rounds")


@number("4.7")
@weight(0.5)
def test_decoding_meets_impossible_tokens_and_numbers(student):
    """A token at -inf is not chosen while another can follow; beam_size 0 and 0 tokens are a ValueError."""
    decoding = student.decoding
    never = -math.inf
    rows = {(): [never, never, -0.25, never, -2.0], (A,): [never, never, never, -0.5, never]}
    step = step_of(lambda tokens: rows.get(tokens, [0.0, never, never, never, never]), SOS)

    for beam_size in (1, 2, 4):
        found = decoding.beam_search(step, SOS, EOS, 5, beam_size, 0.0)
        assert_ids(found, [A, B], what=f"beam_search with impossible tokens and beam_size {beam_size}")
    greedy = decoding.greedy_decode(step, 1, SOS, EOS, 5)
    assert_type(greedy, list, what="greedy_decode")
    assert_length(greedy, 1, what="greedy_decode")
    assert_ids(greedy[0], [A, B], what="greedy_decode with impossible tokens")
    assert_raises(
        "ValueError",
        lambda: decoding.beam_search(step, SOS, EOS, 5, 0, 0.0),
        what="beam_search with beam_size 0",
    )
    assert_raises("ValueError", lambda: decoding.perplexity(1.0, 0), what="perplexity of 0 tokens")


@number("4.7")
@weight(0.5)
def test_bleu_of_a_corpus(student):
    """BLEU is that of the corpus, also for one short sentence, and unequal numbers are a ValueError."""
    bleu = student.decoding.bleu
    hypotheses = ["a man in a blue shirt is standing on a ladder", "no", "It's 3.5 km, isn't it?"]
    references = [
        "a man in a blue shirt is standing on a ladder cleaning a window .",
        "yes",
        "It is 3.5 km , isn't it ?",
    ]

    for n in (1, 2, 3):
        assert_close(
            bleu(hypotheses[:n], references[:n]),
            sacrebleu.corpus_bleu(hypotheses[:n], [references[:n]]).score,
            what=f"bleu of {n} sentences",
        )
    assert_close(bleu(["nothing"], ["at all alike"]), 0.0, what="bleu of sentences without a common word")
    assert_raises("ValueError", lambda: bleu(hypotheses, references[:2]), what="bleu of 3 against 2")
    assert_raises("ValueError", lambda: bleu([], []), what="bleu of no sentences")
