"""Part 4.1: from sentences to numbers, and back.

A sentence becomes tokens (`tokenize`), tokens become ids (`Vocabulary`), and several sequences
of ids become one tensor (`collate`). Build a vocabulary from the training split alone: a word
that occurs only in the test split is unknown, as it would be in real use. This module knows
nothing of models.
"""

from collections.abc import Sequence

import torch

__all__ = ["Vocabulary", "collate", "tokenize"]


def tokenize(sentence: str) -> list[str]:
    r"""Cut a sentence into lower-case tokens.

    A token is either a run of word characters, as long as possible, or one single character
    that is neither a word character nor white space. Word characters are what `\w` matches in
    Python's `re`: letters of any alphabet, digits and the underscore. White space only
    separates.

        "Hallo, Welt!!"  ->  ["hallo", ",", "welt", "!", "!"]
        "It's 3.5 km"    ->  ["it", "'", "s", "3", ".", "5", "km"]

    Args:
        sentence: any text; it may be empty.

    Returns:
        The tokens in their order, in lower case as `str.lower` makes it (so "ß" stays "ß");
        an empty list for a text without tokens.
    """
    raise NotImplementedError("tokenize is not written yet")


class Vocabulary:
    """A numbering of tokens.

    The ids 0 to 3 are the specials `<pad>`, `<unk>`, `<sos>` and `<eos>`; then come the tokens
    by falling frequency, those of equal frequency in alphabetical order (as Python compares
    strings).

    Attributes:
        tokens: list of str; `tokens[i]` is the token with the id i, the specials included.
        pad_id, unk_id, sos_id, eos_id: 0, 1, 2 and 3.
    """

    specials = ("<pad>", "<unk>", "<sos>", "<eos>")
    pad_id, unk_id, sos_id, eos_id = range(4)

    def __init__(self, sentences: list[list[str]], min_frequency: int = 1) -> None:
        """Count the tokens of all sentences and number them.

        Args:
            sentences: tokens of each sentence; it is left as it is. It may be empty.
            min_frequency: a token needs at least this many occurrences, counted over all
                sentences, to get an id. The specials always have theirs. A special's
                text among the tokens is that special: it is not numbered a second time.
        """
        raise NotImplementedError("Vocabulary.__init__ is not written yet")

    def __len__(self) -> int:
        """The number of ids, the four specials included."""
        raise NotImplementedError("Vocabulary.__len__ is not written yet")

    def encode(self, tokens: list[str]) -> list[int]:
        """The id of each token, in order.

        Args:
            tokens: any tokens, as `tokenize` gives them; it may be empty.

        Returns:
            As many ids, Python ints, as there are tokens: `unk_id` for a token without an id of
            its own. Nothing is added: no `<sos>`, no `<eos>`.
        """
        raise NotImplementedError("Vocabulary.encode is not written yet")

    def decode(self, ids: Sequence[int] | torch.Tensor) -> list[str]:
        """The tokens that a reader should see.

        Args:
            ids: list of int, or int64 tensor of one axis, 0 <= id < len(self); it may be empty.

        Returns:
            The tokens up to the first `<eos>`, which is left out like all that follows it;
            without an `<eos>`, up to the end. `<pad>` and `<sos>` are left out wherever they
            stand, `<unk>` is shown as the text "<unk>".
        """
        raise NotImplementedError("Vocabulary.decode is not written yet")


def collate(sequences: list[list[int]], pad_id: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Put sequences of unequal lengths into one tensor, filled up at their ends.

    Args:
        sequences: N >= 1 lists of ids; any of them, or all, may be empty. They are left as they are.
        pad_id: what stands after the end of a short sequence; any id.

    Returns:
        (ids, lengths, mask), with T the length of the longest sequence, which may be 0:
        ids: (N, T) int64, row n is sequence n and then `pad_id`.
        lengths: (N,) int64, the sequences' lengths before they were filled up.
        mask: (N, T) bool, True at the first lengths[n] places of row n, False behind them. It
            follows from the lengths, not from the content: a sequence may hold `pad_id` itself.
    """
    raise NotImplementedError("collate is not written yet")
