"""Part 4.8: training on pairs of sentences, by the words that they really have.

A batch is a pair of tensors: source (N, S) and target (N, T), int64, filled up with `pad_id` at
the ends of rows; a target starts with `<sos>` and ends with `<eos>`. What is learnt are the words
after `<sos>`: target[:, 1:]. Padding is no word: it counts in no loss and in no mean.

Letters: N sentences, S and T words, V words in the target's vocabulary.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

__all__ = [
    "evaluate",
    "learning_rate",
    "seq2seq_scores",
    "sequence_loss",
    "train_epoch",
    "transformer_scores",
]

Batches = Iterable[tuple[Tensor, Tensor]]
Scores = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""From a model, source and target to the scores (N, T - 1, V) of target[:, 1:]."""


def learning_rate(step: int, d_model: int, warmup: int) -> float:
    """The Transformer's learning rate: it rises for `warmup` steps, then falls with 1 / sqrt(step).

        d_model ** -0.5 * min(step ** -0.5, step * warmup ** -1.5)

    Args:
        step: of the optimiser, from 1.
        d_model: width of the model.
        warmup: number of steps on which it rises, >= 1.

    Source:
        Vaswani et al., "Attention Is All You Need" (2017), section 5.3.
    """
    # BEGIN SOLUTION
    return float(d_model**-0.5 * min(step**-0.5, step * warmup**-1.5))
    # END SOLUTION


def sequence_loss(scores: Tensor, target: Tensor, pad_id: int, label_smoothing: float = 0.0) -> Tensor:
    """The mean cross-entropy of the words that are not padding, in nats.

    With label smoothing e, a word's loss is (1 - e) times minus the log-probability of the true
    word, plus e times the mean over all V words of minus their log-probabilities, as torch
    defines it.

    Args:
        scores: (N, T, V) float, before a softmax. Log-probabilities are such scores too.
        target: (N, T) int64, with at least one word that is not padding; unchanged.
        pad_id: what fills rows up.
        label_smoothing: e, 0 <= e < 1.

    Returns:
        0-dimensional, differentiable in the scores: one mean over all words of the batch, not a
        mean of the sentences' means.
    """
    # BEGIN SOLUTION
    return nn.functional.cross_entropy(
        scores.flatten(0, 1), target.flatten(), ignore_index=pad_id, label_smoothing=label_smoothing
    )
    # END SOLUTION


def transformer_scores(model: nn.Module, source: Tensor, target: Tensor) -> Tensor:
    """The scores of target[:, 1:] by a `Transformer`: model(source, decoder_input).

    The decoder's input is the target without its last word: at place t it has read the words up
    to target[:, t], and tells target[:, t + 1].

    Args:
        model: maps (N, S) and (N, T - 1) to (N, T - 1, V).
        source: (N, S) int64; unchanged.
        target: (N, T) int64; unchanged.

    Returns:
        (N, T - 1, V).
    """
    # BEGIN SOLUTION
    scores: Tensor = model(source, target[:, :-1])
    return scores
    # END SOLUTION


def seq2seq_scores(model: nn.Module, source: Tensor, target: Tensor) -> Tensor:
    """The same by a `Seq2Seq` with teacher forcing, which shifts the target itself."""
    scores: Tensor = model(source, target)
    return scores


def train_epoch(
    model: nn.Module,
    batches: Batches,
    optimizer: torch.optim.Optimizer,
    scores: Scores,
    pad_id: int,
    *,
    max_norm: float = 1.0,
    label_smoothing: float = 0.0,
    schedule: Callable[[], float] | None = None,
) -> float:
    """One pass over the batches, with an update of the model after each.

    Before each update the gradients of all the model's parameters together are scaled down to
    the Euclidean length `max_norm`, if they are longer.

    Args:
        model: trained in training mode; afterwards in the mode in which it came.
        batches: pairs (source, target), unchanged. Every target has a word after `<sos>`.
        optimizer: over the model's parameters. What their `.grad` holds from before has no effect.
        scores: gives the scores of target[:, 1:], such as `transformer_scores`.
        pad_id: what fills rows up.
        max_norm: > 0.
        label_smoothing: of `sequence_loss`.
        schedule: called without arguments once before each update: the learning rate of all the
            optimiser's parameter groups for it. None leaves the optimiser's own.

    Returns:
        The mean loss of a word, over all words of the epoch (a long batch counts more than a
        short one), with each batch measured before its update, smoothing included.
    """
    # BEGIN SOLUTION
    was_training = model.training
    model.train()
    total, words = 0.0, 0
    for source, target in batches:
        loss = sequence_loss(scores(model, source, target), target[:, 1:], pad_id, label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        if schedule is not None:
            rate = schedule()
            for group in optimizer.param_groups:
                group["lr"] = rate
        optimizer.step()
        count = int((target[:, 1:] != pad_id).sum())
        total, words = total + float(loss.detach()) * count, words + count
    model.train(was_training)
    return total / words
    # END SOLUTION


def evaluate(model: nn.Module, batches: Batches, scores: Scores, pad_id: int) -> tuple[float, int]:
    """What `perplexity` needs: the summed negative log-likelihood, and the number of words.

    Args:
        model: computes in evaluation mode and without gradients; afterwards in the mode in which
            it came, and otherwise unchanged.
        batches: pairs (source, target), unchanged.
        scores: gives the scores of target[:, 1:], such as `transformer_scores`.
        pad_id: what fills rows up.

    Returns:
        The sum over all words after `<sos>` of minus their log-probabilities, in nats and without
        label smoothing, a Python float; and how many there are, an int.
    """
    # BEGIN SOLUTION
    was_training = model.training
    model.eval()
    total, words = 0.0, 0
    with torch.no_grad():
        for source, target in batches:
            count = int((target[:, 1:] != pad_id).sum())
            loss = sequence_loss(scores(model, source, target), target[:, 1:], pad_id)
            total, words = total + float(loss) * count, words + count
    model.train(was_training)
    return total, words
    # END SOLUTION
