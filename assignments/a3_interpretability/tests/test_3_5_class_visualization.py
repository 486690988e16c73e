import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import (
    assert_close,
    assert_keys,
    assert_length,
    assert_shape,
    assert_that,
    assert_type,
    given,
)

SHAPE = (2, 5, 4)  # C, H, W
CALM = {"l2": 0.0, "jitter": 0, "blur_every": 0}


def parameters(seed):
    """Of given/feature_networks.py's classifier: 4 kernels of 2x2, 3 classes, in float32."""
    rng = np.random.default_rng(seed)
    shapes = {"kernels": (4, 2, 2, 2), "shifts": (4,), "weight": (3, 4 * 4 * 3), "bias": (3,)}
    return {name: (rng.normal(size=shape) / 2).astype(np.float32) for name, shape in shapes.items()}


def logits(x, net):
    """The grader's own copy of the classifier, in float64: x (1, C, H, W) to (K,)."""
    p = {name: torch.from_numpy(array).double() for name, array in net.items()}
    features = torch.relu(torch.nn.functional.conv2d(x, p["kernels"], p["shifts"]))
    return p["weight"] @ features.flatten() + p["bias"]


def start(seed, shape=SHAPE):
    """The noise that the docstring promises, in float64."""
    noise = torch.randn((1, *shape), generator=torch.Generator().manual_seed(seed))
    return noise.double()


def ascend(image, objective, steps, step_size, normalised=True):
    """The image after some updates without jitter and blur."""
    for _ in range(steps):
        image = image.detach().requires_grad_()
        (g,) = torch.autograd.grad(objective(image), image)
        image = image.detach() + step_size * (g / g.norm().clamp(min=1e-300) if normalised else g)
    return image.detach()


def visualise(student, network, seed, shape=SHAPE, **options):
    """The student's image and trace, once they are known to be a tensor and a list of numbers."""
    function = student.class_visualization.visualize_class
    answer = given(student, "visualisation_runs.py").run(function, network, seed, shape=shape, **options)
    assert_length(answer, 2, what="what visualize_class returns", hint="Return the pair (image, scores).")
    assert_shape(
        answer[0], (1, *shape), what="the image", hint="The image keeps its batch axis: (1, C, H, W)."
    )
    assert_type(answer[0], torch.Tensor, what="the image")
    assert_length(
        answer[1],
        options["steps"],
        what=f"the scores of {options['steps']} updates",
        hint="One score for each update.",
    )
    for i, score in enumerate(answer[1]):
        assert_type(score, float, what=f"score {i} of the trace")
    return answer[0], np.array([float(score) for score in answer[1]])


@number("3.5")
@weight(1.5)
def test_visualisation_climbs_towards_the_class(student):
    """Three updates of length 0.7 along the gradient of the class score, without penalty, jitter or blur."""
    net = parameters(4)
    network = given(student, "feature_networks.py").classifier(net)

    image, _ = visualise(student, network, 5, target=2, steps=3, step_size=0.7, **CALM)

    x = start(5)
    assert_close(
        image,
        ascend(x, lambda x: logits(x, net)[2], 3, 0.7),
        what="the image of class 2 after 3 updates",
        rtol=1e-4,
        atol=1e-5,
        wrong={
            "the start, without an update": x,
            "down the gradient instead of up": ascend(x, lambda x: -logits(x, net)[2], 3, 0.7),
            "the gradient itself, not divided by its norm": ascend(
                x, lambda x: logits(x, net)[2], 3, 0.7, normalised=False
            ),
            "the gradient of the probability instead of the score": ascend(
                x, lambda x: torch.softmax(logits(x, net), 0)[2], 3, 0.7
            ),
            "the gradient of log probability instead of the score": ascend(
                x, lambda x: torch.log_softmax(logits(x, net), 0)[2], 3, 0.7
            ),
            "class 0 instead of class 2": ascend(x, lambda x: logits(x, net)[0], 3, 0.7),
            "the sum of all scores": ascend(x, lambda x: logits(x, net).sum(), 3, 0.7),
            "one update too few": ascend(x, lambda x: logits(x, net)[2], 2, 0.7),
            "one update too many": ascend(x, lambda x: logits(x, net)[2], 4, 0.7),
        },
        hint="Take autograd's gradient anew for each update, and divide it by its Euclidean norm.",
    )


