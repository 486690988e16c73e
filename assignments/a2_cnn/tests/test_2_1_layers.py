import numpy as np
import pytest
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_keys, assert_length, given, vary

# N = 4 images with 2 channels of 3 x 5 pixels, 30 numbers each; 7 numbers come out.
N, D, M = 4, 30, 7
SIZES = {"N": N, "D": D, "M": M}


@pytest.fixture
def images(rng):
    """The images, (N, 2, 3, 5)."""
    return rng.normal(size=(N, 2, 3, 5))


@pytest.fixture
def matrix(rng):
    """The weight of the linear layer, (D, M)."""
    return rng.normal(size=(D, M))


@pytest.fixture
def dout(rng):
    """The gradient by the output of the linear layer, (N, M)."""
    return rng.normal(size=(N, M))


def answer(student, layer, x, dout, expected=("dx",), **parameters):
    """What the layer computes there and back, with `out`, `returned` and the gradients by name."""
    found = given(student, "numpy_layers.py").there_and_back(layer, x, dout, **parameters)
    assert_keys(
        found,
        ["out", "returned", *expected],
        what="what backward leaves behind",
        hint="backward sets the attributes that the docstring names.",
    )
    return found


def linear(student, x, dout, matrix, bias):
    """The student's Linear with these parameters, there and back."""
    layer = student.layers.Linear(*matrix.shape)
    return answer(student, layer, x, dout, ("dx", "dw", "db"), weight=matrix, bias=bias)


@number("2.1")
@weight(1)
def test_linear_by_hand(student):
    """(1, 2) times the rows (1, 0, 3) and (2, 1, -1), plus (10, 20, 30), is (15, 22, 31)."""
    matrix, bias = np.array([[1.0, 0.0, 3.0], [2.0, 1.0, -1.0]]), np.array([10.0, 20.0, 30.0])
    found = linear(student, np.array([[1.0, 2.0]]), np.ones((1, 3)), matrix, bias)

    assert_close(
        found["out"],
        [[15.0, 22.0, 31.0]],
        what="the output of Linear",
        hint="out = x @ weight + bias, with the weight (in, out) as it stands at the time of the call.",
        wrong={"the bias forgotten": [[5.0, 2.0, 1.0]]},
    )


@number("2.1")
@weight(1)
def test_linear_flattens_images(student, rng, images, matrix, dout):
    """An image is flattened in the order in which it is stored."""
    bias = rng.normal(size=M)
    assert_close(
        linear(student, images, dout, matrix, bias)["out"],
        images.reshape(N, D) @ matrix + bias,
        what="the output of Linear for 4 images of 2 x 3 x 5",
        hint="x.reshape(N, -1) keeps the examples apart and the numbers in order.",
        sizes=SIZES,
    )


@number("2.1")
@weight(1)
def test_linear_gradients_of_the_parameters(student, rng, images, matrix, dout):
    """The gradient dw is flat(x)^T dout, db is the sum of dout over the examples, without a 1/N."""
    found = linear(student, images, dout, matrix, rng.normal(size=M))
    assert_close(
        found["dw"],
        images.reshape(N, D).T @ dout,
        what="dw of Linear",
        hint="dw[i, j] = sum over n of x[n, i] dout[n, j].",
        sizes=SIZES,
    )
    assert_close(
        found["db"],
        dout.sum(axis=0),
        what="db of Linear",
        hint="The bias meets every example: add dout up over n, into shape (out,).",
        sizes=SIZES,
        wrong={"summed over the outputs instead of the examples": dout.sum(axis=1)},
    )


@number("2.1")
@weight(1)
def test_linear_gradient_of_the_input(student, rng, images, matrix, dout):
    """The gradient dx is dout weight^T in the shape of the input, and backward returns it."""
    found = linear(student, images, dout, matrix, rng.normal(size=M))
    expected = (dout @ matrix.T).reshape(images.shape)
    hint = "dx has the shape of x, also where x was an image: undo the flattening."
    assert_close(found["dx"], expected, what="dx of Linear", hint=hint, sizes=SIZES)
    assert_close(found["returned"], expected, what="what backward of Linear returns", hint=hint, sizes=SIZES)


@number("2.1")
@weight(0.5)
def test_linear_sets_its_gradients_anew(student, rng, images, matrix, dout):
    """A second pass gives its own gradients: nothing is added to those of the first."""
    found = given(student, "numpy_layers.py").twice(
        student.layers.Linear(D, M),
        (-images, dout),
        (images, 2 * dout),
        weight=matrix,
        bias=rng.normal(size=M),
    )
    assert_keys(found, ["out", "returned", "dx", "dw", "db"], what="what backward leaves behind")
    hint = "self.dw = ..., not self.dw += ...: the optimiser has used the old ones already."
    dw, db = 2 * images.reshape(N, D).T @ dout, 2 * dout.sum(axis=0)
    assert_close(found["dw"], dw, what="dw after a second pass", hint=hint, sizes=SIZES)
    assert_close(found["db"], db, what="db after a second pass", hint=hint, sizes=SIZES)


