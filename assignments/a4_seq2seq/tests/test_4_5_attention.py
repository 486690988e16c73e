import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_raises,
    assert_that,
    assert_type,
    given,
    replace,
    vary,
)

FOUND = ["result", "arguments"]


def softmax(x, axis=1):
    """Probabilities."""
    x = np.exp(x - x.max(axis=axis, keepdims=True))
    return x / x.sum(axis=axis, keepdims=True)


def dots(query, keys):
    """Products of the query with each key."""
    return np.einsum("nh,nsh->ns", query, keys)


def cosines(query, keys):
    """Products of the vectors scaled to length 1."""
    return dots(query, keys) / (np.linalg.norm(query, axis=1)[:, None] * np.linalg.norm(keys, axis=2))


def weights(student, query, keys, mask, score):
    """The student's weights."""
    runs = given(student, "attention_runs.py")
    found = runs.run(student.attention.attention_weights, query, keys, mask, score)
    assert_keys(found, FOUND, what="a call of attention_weights")
    return found["result"]


@number("4.5")
@weight(1.5)
def test_attention_weights_are_a_softmax_of_products(student, rng):
    """Score "dot": the softmax over the words of query . key, with numbers to follow on paper."""
    query = np.array([[1.0, 2], [0, -1]])
    counts = np.array([[[2.0, 1], [1, 2], [3, 1]], [[1, 0.5], [5, 1], [2, 0.25]]])
    # First the scores are the logarithms of 2, 4, 3 and of 2, 1, 4: weights of 2/9, 4/9, 3/9 and so on.
    for keys in (np.log(counts), np.log(vary(rng, counts))):
        scores = dots(query, keys)
        assert_close(
            weights(student, query, keys, None, "dot"),
            softmax(scores),
            what="the weights of 3 words for 2 sentences",
            sizes={"N": 2, "S": 3},
            wrong={
                "the scores without their softmax": scores,
                "the softmax over the sentences instead of over the words": softmax(scores, axis=0),
                "the softmax over all scores together": softmax(scores.reshape(1, -1)).reshape(2, 3),
                "exp without division by the sum": np.exp(scores),
                "with the scores divided by sqrt(H)": softmax(scores / np.sqrt(2)),
            },
            hint="One distribution over the words for each sentence: softmax over axis 1.",
        )


@number("4.5")
@weight(1)
def test_attention_weights_with_scaled_products(student, rng):
    """Score "scaled_dot": the products divided by sqrt(H), for 3 sentences of 4 words, H = 5."""
    query, keys = rng.normal(size=(3, 5)), rng.normal(size=(3, 4, 5))
    scores = dots(query, keys)
    assert_close(
        weights(student, query, keys, None, "scaled_dot"),
        softmax(scores / np.sqrt(5)),
        what='the weights with "scaled_dot"',
        sizes={"N": 3, "S": 4},
        wrong={
            "not scaled": softmax(scores),
            "divided by H instead of by its root": softmax(scores / 5),
            "divided by sqrt(S)": softmax(scores / 2),
            "times sqrt(H)": softmax(scores * np.sqrt(5)),
            "scaled after the softmax": softmax(scores) / np.sqrt(5),
        },
        hint="H is the length of the query: query.shape[1].",
    )


@number("4.5")
@weight(1)
def test_attention_weights_with_cosines(student, rng):
    """Score "cosine": the products of vectors of length 1; a vector of zeros has cosine 0 with all."""
    query, keys = rng.normal(size=(3, 5)), rng.normal(size=(3, 4, 5))
    scores = cosines(query, keys)
    lengths = np.linalg.norm(query, axis=1)[:, None], np.linalg.norm(keys, axis=2)
    assert_close(
        weights(student, query, keys, None, "cosine"),
        softmax(scores),
        what='the weights with "cosine"',
        sizes={"N": 3, "S": 4},
        wrong={
            "the products, not divided by lengths": softmax(dots(query, keys)),
            "divided by the query's length only": softmax(scores * lengths[1]),
            "divided by the keys' lengths only": softmax(scores * lengths[0]),
            "divided by the squares of the lengths": softmax(scores / (lengths[0] * lengths[1])),
            "the cosines without their softmax": scores,
        },
    )
    query[1], keys[0, 2], keys[1, 3] = 0, 0, 0
    with np.errstate(invalid="ignore"):
        scores = np.nan_to_num(cosines(query, keys), nan=0.0)
    assert_close(
        weights(student, query, keys, None, "cosine"),
        softmax(scores),
        what='the weights with "cosine" and vectors of zeros',
        hint="0 / 0 is nan. Divide by 1 where a length is 0.",
    )