@number("3.5")
@weight(1)
def test_visualisation_reports_the_score_before_each_update(student):
    """The trace holds the logit of the class before each update, without the penalty."""
    net, l2 = parameters(34), 0.3
    network = given(student, "feature_networks.py").classifier(net)

    _, scores = visualise(
        student, network, 6, target=1, steps=4, step_size=0.5, l2=l2, jitter=0, blur_every=0
    )

    x = start(6)
    images = [ascend(x, lambda x: logits(x, net)[1] - l2 * (x**2).sum(), t, 0.5) for t in range(5)]
    trace = torch.stack([logits(image, net) for image in images])  # (5, K)
    penalties = l2 * torch.stack([(image**2).sum() for image in images])  # (5,)
    assert_close(
        scores,
        trace[:4, 1],
        what="the scores of class 1 before 4 updates",
        rtol=1e-4,
        atol=1e-5,
        wrong={
            "the scores after each update": trace[1:, 1],
            "the objective, with the penalty": (trace[:, 1] - penalties)[:4],
            "probabilities instead of scores": torch.softmax(trace[:4], 1)[:, 1],
            "the largest score of all classes": trace[:4].max(1).values,
        },
    )


@number("3.5")
@weight(1)
def test_visualisation_penalises_large_pixels(student):
    """For a linear model with weights w the gradient is w - 2 * l2 * x: the penalty pulls towards 0."""
    w = np.random.default_rng(3).normal(size=(3, 40)).astype(np.float32)
    network = given(student, "feature_networks.py").linear(w)

    image, _ = visualise(
        student, network, 7, target=1, steps=1, step_size=2.0, l2=0.4, jitter=0, blur_every=0
    )

    x = start(7)
    row = torch.from_numpy(w[1]).double().reshape(x.shape)

    def step(g):
        return x + 2.0 * g / g.norm()

    assert_close(
        image,
        step(row - 2 * 0.4 * x),
        what="the image after 1 update with l2 = 0.4",
        rtol=1e-4,
        atol=1e-5,
        wrong={
            "the penalty with the opposite sign: score + l2 * sum(x ** 2)": step(row + 2 * 0.4 * x),
            "no penalty": step(row),
            "the penalty l2 / 2 * sum(x ** 2), whose gradient lacks the factor 2": step(row - 0.4 * x),
            "the mean of the squares instead of their sum": step(row - 2 * 0.4 * x / x.numel()),
            "the norm itself instead of its square": step(row - 0.4 * x / x.norm()),
            "only the score's gradient divided by its norm": x + 2.0 * (row / row.norm() - 0.8 * x),
        },
    )


@number("3.5")
@weight(1)
def test_visualisation_undoes_its_jitter(student):
    """With updates of length 0 only the jitter moves the image, and it is undone: back at the start."""
    w = np.random.default_rng(4).normal(size=(2, 40)).astype(np.float32)
    network = given(student, "feature_networks.py").linear(w)

    image, _ = visualise(
        student, network, 8, target=0, steps=9, step_size=0.0, l2=0.0, jitter=2, blur_every=0
    )

    assert_close(
        image,
        start(8),
        what="the image after 9 updates of length 0 with jitter 2",
        rtol=1e-6,
        hint="Roll back by minus the two numbers of this update, once for each time it was rolled.",
    )


@number("3.5")
@weight(1)
def test_visualisation_shows_the_model_a_shifted_image(student):
    """Each update looks at the image rolled by up to `jitter` rows and columns: scores of shifted images."""
    w = np.random.default_rng(5).normal(size=(2, 40)).astype(np.float32)
    network = given(student, "feature_networks.py").linear(w)

    _, scores = visualise(
        student, network, 9, target=1, steps=30, step_size=0.0, l2=0.0, jitter=1, blur_every=0
    )

    allowed = [float(value) for value in shifted_scores(start(9), w[1], 1).values()]
    nearest = np.abs(scores[:, None] - np.array(allowed)).min(axis=1)
    first = int(nearest.argmax())
    assert_that(
        nearest[first] < 1e-4,
        f"The score before update {first} of 30 is {scores[first]:.4f}, which is not the score of the "
        "image rolled by -1, 0 or 1 rows and -1, 0 or 1 columns.",
        "torch.roll(image, (dy, dx), dims=(2, 3)), each number in [-jitter, jitter].",
    )
    assert_that(
        len(set(np.round(scores, 4))) > 1,
        "All 30 scores are equal, although the image is shifted at random before each.",
        "Draw two new numbers for each update, and compute the score of the rolled image.",
    )


