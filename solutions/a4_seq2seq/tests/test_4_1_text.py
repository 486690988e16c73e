from collections import Counter

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_dtype, assert_length, assert_that, assert_type

PAD, UNK, SOS, EOS = range(4)
SPECIALS = ["<pad>", "<unk>", "<sos>", "<eos>"]


def assert_list(actual, expected, kind, *, what):
    """A list of exactly these entries, each of the type `kind`."""
    assert_type(actual, list, what=what)
    for entry in actual:
        assert_type(entry, kind, what=f"an entry of {what}")
    found = [kind(entry) for entry in actual]
    assert_that(found == expected, f"{what}: expected {expected}, got {str(found)[:300]}.")


def assert_collated(collated, ids, lengths, mask, *, what):
    """The three tensors, with their dtypes."""
    assert_type(collated, tuple, what=what)
    assert_length(collated, 3, what=what)
    for value, expected, dtype, name in zip(
        collated, (ids, lengths, mask), ("int64", "int64", "bool"), ("ids", "lengths", "mask"), strict=True
    ):
        assert_dtype(value, dtype, what=f"{name} of {what}")
        assert_close(value, expected, what=f"{name} of {what}")


@number("4.1")
@weight(0.5)
def test_tokenize_any_letters_and_white_space(student):
    """Letters of any alphabet, digits and the underscore make words; tabs and line ends separate."""
    tokenize = student.text.tokenize
    for sentence, expected in (
        ("", []),
        (" \t\n ", []),
        ("  Straße\tNr. 12\n", ["straße", "nr", ".", "12"]),
        ("ÜBER_all Été №5", ["über_all", "été", "№", "5"]),
        ("Город—город", ["город", "—", "город"]),
    ):
        assert_list(tokenize(sentence), expected, str, what=f"tokenize({sentence!r})")


@number("4.1")
@weight(1)
def test_vocabulary_of_many_sentences(student, rng):
    """With many sentences and any min_frequency, the tokens have the ids that the text announces."""
    words = [f"w{i}" for i in range(40)] + ["Zoo", "über", "!", "5"]
    sentences = [[words[int(len(words) * u**3)] for u in rng.random(size)] for size in rng.integers(0, 9, 60)]
    counts = Counter(token for sentence in sentences for token in sentence)
    for least in (1, 2, 3, 5):
        frequent = sorted((-count, token) for token, count in counts.items() if count >= least)
        expected = SPECIALS + [token for _, token in frequent]

        vocabulary = student.text.Vocabulary(sentences, least)

        assert_list(vocabulary.tokens, expected, str, what=f"tokens with min_frequency {least}")
        assert_close(len(vocabulary), len(expected), what=f"len with min_frequency {least}")
        ids = list(range(4, len(expected)))
        assert_list(vocabulary.encode(expected[4:]), ids, int, what="ids of all tokens in order")
        assert_list(vocabulary.decode(ids), expected[4:], str, what="tokens of all ids in order")
    assert_list(vocabulary.encode([]), [], int, what="ids of no tokens")
    assert_list(vocabulary.encode(["w-1", "zoo"]), [UNK, UNK], int, what="ids of two unknown tokens")


@number("4.1")
@weight(0.5)
def test_vocabulary_numbers_a_special_once(student):
    """A special that occurs in the sentences keeps its id and is not numbered a second time."""
    vocabulary = student.text.Vocabulary([["<sos>", "a", "a", "<unk>", "<eos>"], ["a", "b", "b", "<unk>"]])

    assert_list(vocabulary.tokens, [*SPECIALS, "a", "b"], str, what="tokens")
    assert_list(
        vocabulary.encode(["<sos>", "a", "<eos>", "<pad>"]), [SOS, 4, EOS, PAD], int, what="ids with specials"
    )


@number("4.1")
@weight(0.5)
def test_decode_shows_unk_and_takes_tensors(student):
    """Decoding shows <unk>, gives no tokens for no ids, and takes a tensor of ids as well as a list."""
    vocabulary = student.text.Vocabulary([["a", "a", "a", "b", "b"]])
    ids = [SOS, 4, UNK, PAD, 5, SOS, 4, EOS, 5]
    expected = ["a", "<unk>", "b", "a"]

    assert_list(vocabulary.decode(ids), expected, str, what="decode of a list")
    assert_list(vocabulary.decode(torch.tensor(ids)), expected, str, what="decode of a tensor")
    assert_list(vocabulary.decode([]), [], str, what="decode of no ids")
    assert_list(vocabulary.decode([EOS, 4]), [], str, what="decode of <eos> a")


@number("4.1")
@weight(0.5)
def test_collate_of_any_lengths(student, rng):
    """Collating is right for any number of sequences, any lengths and any pad_id."""
    for N, pad_id in ((1, 3), (5, 0), (8, 17)):
        sequences = [[int(i) for i in rng.integers(20, 90, size)] for size in rng.integers(1, 7, N)]
        lengths = [len(sequence) for sequence in sequences]
        T = max(lengths)
        ids = np.full((N, T), pad_id)
        mask = np.zeros((N, T), dtype=bool)
        for n, sequence in enumerate(sequences):
            ids[n, : lengths[n]] = sequence
            mask[n, : lengths[n]] = True

        collated = student.text.collate(sequences, pad_id)

        assert_collated(collated, ids, lengths, mask, what=f"{N} sequences, padded with {pad_id}")


@number("4.1")
@weight(0.5)
def test_collate_takes_empty_sequences(student):
    """An empty sequence is a row of padding with length 0; if all are empty, ids has the shape (N, 0)."""
    collate = student.text.collate

    some = collate([[], [7, 8], []], 1)
    assert_collated(
        some,
        [[1, 1], [7, 8], [1, 1]],
        [0, 2, 0],
        np.array([[False] * 2, [True] * 2, [False] * 2]),
        what="an empty sequence among others",
    )
    none = collate([[], [], []], 1)
    empty = np.zeros((3, 0))
    assert_collated(none, empty.astype(int), [0, 0, 0], empty.astype(bool), what="only empty sequences")


@number("4.1")
@weight(0.5)
def test_collate_masks_by_length_and_not_by_content(student):
    """The mask follows from the lengths: an id that equals pad_id inside a sequence is a real place."""
    assert_collated(
        student.text.collate([[0, 5, 0], [6], [0]], 0),
        [[0, 5, 0], [6, 0, 0], [0, 0, 0]],
        [3, 1, 1],
        np.array([[True] * 3, [True, False, False], [True, False, False]]),
        what="sequences that hold pad_id",
    )
