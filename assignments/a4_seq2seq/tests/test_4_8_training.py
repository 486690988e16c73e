import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_that,
    assert_type,
    given,
    limits,
)

PAD, V = 1, 6
LOSS = ["value", "shape", "gradient"]
LEFT = ["value", "batches", "before", "reads", "training", "calls", "has gradients"]
# Two batches with 7 and 3 words after <sos>.
BATCHES = [
    (np.array([[2, 3, 4], [5, 2, 1]]), np.array([[0, 4, 5, 2, 3], [0, 5, 4, 3, 1]])),
    (np.array([[4, 4]]), np.array([[0, 2, 5, 3, 1, 1]])),
]


def words(target):
    """How many words after <sos> are no padding."""
    return int((target[:, 1:] != PAD).sum())


def nll(scores, target, smoothing=0.0):
    """Minus the log-probability of each word, smoothed, and 0 for padding: (N, T)."""
    logs = scores.log_softmax(dim=2)
    true = logs.gather(2, target[:, :, None])[:, :, 0]
    return -((1 - smoothing) * true + smoothing * logs.mean(dim=2)) * (target != PAD)


class Twin:
    """The grader's own copy of the tiny model, and of its training."""

    def __init__(self, rng):
        self.before = rng.normal(size=(V, V))
        self.reads = rng.normal(size=(V, V))

    def scores(self, parameters, source, target):
        """(N, T - 1, V)."""
        before, reads = parameters
        return before[target[:, :-1]] + reads[source].mean(dim=1)[:, None]

    def train(self, rates, max_norm=1.0, smoothing=0.0, *, clip=True, each=False):
        """The parameters after an epoch, and the losses of the batches (mean of a word)."""
        parameters, losses = [torch.from_numpy(self.before), torch.from_numpy(self.reads)], []
        for batch, rate in zip(BATCHES, rates, strict=True):
            source, target = (torch.from_numpy(array) for array in batch)
            leaves = [parameter.clone().requires_grad_() for parameter in parameters]
            loss = nll(self.scores(leaves, source, target), target[:, 1:], smoothing).sum() / words(target)
            gradients = torch.autograd.grad(loss, leaves)
            length = torch.cat([gradient.flatten() for gradient in gradients]).norm()
            lengths = [float(g.norm() if each else length) for g in gradients]
            shrink = [min(1.0, max_norm / length) if clip else 1.0 for length in lengths]
            parameters = [p - rate * s * g for p, s, g in zip(parameters, shrink, gradients, strict=True)]
            losses.append(float(loss.detach()))
        return parameters, losses

    def total(self):
        """The summed loss of all words, before any training."""
        parameters, total = [torch.from_numpy(self.before), torch.from_numpy(self.reads)], 0.0
        for batch in BATCHES:
            source, target = (torch.from_numpy(array) for array in batch)
            total += float(nll(self.scores(parameters, source, target), target[:, 1:]).sum())
        return total

    def model(self, student, *, training=False):
        """The same model in the sandbox."""
        return given(student, "training_runs.py").tiny(self.before, self.reads, training=training)


def train(student, model, rate, **options):
    """What train_epoch returns and leaves."""
    runs = given(student, "training_runs.py")
    found = runs.train(student.training.train_epoch, model, BATCHES, rate, PAD, **options)
    assert_keys(found, LEFT, what="a run of train_epoch")
    return found


def evaluated(student, model):
    """What evaluate returns and leaves; its value is a pair."""
    found = given(student, "training_runs.py").evaluate(student.training.evaluate, model, BATCHES, PAD)
    assert_keys(found, LEFT, what="a run of evaluate")
    assert_type(found["value"], tuple, what="what evaluate returns")
    assert_length(found["value"], 2, what="what evaluate returns: (total, words)")
    return found


@number("4.8")
@weight(0.5)
def test_learning_rate_rises_and_falls(student, rng):
    """d_model ** -0.5 times the smaller of step ** -0.5 and step * warmup ** -1.5."""
    for least in (4, 25):
        d_model, warmup = (int(rng.integers(low, 2 * low)) for low in (64, least))
        for step in (1, warmup - 1, warmup, warmup + 1, 1000):
            rising, falling = step * warmup**-1.5, step**-0.5
            assert_close(
                student.training.learning_rate(step, d_model, warmup),
                d_model**-0.5 * min(rising, falling),
                what=f"learning_rate({step}, {d_model}, {warmup})",
                wrong={
                    "the larger of the two": d_model**-0.5 * max(rising, falling),
                    "times the root of d_model": d_model**0.5 * min(rising, falling),
                    "without d_model": min(rising, falling),
                    "with steps from 0": d_model**-0.5 * min((step + 1) * warmup**-1.5, (step + 1) ** -0.5),
                },
            )


