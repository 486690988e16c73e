"""Part 4.4: one network reads the German sentence, another writes the English one.

With attention, part 4.5, the second looks at the first one's states while it writes.

Letters: N sentences, S words of the source, T words of the target, V words in a vocabulary,
E numbers in an embedding, He and Hd sizes of the encoder's and the decoder's hidden state.
"""

from torch import Generator, Tensor, nn

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
        raise NotImplementedError("Encoder.__init__ is not written yet")

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
        raise NotImplementedError("Encoder.forward is not written yet")


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
        raise NotImplementedError("Decoder.__init__ is not written yet")

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
        raise NotImplementedError("Decoder.forward is not written yet")


class Seq2Seq(nn.Module):
    """Both together, for training: `encoder`, `decoder` and `pad_id` are attributes."""

    def __init__(self, encoder: Encoder, decoder: Decoder, pad_id: int) -> None:
        """Keeps both.

        Args:
            encoder: reads the source.
            decoder: writes the target; of the same cell.
            pad_id: what fills short sources up.
        """
        raise NotImplementedError("Seq2Seq.__init__ is not written yet")

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
        raise NotImplementedError("Seq2Seq.forward is not written yet")
