"""Part 4.7: from a model's probabilities to a sentence, and two measures of how good it is.

Decoding needs no model, only a step function:

    step(prefixes (B, t) int64 tensor, each row starting with <sos>) -> (B, V) float tensor

Row b of the result holds the log-probabilities (in nats) of all V tokens to follow prefix b; a
token that cannot follow may have -inf. The rows do not influence each other. A translation model
becomes a step function by binding its source sentence. This module knows no model.
"""

from collections.abc import Callable

import torch

__all__ = ["beam_search", "bleu", "greedy_decode", "perplexity"]

Step = Callable[[torch.Tensor], torch.Tensor]


def greedy_decode(step: Step, batch_size: int, sos_id: int, eos_id: int, max_length: int) -> list[list[int]]:
    """Extend every row of a batch by its most probable token, again and again.

    A row is finished at its first `<eos>`; whatever `step` says of it afterwards counts no more.
    Decoding ends when all rows are finished, or after `max_length` tokens.

    Args:
        step: as the module's header says. It is called at most `max_length` times, with t = 1,
            2, ..., always with all `batch_size` rows in their order (each belongs to a source
            sentence of its own), and not again once all rows are finished. After its `<eos>` a
            finished row may hold any ids of the vocabulary: `<eos>` again is customary.
        batch_size: number of rows B >= 1.
        sos_id: the token that every prefix starts with.
        eos_id: the token that ends a row.
        max_length: tokens that a row gets at most, >= 1; `<sos>` is not counted, `<eos>` is.

    Returns:
        B lists of Python ints, in the order of the rows: the tokens without `<sos>`, `<eos>` and
        what follows it. A row may be empty; one that is not finished has `max_length` tokens.
        Of equally probable tokens the one with the lower id is taken.
    """
    raise NotImplementedError("greedy_decode is not written yet")


def beam_search(  # noqa: PLR0917 - the order is the assignment's
    step: Step, sos_id: int, eos_id: int, max_length: int, beam_size: int, length_penalty: float
) -> list[int]:
    """Search for one sentence that is probable as a whole, with several prefixes at a time.

    The search starts with the single prefix (`<sos>`,). Then, for t = 1, 2, ..., max_length:

    1. Every live prefix is extended by every token of the vocabulary: the candidates.
    2. The `beam_size` candidates with the largest sum of log-probabilities are kept, or all of
       them if there are fewer. The length plays no part here.
    3. A kept candidate that ends with `<eos>` is a hypothesis and is no longer live; the others
       are the live prefixes of the next round. After the last round they are hypotheses too,
       without `<eos>`.

    The search ends when no prefix is live, and not sooner: a later hypothesis may be better than
    all those already found. The best hypothesis of all rounds is the one with the largest

        score = (sum of log-probabilities) / length ** length_penalty

    where the length counts the hypothesis's tokens with its `<eos>` and without `<sos>`. Equal
    candidates rank as their prefixes did, and those of one prefix by the lower id; of equal
    hypotheses the one wins that was found in the earlier round, or ranked higher in the same.

    Args:
        step: as the module's header says, with 1 <= B <= beam_size live prefixes. It is called at
            most once in each round, and never without a live prefix.
        sos_id: the token that every prefix starts with.
        eos_id: the token that ends a hypothesis.
        max_length: number of rounds at most, >= 1.
        beam_size: candidates kept in each round; it may exceed V. With 1 the result is that of
            `greedy_decode`.
        length_penalty: 0 compares sums, 1 compares means per token; larger values favour longer
            hypotheses; any value >= 0.

    Returns:
        The best hypothesis as a list of Python ints, without `<sos>` and `<eos>`; it may be empty.

    Raises:
        ValueError: if beam_size is less than 1.

    Source:
        Wu et al., "Google's Neural Machine Translation System" (2016), section 7, discusses
        length penalties; the one above is the simplest of them.
    """
    raise NotImplementedError("beam_search is not written yet")


def perplexity(total_nll: float, tokens: int) -> float:
    """The number of equally likely tokens among which a model would be as unsure as it was.

        perplexity = exp(total_nll / tokens)

    It is the exponential of the mean, not a mean of exponentials: sum the loss and count the
    tokens over the whole data set, then call this once.

    Args:
        total_nll: sum of the negative log-likelihoods of all tokens, in nats, >= 0.
        tokens: their number, without padding.

    Returns:
        A number >= 1, without a unit; `inf` where it exceeds the largest float.

    Raises:
        ValueError: if tokens is less than 1.
    """
    raise NotImplementedError("perplexity is not written yet")


def bleu(hypotheses: list[str], references: list[str]) -> float:
    """Corpus BLEU of translations, each against one reference, as sacrebleu computes it.

    Settings are sacrebleu's defaults: up to 4-grams, its own tokenisation "13a", upper and lower
    case distinct, smoothing "exp". N-grams are counted over the whole corpus, so the result is no
    mean over sentences.

    Args:
        hypotheses: the translations, N >= 1 plain sentences (not lists of tokens).
        references: what they should be, N plain sentences in the same order.

    Returns:
        The score, from 0 to 100 (up to rounding).

    Raises:
        ValueError: if there are no sentences, or not as many hypotheses as references.

    Source:
        Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine Translation" (2002);
        Post, "A Call for Clarity in Reporting BLEU Scores" (2018), which is sacrebleu.
    """
    raise NotImplementedError("bleu is not written yet")
