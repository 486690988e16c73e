"""Part 4.5: which words of the source count for the next word.

Letters: N sentences, S words of the source, H sizes of a hidden state.
"""

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
    raise NotImplementedError("attention_weights is not written yet")
