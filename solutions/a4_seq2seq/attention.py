"""Part 4.5: which words of the source count for the next word.

Letters: N sentences, S words of the source, H sizes of a hidden state.
"""

# BEGIN SOLUTION
import torch

# END SOLUTION
from torch import Tensor

__all__ = ["SCORES", "attention_weights"]

SCORES = ("dot", "scaled_dot", "cosine")


def attention_weights(query: Tensor, keys: Tensor, mask: Tensor | None, score: str) -> Tensor:
    """How much each word of the source counts, by how well its key fits the query.

        score[n, s]   = query[n] . keys[n, s]                                      "dot"
                        query[n] . keys[n, s] / sqrt(H)                            "scaled_dot"
                        query[n] . keys[n, s] / (||query[n]|| * ||keys[n, s]||)    "cosine"
        weights[n, s] = exp(score[n, s]) / sum over the s' that are not masked of exp(score[n, s'])

    A vector of zeros has the cosine 0 with every vector. Results and gradients are finite for
    all finite inputs, scores of +-10,000 and vectors of zeros included.

    Args:
        query: (N, H) float.
        keys: (N, S, H), of query's dtype.
        mask: (N, S) bool, True where a word may be attended; None where all may.
        score: "dot", "scaled_dot" or "cosine".

    Returns:
        (N, S), of query's dtype, differentiable in query and keys. Masked words have exactly 0,
        the others of a row sum to 1. A row without any word to attend is all zeros.

    Raises:
        ValueError: if `score` is none of the three.

    Source:
        Luong, Pham and Manning, "Effective Approaches to Attention-based Neural Machine
        Translation" (2015), section 3; Vaswani et al., "Attention Is All You Need" (2017), 3.2.1.
    """
    # BEGIN SOLUTION
    if score not in SCORES:
        raise ValueError(f"there is no score {score!r}; choose one of {', '.join(SCORES)}")
    scores = (keys @ query[:, :, None])[:, :, 0]  # (N, S)
    if score == "scaled_dot":
        scores = scores / query.shape[1] ** 0.5
    elif score == "cosine":
        lengths = query.norm(dim=1, keepdim=True) * keys.norm(dim=2)
        scores = scores / lengths.where(lengths > 0, 1)
    if mask is None:
        return scores.softmax(dim=1)
    # Not -inf, with which a row of masked words alone would be 0 / 0.
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~mask, lowest).softmax(dim=1) * mask
    # END SOLUTION
