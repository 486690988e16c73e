"""Part 4.4: one network reads the German sentence, another writes the English one.

With attention, part 4.5, the second looks at the first one's states while it writes.

Letters: N sentences, S words of the source, T words of the target, V words in a vocabulary,
E numbers in an embedding, He and Hd sizes of the encoder's and the decoder's hidden state.
"""

# BEGIN SOLUTION
import torch

# END SOLUTION
from torch import Generator, Tensor, nn

# BEGIN SOLUTION
from attention import attention_weights

# END SOLUTION

__all__ = ["Decoder", "Encoder", "Seq2Seq", "State"]

State = Tensor | tuple[Tensor, Tensor]
"""Of the decoder: h (N, Hd) for cell "rnn", the pair (h, c) for "lstm"."""
CELLS = {"rnn": nn.RNN, "lstm": nn.LSTM}


class Encoder(nn.Module):
    """Reads the source.

    Attributes, with names and shapes as given here:
        embedding: nn.Embedding(vocab_size, emb_size, padding_idx=pad_id).
        dropout: nn.Dropout, on the embeddings.
        rnn: nn.RNN (tanh) or nn.LSTM from emb_size to encoder_hidden_size: one layer, one
            direction, batch_first.
        to_hidden: nn.Linear(encoder_hidden_size, decoder_hidden_size).
        to_cell: another such layer, for cell "lstm"; None for "rnn".
    """

    def __init__(  # noqa: PLR0917 - the order is the assignment's
        self,
        vocab_size: int,
        emb_size: int,
        encoder_hidden_size: int,
        decoder_hidden_size: int,
        dropout: float = 0.0,
        cell: str = "rnn",
        pad_id: int = 0,
    ) -> None:
        """Layers with torch's own initial values.

        Args:
            vocab_size: number of words of the source language.
            emb_size: E.
            encoder_hidden_size: He.
            decoder_hidden_size: Hd.
            dropout: the probability that a number of an embedding is dropped in training mode.
            cell: "rnn" or "lstm".
            pad_id: the word that fills short sentences up.

        Raises:
            ValueError: if `cell` is neither.
        """
        # BEGIN SOLUTION
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"there is no cell {cell!r}; choose one of {', '.join(CELLS)}")
        self.pad_id = pad_id
        self.embedding = nn.Embedding(vocab_size, emb_size, padding_idx=pad_id)
        self.dropout = nn.Dropout(dropout)
        self.rnn = CELLS[cell](emb_size, encoder_hidden_size, batch_first=True)
        self.to_hidden = nn.Linear(encoder_hidden_size, decoder_hidden_size)
        self.to_cell = nn.Linear(encoder_hidden_size, decoder_hidden_size) if cell == "lstm" else None
        # END SOLUTION

    def forward(self, source: Tensor) -> tuple[Tensor, State]:
        """Every state of the encoder, and what the decoder starts with.

            h = tanh(to_hidden(h_last))        c = to_cell(c_last), without a tanh

        where h_last and c_last are the states after the last word of each sentence that is not
        padding. What fills a sentence up has no influence on anything.

        Args:
            source: (N, S) int64. Each row starts with at least one word; padding comes only at
                its end. Unchanged.

        Returns:
            The encoder's h after each word, (N, S, He), with zeros where there is padding; and
            the decoder's first state, h (N, Hd) or the pair (h, c), also for N = 1.
        """
        # BEGIN SOLUTION
        lengths = (source != self.pad_id).sum(dim=1).cpu()
        embedded = self.dropout(self.embedding(source))  # (N, S, E)
        packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        packed, last = self.rnn(packed)
        outputs, _ = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True, total_length=source.shape[1])
        if self.to_cell is None:
            return outputs, self.to_hidden(last[0]).tanh()  # last is (1, N, He): one layer
        h, c = last
        return outputs, (self.to_hidden(h[0]).tanh(), self.to_cell(c[0]))
        # END SOLUTION