@number("2.1")
@weight(1)
def test_relu_there_and_back(student, rng):
    """Positive entries pass both ways, the others are 0 both ways; the gradient at 0 is 0."""
    x = vary(rng, np.array([[-1.5, 0.0, 2.0], [3.0, -0.25, 0.5]]))
    dout = vary(rng, np.array([[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]]))
    found = answer(student, student.layers.ReLU(), x, dout)
    assert_close(found["out"], np.maximum(x, 0.0), what="the output of ReLU", inputs={"x": x})
    wrong = {"the gradient at 0 taken as 1": np.where(x >= 0, dout, 0.0)}
    wrong["the gate taken on dout instead of the input"] = np.where(dout > 0, dout, 0.0)
    hint = "dout passes where the input of forward was above 0."
    expected = np.where(x > 0, dout, 0.0)
    assert_close(found["dx"], expected, what="dx of ReLU", hint=hint, wrong=wrong, inputs={"dout": dout})
    assert_close(found["returned"], expected, what="what backward of ReLU returns", hint=hint, wrong=wrong)


def criterion(student, scores, labels):
    """Probabilities, loss and gradient of the student's criterion."""
    layer = student.layers.SoftmaxCrossEntropy()
    found = given(student, "numpy_layers.py").criterion(layer, scores, labels)
    assert_keys(found, ["answer", "first", "returned", "dx"], what="the criterion's answers")
    assert_length(
        found["answer"], 2, what="what forward returns", hint="Return the pair (probabilities, loss)."
    )
    return found


LABELS = np.array([2, 0])


@pytest.fixture
def powers(rng):
    """The powers of the scores, (2, 3), close to small whole numbers."""
    return vary(rng, np.array([[1.0, 2.0, 5.0], [4.0, 4.0, 2.0]]))


@number("2.1")
@weight(1)
def test_softmax_cross_entropy_by_hand(student, powers):
    """Scores log 1, log 2, log 5 would give 1/8, 2/8, 5/8; the loss is the mean -log of the labels' ones."""
    scores = np.log(powers)
    expected = powers / powers.sum(axis=1, keepdims=True)
    losses = -np.log(expected[[0, 1], LABELS])
    probabilities, loss = criterion(student, scores, LABELS)["answer"]
    assert_close(probabilities, expected, what="the probabilities", wrong={"the scores": scores})
    assert_close(
        loss,
        losses.mean(),
        what="the loss",
        hint="The mean over the examples of -log(probability of the label), in nats.",
        sizes={"N": 2},
        wrong={"in bits": losses.mean() / np.log(2), "the mean over all entries": losses.sum() / 6},
    )


@number("2.1")
@weight(0.5)
def test_softmax_cross_entropy_survives_large_scores(student, rng):
    """Scores of about 10000 and -10000 give probabilities of 1 and 0, and a loss of about 20000, not inf."""
    size = rng.uniform(9e3, 11e3)
    scores = np.array([[size, -size], [size, -size]])
    found = criterion(student, scores, np.array([0, 1]))
    probabilities, loss = found["answer"]
    assert_close(probabilities, [[1.0, 0.0], [1.0, 0.0]], what="the probabilities")
    assert_close(
        loss,
        size,
        what=f"the mean loss of a hit and a miss by {2 * size:.0f}",
        hint="log p = z - max - log(sum(exp(z - max))): take the logarithm before the quotient rounds to 0.",
    )
    assert_close(found["dx"], [[0.0, 0.0], [0.5, -0.5]], what="the gradient")


@number("2.1")
@weight(1)
def test_softmax_cross_entropy_gradient(student, powers):
    """The gradient by the scores is (probabilities - one at the label) / N, the same at each call."""
    found = criterion(student, np.log(powers), LABELS)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    for name, what in (("first", "what backward returns"), ("dx", "dx"), ("returned", "a second backward")):
        assert_close(
            found[name],
            (probabilities - np.eye(3)[LABELS]) / 2,
            what=what,
            hint="The loss is a mean, so its gradient has 1/N. backward takes no argument.",
            sizes={"N": 2},
            wrong={
                "the probabilities alone": probabilities,
                "the label's 1 not taken off": probabilities / 2,
            },
        )


@number("2.1")
@weight(0.5)
def test_dense_layers_leave_their_arguments_alone(student, images, matrix, dout, powers):
    """x, dout, scores and labels are the same after a call that gives the right gradient."""
    tools, bias = given(student, "numpy_layers.py"), np.ones(M)
    after = tools.arguments_after(student.layers.Linear(D, M), images, dout, weight=matrix, bias=bias)
    assert_keys(after, ["x", "dout", "returned"], what="the arguments and dx")
    assert_close(after["returned"], (dout @ matrix.T).reshape(images.shape), what="dx of Linear")
    assert_close(after["x"], images, what="x after Linear")
    assert_close(after["dout"], dout, what="dout after Linear")
    flat = images.reshape(N, D)
    after = tools.arguments_after(student.layers.ReLU(), flat, -flat)
    assert_keys(after, ["x", "dout", "returned"], what="the arguments and dx")
    assert_close(after["returned"], np.where(flat > 0, -flat, 0.0), what="dx of ReLU")
    assert_close(after["x"], flat, what="x after ReLU", hint="x *= x > 0 would change the caller's array.")
    assert_close(after["dout"], -flat, what="dout after ReLU")
    scores, probabilities = np.log(powers), powers / powers.sum(axis=1, keepdims=True)
    after = tools.criterion_arguments_after(student.layers.SoftmaxCrossEntropy(), scores, LABELS)
    assert_keys(after, ["scores", "labels", "returned"], what="the arguments and dx")
    expected = (probabilities - np.eye(3)[LABELS]) / 2
    assert_close(after["returned"], expected, what="dx of SoftmaxCrossEntropy")
    assert_close(after["scores"], scores, what="the scores after SoftmaxCrossEntropy")
    assert_close(after["labels"], LABELS, what="the labels after SoftmaxCrossEntropy")
