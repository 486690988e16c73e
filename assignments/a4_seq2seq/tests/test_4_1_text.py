import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_dtype,
    assert_length,
    assert_shape,
    assert_that,
    assert_type,
    fetch,
    printed,
    send,
)

PAD, UNK, SOS, EOS = range(4)
SPECIALS = ["<pad>", "<unk>", "<sos>", "<eos>"]


def assert_list(actual, expected, kind, *, what, hint="", wrong=None):
    """A list of exactly these entries, each of the type `kind`; a known wrong one is named."""
    assert_type(actual, list, what=what, hint=hint)
    for entry in actual:
        assert_type(entry, kind, what=f"an entry of {what}", hint=hint)
    found = [kind(entry) for entry in actual]
    known = [f"\nThis is {name}." for name, answer in (wrong or {}).items() if found == answer != expected]
    message = f"{what}: expected {expected}, got {str(found)[:300]}."
    assert_that(found == expected, message + "".join(known[:1]), hint)


def words(rng, count):
    """Different words of four to seven letters that are in no dictionary, in alphabetical order."""
    found = set()
    while len(found) < count:
        found.add("".join(rng.choice(list("abcdefghijklmnopqrstuvwxyz"), rng.integers(4, 8))))
    return sorted(found)


@number("4.1")
@weight(0.5)
def test_tokenize_by_hand(student, rng):
    """A sentence is cut into lower-case words and punctuation marks: "Der Hund bellt." has four tokens."""
    dog, cat = words(rng, 2)
    sentence = f"Der {dog.title()} bellt, und die {cat.title()} schläft."
    tokens = ["der", dog, "bellt", ",", "und", "die", cat, "schläft", "."]

    assert_list(
        student.text.tokenize(sentence),
        tokens,
        str,
        what=f"tokenize({sentence!r})",
        wrong={
            "the sentence cut at white space only": sentence.lower().split(),
            "the sentence without its punctuation": [*tokens[:3], *tokens[4:8]],
            "the sentence with its capital letters": [
                "Der",
                dog.title(),
                *tokens[2:6],
                cat.title(),
                *tokens[7:],
            ],
            "the sentence cut at letters that English does not have": [*tokens[:7], "schl", "ä", "ft", "."],
        },
    )


@number("4.1")
@weight(0.5)
def test_tokenize_separates_every_mark(student, rng):
    """Two marks in a row are two tokens, and a mark inside a word or number cuts it in three."""
    tokenize = student.text.tokenize
    a, b = words(rng, 2)

    for sentence, expected in (
        (f"Na {a}?!", f"na {a} ? !"),
        (f"It's 3.5 {b} ...", f"it ' s 3 . 5 {b} . . ."),
        (f"(E-{a.title()})", f"( e - {a} )"),
    ):
        assert_list(
            tokenize(sentence),
            expected.split(),
            str,
            what=f"tokenize({sentence!r})",
            hint="A token is a run of word characters, or one other character that is not white space.",
        )


@number("4.1")
@weight(0.5)
def test_vocabulary_starts_with_the_specials(student, rng):
    """The specials <pad>, <unk>, <sos> and <eos> come first, in this order, also without any sentence."""
    own = words(rng, 3)
    of_three = student.text.Vocabulary([own])
    vocabulary = student.text.Vocabulary([])

    assert_list(of_three.tokens, [*SPECIALS, *own], str, what="tokens of a vocabulary of 3 words")
    assert_list(vocabulary.tokens, SPECIALS, str, what="tokens of an empty vocabulary")
    assert_close(len(vocabulary), 4, what="len of an empty vocabulary", hint="The specials count.")
    for name, i in (("pad_id", PAD), ("unk_id", UNK), ("sos_id", SOS), ("eos_id", EOS)):
        assert_close(getattr(vocabulary, name), i, what=name)