@number("4.8")
@weight(1.5)
def test_sequence_loss_counts_words_only(student, rng):
    """The mean of minus the log-probabilities over all words of the batch; padding does not count."""
    scores, target = rng.normal(size=(2, 4, V)), np.array([[4, 2, 0, 5], [3, 1, 1, 1]])
    leaf = torch.from_numpy(scores).requires_grad_()
    each = nll(leaf, torch.from_numpy(target))
    value = each.sum() / 5
    (gradient,) = torch.autograd.grad(value, leaf)
    found = given(student, "training_runs.py").loss(student.training.sequence_loss, scores, target, PAD, None)
    assert_keys(found, LOSS, what="a call of sequence_loss")
    numbers = each.detach().numpy()
    logs = leaf.detach().log_softmax(dim=2).numpy()
    with_padding = -np.take_along_axis(logs, target[:, :, None], axis=2)[:, :, 0]
    mixed = torch.from_numpy(scores).reshape(2, 4, V).transpose(0, 1).reshape(8, V)
    assert_close(
        found["value"],
        float(value),
        what="the loss of 5 words in 2 sentences",
        sizes={"words": 5, "N * T": 8, "N": 2},
        wrong={
            "padding counted as a word": with_padding.mean(),
            "the sum divided by N * T, padding included": numbers.sum() / 8,
            "the sum instead of the mean": numbers.sum(),
            "the sum divided by the number of sentences": numbers.sum() / 2,
            "the mean of the sentences' means": (numbers.sum(axis=1) / [4, 1]).mean(),
            "in bits": numbers.sum() / 5 / np.log(2),
            "axes N and T mixed up": float(
                torch.nn.functional.cross_entropy(mixed, torch.from_numpy(target.ravel()), ignore_index=PAD)
            ),
        },
        hint="cross_entropy has ignore_index.",
    )
    assert_that(found["shape"] == (), f"The loss has the shape {found['shape']}.", "It is one number.")
    assert_close(found["gradient"], gradient, what="the loss's gradient by the scores", rtol=1e-5, atol=1e-9)


@number("4.8")
@weight(0.5)
def test_sequence_loss_with_label_smoothing(student, rng):
    """A share e of each word's loss is the mean over all words of the vocabulary, padding not counted."""
    scores, target = rng.normal(size=(3, 2, V)), np.array([[4, 1], [3, 2], [0, 1]])
    found = given(student, "training_runs.py").loss(student.training.sequence_loss, scores, target, PAD, 0.3)
    assert_keys(found, LOSS, what="a call of sequence_loss")

    def smoothed(e):
        return float(nll(torch.from_numpy(scores), torch.from_numpy(target), e).sum() / 4)

    assert_close(
        found["value"],
        smoothed(0.3),
        what="the loss with label_smoothing 0.3",
        wrong={
            "without smoothing": smoothed(0),
            "with 0.3 for the true word": smoothed(0.7),
            "with the true word left out of the mean": smoothed(0.3 * V / (V - 1)),
        },
    )


@number("4.8")
@weight(0.5)
def test_transformer_scores_shifts_the_target(student, rng):
    """The decoder's input is the target without its last word."""
    source, target = rng.integers(2, 90, size=(2, 2)), rng.integers(2, 90, size=(2, 4))
    found = given(student, "training_runs.py").shifted(student.training.transformer_scores, source, target)
    other = {"the whole target": target, "the words to predict, without <sos>": target[:, 1:]}
    assert_close(
        found,
        target[:, :-1, None].astype(float),
        what="the decoder's input",
        wrong={name: value[:, :, None].astype(float) for name, value in other.items() if value.shape[1] == 3},
        hint="With the whole target the decoder reads the very word that it is to tell.",
    )