def shifted_scores(x, row, jitter):
    """The score of a linear model for each shift of the image: {(dy, dx): score}."""
    row = torch.from_numpy(row).double().reshape(x.shape)
    numbers = range(-jitter, jitter + 1)
    return {(dy, dx): (row * torch.roll(x, (dy, dx), dims=(2, 3))).sum() for dy in numbers for dx in numbers}


def roughness(image):
    """Mean square of an image, which a blur lowers: 1 for noise of standard deviation 1."""
    return float((image.double() ** 2).mean())


@number("3.5")
@weight(0.5)
def test_visualisation_blurs_when_it_is_due(student):
    """With blur_every = 3 and updates of length 0, two updates leave the noise as it is, three blur it."""
    shape = (3, 24, 31)
    w = np.ones((2, 3 * 24 * 31), dtype=np.float32)
    network = given(student, "feature_networks.py").linear(w)
    options = {"target": 0, "step_size": 0.0, "l2": 0.0, "jitter": 0, "blur_every": 3}

    two, _ = visualise(student, network, 10, shape, steps=2, **options)
    three, _ = visualise(student, network, 10, shape, steps=3, **options)

    x = start(10, shape)
    hint = "The blur comes after updates number blur_every, 2 * blur_every, ...; updates count from 1."
    assert_close(two, x, what="the image after 2 updates, before the first blur", hint=hint)
    share = roughness(three) / roughness(x)
    assert_that(
        0.33 < share < 0.5,
        f"After 3 updates of length 0, the noise has {share:.2f} of its mean square; one blur with sigma 0.5 "
        "leaves about 0.43.",
        hint,
    )


@number("3.5")
@weight(0.5)
def test_visualisation_depends_on_its_generator_alone(student):
    """Equal generators give equal images, whatever torch's global generator; different ones give others."""
    net = parameters(6)
    network = given(student, "feature_networks.py").classifier(net)
    options = {"target": 0, "steps": 4, "step_size": 0.5, "l2": 0.01, "jitter": 1, "blur_every": 3}

    first, _ = visualise(student, network, 11, global_seed=1, **options)
    again, _ = visualise(student, network, 11, global_seed=2, **options)
    other, _ = visualise(student, network, 12, global_seed=1, **options)

    assert_close(
        again,
        first,
        what="the image of a second call with an equal generator",
        hint="Pass generator= to every function that draws: the start and the jitter.",
    )
    assert_that(not torch.allclose(other, first), "Two different generators give the same image.")


@number("3.5")
@weight(0.5)
def test_visualisation_leaves_everything_as_found(student):
    """The model's modes, parameters and gradients, and torch's global generator, are as before the call."""
    networks = given(student, "feature_networks.py")
    network = networks.classifier(parameters(7), training=True, dropout=0.5)
    before = networks.state(network)
    options = {"target": 1, "steps": 3, "step_size": 0.5, "l2": 0.01, "jitter": 1, "blur_every": 2}

    image, _ = visualise(student, network, 13, **options)

    after = networks.state(network)
    assert_keys(after, list(before), what="the model's state after the call")
    assert_that(bool(torch.isfinite(image).all()), "The image holds nan or infinite numbers.")
    for name, value in before.items():
        assert_that(
            after[name] == value,
            f"The model's {name} have changed.",
            "Restore the modes; torch.autograd.grad(objective, image) leaves no gradient in the model.",
        )
    moved = given(student, "visualisation_runs.py").moves_the_global_generator(
        student.class_visualization.visualize_class, network, 13, shape=SHAPE, **options
    )
    assert_that(moved is False, "Torch's global generator has been used or seeded.", "Use `generator`.")