@number("4.1")
@weight(1)
def test_vocabulary_orders_by_frequency_then_alphabet(student, rng):
    """After the specials come the tokens by falling frequency, equally frequent ones by the alphabet."""
    a, bird, cat, dog, sees, the = own = words(rng, 6)
    sentences = [[sees, dog, the, dog], [a, cat, bird, a, dog, sees, the]]

    vocabulary = student.text.Vocabulary(sentences)

    assert_list(
        vocabulary.tokens,
        [*SPECIALS, dog, a, sees, the, bird, cat],
        str,
        what=f"tokens: {dog} occurs 3 times; {a}, {sees} and {the} twice; {bird} and {cat} once",
        wrong={
            "the order of first occurrence": [*SPECIALS, sees, dog, the, a, cat, bird],
            "the order by frequency, with ties in order of first occurrence": (
                [*SPECIALS, dog, sees, the, a, cat, bird]
            ),
            "the order by frequency, with ties in reverse alphabetical order": (
                [*SPECIALS, dog, the, sees, a, cat, bird]
            ),
            "the alphabetical order, without regard to frequency": [*SPECIALS, *own],
            "the order of rising frequency": [*SPECIALS, bird, cat, a, sees, the, dog],
            "the tokens without the specials": [dog, a, sees, the, bird, cat],
        },
    )
    assert_close(
        len(vocabulary),
        10,
        what="len of a vocabulary of 4 specials and 6 tokens",
        wrong={"the number of tokens without the specials": 6},
    )


@number("4.1")
@weight(0.5)
def test_vocabulary_leaves_rare_tokens_out(student, rng):
    """With min_frequency=2, a token that occurs twice has an id and one that occurs once has none."""
    ein, hund, kind, und = words(rng, 4)
    sentences = [[ein, kind, und, ein, hund], [ein, hund]]

    assert_list(
        student.text.Vocabulary(sentences, min_frequency=2).tokens,
        [*SPECIALS, ein, hund],
        str,
        what=f"tokens that occur at least twice: {ein} occurs 3 times, {hund} twice, {kind} and {und} once",
        wrong={
            "what occurs more than twice": [*SPECIALS, ein],
            "all tokens, whatever min_frequency is": [*SPECIALS, ein, hund, kind, und],
            "an answer without the specials, which need no occurrence": [ein, hund],
        },
    )


@number("4.1")
@weight(0.5)
def test_encode_gives_ids_and_unk(student, rng):
    """A token becomes its id, or that of <unk> where the vocabulary lacks it; nothing is added."""
    # Any of the five may be the most frequent, and any unknown.
    a, b, c, x, y = rng.permutation(words(rng, 5)).tolist()
    vocabulary = student.text.Vocabulary([[a, a, a, b, b, c, c], [a, b], [a]])
    order = rng.permutation(5)
    ids = [[4, 5, 6, UNK, UNK][i] for i in order]
    tokens = [[a, b, c, x, y][i] for i in order]

    assert_list(
        vocabulary.encode(tokens),
        ids,
        int,
        what=f"ids of {', '.join(tokens)}, where {a} is 4, {b} is 5, {c} is 6 and {x} and {y} are unknown",
        wrong={
            "the answer between <sos> and <eos>; encode adds nothing": [SOS, *ids, EOS],
            "the answer with <eos> at its end; encode adds nothing": [*ids, EOS],
            "the answer without the unknown tokens": [i for i in ids if i != UNK],
            "<pad> for an unknown token, where <unk> belongs": [PAD if i == UNK else i for i in ids],
        },
    )


@number("4.1")
@weight(1)
def test_decode_stops_at_eos(student, rng):
    """Decoding shows the tokens before the first <eos>, without <pad> and <sos>."""
    a, b, c = rng.permutation(words(rng, 3)).tolist()
    vocabulary = student.text.Vocabulary([[a, a, a, b, b, c, c], [a, b], [a]])

    assert_list(
        vocabulary.decode([SOS, 6, 4, EOS, 5, EOS, 4, PAD]),
        [c, a],
        str,
        what=f"decode of <sos> {c} {a} <eos> {b} <eos> {a} <pad>",
        wrong={
            "all tokens: nothing after <eos> belongs to the sentence": [c, a, b, a],
            "the tokens up to the last <eos>, where the first one counts": [c, a, b],
            "the right answer with <eos> shown": [c, a, "<eos>"],
            "the right answer with <sos> shown": ["<sos>", c, a],
            "the right answer with <sos> and <eos> shown": ["<sos>", c, a, "<eos>"],
        },
    )
    assert_list(vocabulary.decode([6, 5]), [c, b], str, what=f"decode of {c} {b}, without an <eos>")
    assert_list(
        vocabulary.decode([PAD, PAD, 4, PAD]),
        [a],
        str,
        what=f"decode of <pad> <pad> {a} <pad>",
        wrong={"an answer that stops at <pad>": [], "an answer with <pad>": ["<pad>", "<pad>", a, "<pad>"]},
    )