@number("4.8")
@weight(1.5)
def test_train_epoch_updates_after_each_batch(student, rng):
    """Loss, gradients of this batch alone, clipping, update: for each batch, in training mode."""
    twin = Twin(rng)
    parameters, losses = twin.train([0.5, 0.5], max_norm=0.2)
    counts = [words(target) for _, target in BATCHES]
    mean = np.average(losses, weights=counts)
    model = twin.model(student)
    found = train(student, model, 0.5, stale=True, max_norm=0.2)
    assert_close(
        found["value"],
        mean,
        what="the mean loss of a word",
        sizes={"batches": 2},
        wrong={
            "the mean of the batches' means": np.mean(losses),
            "the sum of the batches' means": np.sum(losses),
            "the sum over all words": np.dot(losses, counts),
            "the mean over sentences": np.average(losses, weights=[2, 1]),
        },
        hint="A batch of 7 words counts 7 / 10, one of 3 words 3 / 10.",
    )
    unclipped, _ = twin.train([0.5, 0.5], clip=False)
    each, _ = twin.train([0.5, 0.5], max_norm=0.2, each=True)
    default, _ = twin.train([0.5, 0.5])
    for i, name in enumerate(("before", "reads")):
        assert_close(
            found[name],
            parameters[i],
            what=f"the model's parameter '{name}' after the epoch",
            wrong={
                "not trained at all": (twin.before, twin.reads)[i],
                "without clipping": unclipped[i],
                "each parameter clipped by itself": each[i],
                "clipped to the length 1, whatever max_norm is": default[i],
            },
            hint="zero_grad, backward, clip_grad_norm_, step: in this order.",
            rtol=1e-5,
            atol=2e-6,
        )
    assert_that(
        found["calls"] == [[True, True], [True, True]],
        "train_epoch does not call the model once for each batch, in training mode with gradients.",
        "model.train() before the loop.",
    )


@number("4.8")
@weight(0.5)
def test_evaluate_sums_over_words(student, rng):
    """The summed negative log-likelihood of all words, and their number; padding does not count."""
    twin = Twin(rng)
    total = twin.total()
    value = evaluated(student, twin.model(student))["value"]
    assert_close(
        value[0],
        total,
        what="the sum over all words",
        sizes={"words": 10},
        wrong={"the mean of a word": total / 10},
    )
    assert_type(value[1], int, what="the number of words")
    padded = sum(target[:, 1:].size for _, target in BATCHES)
    assert_close(value[1], 10, what="the number of words", wrong={"padding counted": padded})


@number("4.8")
@weight(0.5)
def test_training_leaves_everything_else_as_found(student, rng):
    """After a right result the model's mode and the batches are as before, and evaluate trains nothing."""
    twin = Twin(rng)
    trained, losses = twin.train([0.1, 0.1])
    right = {"train_epoch": np.average(losses, weights=[7, 3]), "evaluate": np.array([twin.total(), 10])}
    for training in (True, False):
        for name in ("train_epoch", "evaluate"):
            model = twin.model(student, training=training)
            found = train(student, model, 0.1) if name == "train_epoch" else evaluated(student, model)
            value = found["value"] if name == "train_epoch" else np.array(found["value"], dtype=float)
            assert_close(value, right[name], what=f"what {name} returns")
            after = trained[0] if name == "train_epoch" else twin.before
            what = f"the model's parameter 'before' after {name}"
            assert_close(found["before"], after, what=what, rtol=1e-5, atol=2e-6)
            mode = {True: "training", False: "evaluation"}
            assert_that(
                found["training"] is training,
                f"The model came in {mode[training]} mode, and {name} leaves it in the other.",
                "Note model.training first, and put it back.",
            )
            assert_length(found["batches"], len(BATCHES), what=f"the batches after {name}")
            for pair, before in zip(found["batches"], BATCHES, strict=True):
                assert_length(pair, 2, what="a batch")
                for after, array in zip(pair, before, strict=True):
                    assert_close(after, array, what=f"a batch after {name}")
            if name == "evaluate":
                assert_that(found["has gradients"] is False, "evaluate leaves gradients in the model.")


@number("4.8")
@weight(1)
@limits(seconds=60)
def test_translator_is_rebuilt_from_its_files(student, settings):
    """translator.safetensors and translator.json were handed in, fit your Translator, and it translates."""
    helpers = given(student, "my_translator.py")
    found = helpers.look()
    assert_keys(found, ["problem", "numbers"], what="the look at your translator's files")
    assert_type(found["problem"], str, what="the look at your translator's files")
    assert_that(found["problem"] == "", found["problem"])

    sentences = ["Der Mann kauft ein Buch.", "Warum lachen die Kinder im Garten?", "Quux quux."]
    translator = student.translator.Translator(helpers.tensors(), helpers.config())
    translations = translator.translate(sentences)

    assert_type(translations, list, what="the translations")
    assert_length(translations, 3, what="the translations of 3 sentences")
    for translation in translations:
        assert_type(translation, str, what="a translation")
