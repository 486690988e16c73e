"""Part 4.6: the Transformer, from scratch on matrix products.

Attention has no order of its own, so words carry their positions; it looks at all words at once,
so masks say which of them it may see. Layers are "pre-norm": each normalises what it reads, and
adds what it finds to what it was given.

Letters: N sentences, S words of the source, T words of the target, D numbers in a vector
(`d_model`), h heads, V words in the target's vocabulary.
"""

import torch
from torch import Tensor, nn

__all__ = [
    "DecoderLayer",
    "EncoderLayer",
    "MultiHeadAttention",
    "Transformer",
    "causal_mask",
    "positions",
]


def positions(length: int, d_model: int) -> Tensor:
    """A vector for each position, of sines and cosines.

        table[t, 2 * i]     = sin(t / 10000 ** (2 * i / d_model))
        table[t, 2 * i + 1] = cos(t / 10000 ** (2 * i / d_model))

    Args:
        length: number of positions, which count from 0; any number >= 1.
        d_model: D, even.

    Returns:
        (length, D) float32, on the CPU. Nothing to learn.

    Source:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.5.
    """
    raise NotImplementedError("positions is not written yet")


def causal_mask(length: int) -> Tensor:
    """Which words a word of the target may see: itself and those before it.

    Args:
        length: T.

    Returns:
        (T, T) bool, on the CPU: True at [t, s] where s <= t.
    """
    raise NotImplementedError("causal_mask is not written yet")


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own share of the vectors.

        head i: softmax(q_i k_i^T / sqrt(D / h)) v_i

    where q = q_proj(query), k = k_proj(key), v = v_proj(value), and head i has the numbers
    from i * D / h up to, not including, (i + 1) * D / h of each vector. The heads' results, one
    after the other, go through `out_proj`. No dropout.

    Attributes, with these names:
        q_proj, k_proj, v_proj, out_proj: nn.Linear(d_model, d_model), with bias.

    Source:
        Vaswani et al. (2017), section 3.2.
    """

    def __init__(self, d_model: int, num_heads: int) -> None:
        """Layers with any initial values.

        Args:
            d_model: D.
            num_heads: h, which divides D.

        Raises:
            ValueError: if it does not.
        """
        raise NotImplementedError("MultiHeadAttention.__init__ is not written yet")

    def forward(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
        """What each query finds.

        Args:
            query: (N, T, D).
            key: (N, S, D).
            value: (N, S, D).
            mask: bool, True where a key may be seen, of a shape that broadcasts to (N, h, T, S);
                None where all may. Every query may see at least one key. What it may not see has
                no influence at all.

        Returns:
            (N, T, D).
        """
        raise NotImplementedError("MultiHeadAttention.forward is not written yet")


class EncoderLayer(nn.Module):
    """Words look at each other, then each is worked on by itself.

        x = x + dropout(self_attention(norm1(x)))
        x = x + dropout(linear2(dropout(relu(linear1(norm2(x))))))

    Attributes, with these names:
        self_attention: MultiHeadAttention(d_model, num_heads).
        linear1, linear2: nn.Linear from d_model to d_ff, and back.
        norm1, norm2: nn.LayerNorm(d_model).
    """

    def __init__(self, d_model: int, num_heads: int, d_ff: int, dropout: float = 0.0) -> None:
        """Layers with any initial values.

        Args:
            d_model: D.
            num_heads: h.
            d_ff: width between the two linear layers.
            dropout: the probability, 0 to 1, that a number is dropped in training mode. In evaluation
                mode nothing is.
        """
        raise NotImplementedError("EncoderLayer.__init__ is not written yet")

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """The words' new vectors.

        Args:
            x: (N, S, D); unchanged.
            mask: as for `MultiHeadAttention`.

        Returns:
            (N, S, D).
        """
        raise NotImplementedError("EncoderLayer.forward is not written yet")


class DecoderLayer(nn.Module):
    """The target's words look at each other, then at the source, then each is worked on by itself.

        x = x + dropout(self_attention(norm1(x)))
        x = x + dropout(cross_attention(norm2(x), memory, memory))
        x = x + dropout(linear2(dropout(relu(linear1(norm3(x))))))

    Attributes, with these names:
        self_attention, cross_attention: MultiHeadAttention(d_model, num_heads).
        linear1, linear2: nn.Linear from d_model to d_ff, and back.
        norm1, norm2, norm3: nn.LayerNorm(d_model).
    """

    def __init__(self, d_model: int, num_heads: int, d_ff: int, dropout: float = 0.0) -> None:
        """Layers with any initial values; arguments as for `EncoderLayer`."""
        raise NotImplementedError("DecoderLayer.__init__ is not written yet")

    def forward(
        self, x: Tensor, memory: Tensor, mask: Tensor | None = None, memory_mask: Tensor | None = None
    ) -> Tensor:
        """The target words' new vectors.

        Args:
            x: (N, T, D), the target's words; unchanged.
            memory: (N, S, D), what the encoder has made of the source, normalised already.
            mask: for the self-attention, as for `MultiHeadAttention`.
            memory_mask: for the cross-attention.

        Returns:
            (N, T, D).
        """
        raise NotImplementedError("DecoderLayer.forward is not written yet")


class Transformer(nn.Module):
    """Encoder and decoder.

    A word's vector is its embedding times sqrt(D), plus the vector of its position, then dropout.

    Attributes, with these names:
        source_embedding, target_embedding: nn.Embedding of each vocabulary.
        encoder_layers, decoder_layers: nn.ModuleList of num_layers layers each.
        encoder_norm, decoder_norm: nn.LayerNorm(d_model), after the last layer of each side.
        out: nn.Linear(d_model, target_vocab).

    Source:
        Vaswani et al. (2017); the place of the norms is that of Xiong et al., "On Layer
        Normalization in the Transformer Architecture" (2020).
    """

    def __init__(  # noqa: PLR0917 - the order is the assignment's
        self,
        source_vocab: int,
        target_vocab: int,
        d_model: int,
        num_heads: int,
        num_layers: int,
        d_ff: int,
        dropout: float = 0.0,
        pad_id: int = 0,
    ) -> None:
        """Layers with any initial values.

        Embeddings with a standard deviation of 1 / sqrt(D) learn much faster than nn.Embedding's
        own 1: times sqrt(D), those would drown the positions.

        Args:
            source_vocab: number of words of the source language.
            target_vocab: V.
            d_model: D, even.
            num_heads: h, which divides D.
            num_layers: of each side.
            d_ff: width between the two linear layers of a layer.
            dropout: the probability, 0 to 1, that a number is dropped in training mode. In evaluation
                mode nothing is.
            pad_id: the word that fills short sources up.
        """
        raise NotImplementedError("Transformer.__init__ is not written yet")

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """The scores of the words that follow.

        Result[:, t] tells the word after target[:, t], from the whole source and from target[:, 0]
        to target[:, t]. Padding of the source is seen by nobody, neither in the encoder nor from
        the decoder. Padding of a target stands at its end, so that nothing before it sees it; the
        scores at the padding itself may be anything. No sentence depends on the others of its batch.

        Args:
            source: (N, S) int64, each row with at least one word that is not padding; unchanged.
            target: (N, T) int64, the decoder's input, which starts with `<sos>`; unchanged.

        Returns:
            (N, T, V), before the softmax, in the parameters' dtype. S and T may be longer or shorter
            than any seen before.
        """
        raise NotImplementedError("Transformer.forward is not written yet")