class Decoder(nn.Module):
    """Writes the target, a word at a time.

    Attributes, with names and shapes as given here:
        embedding: nn.Embedding(vocab_size, emb_size).
        dropout: nn.Dropout, on the embeddings.
        rnn: nn.RNN (tanh) or nn.LSTM from emb_size, with attention from
            emb_size + encoder_hidden_size, to decoder_hidden_size: one layer, batch_first.
        out: nn.Linear(decoder_hidden_size, vocab_size).
    """

    def __init__(  # noqa: PLR0917 - the order is the assignment's
        self,
        vocab_size: int,
        emb_size: int,
        encoder_hidden_size: int,
        decoder_hidden_size: int,
        dropout: float = 0.0,
        cell: str = "rnn",
        attention: str | None = None,
    ) -> None:
        """Layers with torch's own initial values.

        Args:
            vocab_size: V, number of words of the target language.
            emb_size: E.
            encoder_hidden_size: He.
            decoder_hidden_size: Hd.
            dropout: the probability that a number of an embedding is dropped in training mode.
            cell: "rnn" or "lstm".
            attention: a score of `attention_weights`; None: the decoder does not look back.

        Raises:
            ValueError: if `cell` is neither, or if there is attention and He is not Hd.
        """
        # BEGIN SOLUTION
        super().__init__()
        if cell not in CELLS:
            raise ValueError(f"there is no cell {cell!r}; choose one of {', '.join(CELLS)}")
        if attention is not None and encoder_hidden_size != decoder_hidden_size:
            raise ValueError(
                f"attention compares states of one size, not {encoder_hidden_size} and {decoder_hidden_size}"
            )
        self.attention = attention
        self.embedding = nn.Embedding(vocab_size, emb_size)
        self.dropout = nn.Dropout(dropout)
        context_size = 0 if attention is None else encoder_hidden_size
        self.rnn = CELLS[cell](emb_size + context_size, decoder_hidden_size, batch_first=True)
        self.out = nn.Linear(decoder_hidden_size, vocab_size)
        # END SOLUTION

    def forward(
        self, token: Tensor, state: State, encoder_outputs: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, State, Tensor | None]:
        """One step: the word before, and the state, give the next word's log-probabilities.

            log_probabilities = log_softmax(out(h')), h' the cell's new hidden state

        The cell's input is the word's embedding after dropout. With attention it is the embedding
        followed by the context, (N, E + He):

            weights = attention_weights(h, encoder_outputs, mask, attention), h from `state`
            context = sum over s of weights[:, s] * encoder_outputs[:, s]

        `attention_weights` is yours of part 4.5, imported by its name.

        Args:
            token: (N,) int64, the word before.
            state: h (N, Hd), or (h, c) for cell "lstm"; unchanged.
            encoder_outputs: (N, S, He); not used without attention.
            mask: (N, S) bool, True where the source has a word; not used without attention.

        Returns:
            Log-probabilities (N, V); the new state, shaped as `state`; and the weights (N, S),
            or None without attention.
        """
        # BEGIN SOLUTION
        cell_input = self.dropout(self.embedding(token))  # (N, E)
        weights = None
        if self.attention is not None:
            query = state[0] if isinstance(state, tuple) else state
            weights = attention_weights(query, encoder_outputs, mask, self.attention)
            context = (weights[:, None] @ encoder_outputs)[:, 0]  # (N, He)
            cell_input = torch.cat([cell_input, context], dim=1)
        # The cell wants an axis for its layers: (1, N, Hd).
        before = tuple(part[None] for part in state) if isinstance(state, tuple) else state[None]
        outputs, after = self.rnn(cell_input[:, None], before)
        new_state = tuple(part[0] for part in after) if isinstance(after, tuple) else after[0]
        return self.out(outputs[:, 0]).log_softmax(dim=1), new_state, weights
        # END SOLUTION


class Seq2Seq(nn.Module):
    """Both together, for training: `encoder`, `decoder` and `pad_id` are attributes."""

    def __init__(self, encoder: Encoder, decoder: Decoder, pad_id: int) -> None:
        """Keeps both.

        Args:
            encoder: reads the source.
            decoder: writes the target; of the same cell.
            pad_id: what fills short sources up.
        """
        # BEGIN SOLUTION
        super().__init__()
        self.encoder, self.decoder, self.pad_id = encoder, decoder, pad_id
        # END SOLUTION

    def forward(
        self, source: Tensor, target: Tensor, teacher_forcing: float = 1.0, generator: Generator | None = None
    ) -> Tensor:
        """Log-probabilities of the words that follow `<sos>`.

        The decoder's first input is target[:, 0], which is `<sos>`. Result[:, t] are the
        log-probabilities of target[:, t + 1]; the next input is then target[:, t + 1] with
        probability `teacher_forcing`, and else the argmax of result[:, t]. This is drawn once a
        step for the whole batch, with `torch.rand(1, generator=generator)`, which is the only
        random number of the step; below `teacher_forcing` means target. So 1 never uses the
        decoder's own words, and 0 only these. No step sees a later word of the target.

        Args:
            source: (N, S) int64, as for `Encoder`; unchanged.
            target: (N, T) int64, T >= 2, starts with `<sos>`; unchanged.
            teacher_forcing: between 0 and 1.
            generator: for the draws; None for torch's global one.

        Returns:
            (N, T - 1, V).
        """
        # BEGIN SOLUTION
        encoder_outputs, state = self.encoder(source)
        mask = source != self.pad_id
        token, steps = target[:, 0], []
        for t in range(1, target.shape[1]):
            log_probabilities, state, _ = self.decoder(token, state, encoder_outputs, mask)
            steps.append(log_probabilities)
            forced = torch.rand(1, generator=generator) < teacher_forcing
            token = target[:, t] if forced else log_probabilities.argmax(dim=1)
        return torch.stack(steps, dim=1)
        # END SOLUTION
