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
    # BEGIN SOLUTION
    place = torch.arange(length, dtype=torch.float64)[:, None]  # (length, 1)
    angle = place / 10_000 ** (torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    return torch.stack([angle.sin(), angle.cos()], dim=2).flatten(1).float()
    # END SOLUTION


def causal_mask(length: int) -> Tensor:
    """Which words a word of the target may see: itself and those before it.

    Args:
        length: T.

    Returns:
        (T, T) bool, on the CPU: True at [t, s] where s <= t.
    """
    # BEGIN SOLUTION
    return torch.ones(length, length, dtype=torch.bool).tril()
    # END SOLUTION


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
        # BEGIN SOLUTION
        super().__init__()
        if d_model % num_heads:
            raise ValueError(f"{num_heads} heads cannot share {d_model} numbers evenly")
        self.num_heads = num_heads
        self.q_proj = nn.Linear(d_model, d_model)
        self.k_proj = nn.Linear(d_model, d_model)
        self.v_proj = nn.Linear(d_model, d_model)
        self.out_proj = nn.Linear(d_model, d_model)
        # END SOLUTION

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
        # BEGIN SOLUTION
        N, T, D = query.shape

        def heads(x: Tensor) -> Tensor:
            return x.view(N, -1, self.num_heads, D // self.num_heads).transpose(1, 2)  # (N, h, ., D / h)

        q, k, v = heads(self.q_proj(query)), heads(self.k_proj(key)), heads(self.v_proj(value))
        scores = q @ k.transpose(2, 3) / (D // self.num_heads) ** 0.5  # (N, h, T, S)
        if mask is not None:
            scores = scores.masked_fill(~mask, -torch.inf)
        found = scores.softmax(dim=3) @ v  # (N, h, T, D / h)
        return self.out_proj(found.transpose(1, 2).reshape(N, T, D))
        # END SOLUTION


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
        # BEGIN SOLUTION
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, num_heads)
        self.linear1, self.linear2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)
        # END SOLUTION

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """The words' new vectors.

        Args:
            x: (N, S, D); unchanged.
            mask: as for `MultiHeadAttention`.

        Returns:
            (N, S, D).
        """
        # BEGIN SOLUTION
        normed = self.norm1(x)
        x = x + self.dropout(self.self_attention(normed, normed, normed, mask))
        wide = self.dropout(self.linear1(self.norm2(x)).relu())
        return x + self.dropout(self.linear2(wide))
        # END SOLUTION


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
        # BEGIN SOLUTION
        super().__init__()
        self.self_attention = MultiHeadAttention(d_model, num_heads)
        self.cross_attention = MultiHeadAttention(d_model, num_heads)
        self.linear1, self.linear2 = nn.Linear(d_model, d_ff), nn.Linear(d_ff, d_model)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(d_model) for _ in range(3))
        self.dropout = nn.Dropout(dropout)
        # END SOLUTION

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
        # BEGIN SOLUTION
        normed = self.norm1(x)
        x = x + self.dropout(self.self_attention(normed, normed, normed, mask))
        x = x + self.dropout(self.cross_attention(self.norm2(x), memory, memory, memory_mask))
        wide = self.dropout(self.linear1(self.norm3(x)).relu())
        return x + self.dropout(self.linear2(wide))
        # END SOLUTION


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
        # BEGIN SOLUTION
        super().__init__()
        self.d_model, self.pad_id = d_model, pad_id
        self.source_embedding = nn.Embedding(source_vocab, d_model)
        self.target_embedding = nn.Embedding(target_vocab, d_model)
        sizes = d_model, num_heads, d_ff, dropout
        self.encoder_layers = nn.ModuleList(EncoderLayer(*sizes) for _ in range(num_layers))
        self.decoder_layers = nn.ModuleList(DecoderLayer(*sizes) for _ in range(num_layers))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(d_model, target_vocab)
        for embedding in (self.source_embedding, self.target_embedding):
            nn.init.normal_(embedding.weight, std=d_model**-0.5)
        # END SOLUTION

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
        # BEGIN SOLUTION
        seen = (source != self.pad_id)[:, None, None]  # (N, 1, 1, S)
        memory = self._embed(self.source_embedding, source)
        for layer in self.encoder_layers:
            memory = layer(memory, seen)
        memory = self.encoder_norm(memory)
        x = self._embed(self.target_embedding, target)
        causal = causal_mask(target.shape[1]).to(target.device)
        for layer in self.decoder_layers:
            x = layer(x, memory, causal, seen)
        return self.out(self.decoder_norm(x))
        # END SOLUTION

    # BEGIN SOLUTION
    def _embed(self, embedding: nn.Embedding, words: Tensor) -> Tensor:
        table = positions(words.shape[1], self.d_model).to(embedding.weight)
        return self.dropout(embedding(words) * self.d_model**0.5 + table)

    # END SOLUTION