@number("4.1")
@weight(1)
def test_collate_by_hand(student, rng):
    """Sequences of 2, 4 and 1 ids give a tensor (3, 4), filled up at the ends, with lengths and mask."""
    a, b, c, d, e, f, g = rng.integers(4, 90, 7).tolist()
    collated = student.text.collate([[a, b], [c, d, e, f], [g]], PAD)

    assert_type(collated, tuple, what="what collate returns")
    assert_length(collated, 3, what="what collate returns", hint="It is (ids, lengths, mask).")
    ids, lengths, mask = collated
    assert_shape(ids, (3, 4), what="ids of sequences of 2, 4 and 1 ids", hint="One row for each sequence.")
    assert_dtype(ids, "int64", what="ids", hint="nn.Embedding looks ids up by whole numbers.")
    assert_close(
        ids,
        [[a, b, 0, 0], [c, d, e, f], [g, 0, 0, 0]],
        what="ids of sequences of 2, 4 and 1 ids",
        wrong={"the padding in front": [[0, 0, a, b], [c, d, e, f], [0, 0, 0, g]]},
    )
    assert_dtype(lengths, "int64", what="lengths")
    assert_close(lengths, [2, 4, 1], what="lengths", wrong={"the length of the longest for all": [4, 4, 4]})
    real = np.array([[True, True, False, False], [True] * 4, [True, False, False, False]])
    assert_dtype(mask, "bool", what="mask")
    assert_close(mask, real, what="mask", wrong={"True at the padding, which is where False belongs": ~real})


@number("4.1")
@weight(0.5)
def test_text_leaves_its_arguments_alone(student, rng):
    """After right answers the lists of tokens and ids are unchanged, and nothing has been printed."""
    text = student.text
    a, b, c, x = words(rng, 4)
    sentences, tokens, ids = [[a, b, a], [c]], [b, x], [SOS, 4, EOS, 5]
    sequences = [rng.integers(4, 90, size).tolist() for size in (3, 1, 0)]
    sent = {
        "sentences": send(student, sentences),
        "tokens": send(student, tokens),
        "ids": send(student, ids),
        "sequences": send(student, sequences),
    }

    vocabulary = text.Vocabulary(sent["sentences"])
    assert_list(vocabulary.tokens, [*SPECIALS, a, b, c], str, what="tokens of the vocabulary")
    assert_list(vocabulary.encode(sent["tokens"]), [5, UNK], int, what=f"ids of {b} and the unknown {x}")
    assert_list(vocabulary.decode(sent["ids"]), [a], str, what=f"decode of <sos> {a} <eos> {b}")
    collated = text.collate(sent["sequences"], PAD)
    assert_type(collated, tuple, what="what collate returns")
    assert_length(collated, 3, what="what collate returns", hint="It is (ids, lengths, mask).")
    rows = [[*sequence, *[PAD] * (3 - len(sequence))] for sequence in sequences]
    assert_close(collated[0], rows, what="ids of sequences of 3, 1 and 0 ids")

    assert_list(text.tokenize(f"{a} {b}"), [a, b], str, what=f"tokenize('{a} {b}')")
    before = {"sentences": sentences, "tokens": tokens, "ids": ids, "sequences": sequences}
    for name, value in before.items():
        assert_that(fetch(sent[name]) == value, f"{name} has changed: it was {value}.", "Make a new list.")
    assert_that(printed(student) == "", "The functions print something; a batch a line is a lot of lines.")