@number("4.5")
@weight(1.5)
def test_attention_weights_of_masked_words_are_zero(student, rng):
    """Masked words have exactly 0 and the others sum to 1; with all words masked, the row is zeros."""
    query, keys = rng.normal(size=(3, 4)), rng.normal(size=(3, 5, 4))
    mask = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=bool)
    for score, scores in (("dot", dots(query, keys)), ("cosine", cosines(query, keys))):
        right = np.where(mask, softmax(np.where(mask, scores, -1e300)), 0)
        inverted = np.where(~mask, softmax(np.where(~mask, scores, -1e300)), 0)
        found = weights(student, query, keys, mask, score)
        assert_close(
            found,
            right,
            what=f'the weights with a mask, score "{score}"',
            inputs={"mask": mask},
            wrong={
                "the mask ignored": softmax(scores),
                "the mask the other way round": inverted,
                "the softmax over all words, then zeros": softmax(scores) * mask,
                "scores of masked words set to 0 before the softmax": softmax(scores * mask),
                "equal weights where all is masked": np.where(mask.any(axis=1, keepdims=True), right, 0.2),
                "nan where all is masked": np.where(mask.any(axis=1, keepdims=True), right, np.nan),
            },
            hint="True in the mask is a word that may be attended.",
        )
        assert_that(
            not np.asarray(found)[~mask].any(),
            "A masked word has a weight that is small, but not 0.",
            "Multiply by the mask in the end, or use a score so low that exp gives exactly 0.",
        )


@number("4.5")
@weight(1.5)
def test_decoder_looks_at_the_source(student, rng):
    """Its cell reads the embedding, then the context; the weights come from the state before the step."""
    V, E, H = 6, 2, 3
    rows = ("weight_ih_l0", (H, E + H)), ("weight_hh_l0", (H, H)), ("bias_ih_l0", H), ("bias_hh_l0", H)
    numbers = {f"rnn.{name}": rng.normal(size=size) for name, size in rows}
    numbers |= {"embedding.weight": rng.normal(size=(V, E))}
    numbers |= {"out.weight": rng.normal(size=(V, H)), "out.bias": rng.normal(size=V)}

    # It does not matter here how yours is computed.
    def attend(query, keys, mask, score):
        return torch.from_numpy(table(query, keys, np.ones(keys.shape[:2]) if mask is None else mask))

    replace(student, "attention", attention_weights=attend)
    decoder = student.seq2seq.Decoder(V, E, H, H, 0.0, "rnn", "scaled_dot")
    runs = given(student, "seq2seq_runs.py")
    runs.fill(decoder, numbers)
    token, h, outputs = np.array([4, 0]), rng.normal(size=(2, H)), rng.normal(size=(2, 5, H))
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], dtype=bool)
    found = runs.run(decoder, token, h, outputs, mask)
    assert_keys(found, FOUND, what="a run of your decoder")
    found = found["result"]
    assert_type(found, tuple, what="what Decoder returns")
    assert_length(found, 3, what="what Decoder returns")

    given_weights = table(h, outputs, mask)
    context = np.einsum("ns,nsh->nh", given_weights, outputs)
    embedded = numbers["embedding.weight"][token]

    def after(cell_input):
        z = cell_input @ numbers["rnn.weight_ih_l0"].T + numbers["rnn.bias_ih_l0"]
        return np.tanh(z + h @ numbers["rnn.weight_hh_l0"].T + numbers["rnn.bias_hh_l0"])

    new = after(np.concatenate([embedded, context], axis=1))
    assert_close(found[2], given_weights, what="the weights", sizes={"N": 2, "S": 5})
    assert_close(
        found[1],
        new,
        what="the new state",
        wrong={
            "with the context before the embedding": after(np.concatenate([context, embedded], axis=1)),
            "with the mean of the source as context": after(
                np.concatenate([embedded, outputs.mean(axis=1)], axis=1)
            ),
            "with a context of zeros": after(np.concatenate([embedded, 0 * context], axis=1)),
        },
        hint="torch.cat([embedding, context], dim=1)",
    )
    scores = new @ numbers["out.weight"].T + numbers["out.bias"]
    assert_close(found[0], np.log(softmax(scores)), what="the log-probabilities", sizes={"N": 2, "V": V})


def table(query, keys, mask):
    """Weights that depend on all that they are given, and that are no attention's."""
    raw = 1 + np.abs(np.einsum("nh,nsh->ns", np.cos(np.asarray(query)), np.asarray(keys)))
    raw = raw * np.asarray(mask)
    return raw / raw.sum(axis=1, keepdims=True)


@number("4.5")
@weight(0.5)
def test_attention_leaves_its_arguments_alone(student, rng):
    """After right weights, query, keys and mask have their old numbers; an unknown score is a ValueError."""
    query, keys = rng.normal(size=(2, 3)), rng.normal(size=(2, 4, 3))
    mask = np.array([[1, 1, 1, 0], [1, 0, 0, 0]], dtype=bool)
    runs = given(student, "attention_runs.py")
    for score, scores in (("dot", dots(query, keys)), ("cosine", cosines(query, keys))):
        found = runs.run(student.attention.attention_weights, query, keys, mask, score)
        assert_keys(found, FOUND, what="a call of attention_weights")
        right = softmax(np.where(mask, scores, -1e300))
        assert_close(found["result"], right, what=f'the weights with a mask, score "{score}"')
        assert_length(found["arguments"], 3, what="the arguments after the call")
        for after, before in zip(found["arguments"], (query, keys, mask), strict=True):
            assert_close(after, before, what="an argument after the call")

    def call():
        weights(student, query, keys, mask, "additive")

    assert_raises("ValueError", call, what='attention_weights with score "additive"')
