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


def parameters(rng):
    """Of given/feature_networks.py's classifier: 4 kernels of 2x2, 3 classes, in float32."""
    shapes = {"kernels": (4, 2, 2, 2), "shifts": (4,), "weight": (3, 4 * 4 * 3), "bias": (3,)}
    return {name: (rng.normal(size=shape) / 2).astype(np.float32) for name, shape in shapes.items()}


def before_relu(x, net):
    """The grader's own copy of the classifier's convolution, in float64: x (1, C, H, W) to (1, F, h, w)."""
    kernels, shifts = (torch.from_numpy(net[name]).double() for name in ("kernels", "shifts"))
    return torch.nn.functional.conv2d(x, kernels, shifts)


def logits(x, net):
    """The grader's own copy of the classifier, in float64: x (1, C, H, W) to (K,)."""
    weight, bias = (torch.from_numpy(net[name]).double() for name in ("weight", "bias"))
    return weight @ torch.relu(before_relu(x, net)).flatten() + bias


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


def drawn_seed(rng):
    """Of the generator that the student's function gets."""
    return int(rng.integers(2**31))


def draw(rng, steps, step_size, l2=0.0):
    """A classifier, a seed for the start, and the class that it takes the start for least.

    On the way of so many updates no feature comes near the kink of its ReLU, where the rounding of
    float32 would decide.
    """
    while True:
        net, seed = parameters(rng), drawn_seed(rng)
        target = int(logits(start(seed), net).argmin())
        images = way(net, seed, target, steps, step_size, l2=l2)
        if all(before_relu(image, net).abs().min() > 1e-4 for image in images):
            return net, seed, target


def way(net, seed, target, steps, step_size, *, l2=0.0):
    """The images before each update and after the last, without jitter and blur."""

    def objective(x):
        return logits(x, net)[target] - l2 * (x**2).sum()

    return [ascend(start(seed), objective, t, step_size) for t in range(steps + 1)]


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
def test_visualisation_climbs_towards_the_class(student, rng):
    """Three updates of length 0.7 along the gradient of the class score, without penalty, jitter or blur."""
    net, seed, target = draw(rng, 3, 0.7)
    network = given(student, "feature_networks.py").classifier(net)

    image, _ = visualise(student, network, seed, target=target, steps=3, step_size=0.7, **CALM)

    x, other = start(seed), (target + 1) % 3
    images = way(net, seed, target, 4, 0.7)
    assert_close(
        image,
        images[3],
        what=f"the image of class {target} after 3 updates",
        rtol=1e-4,
        atol=1e-5,
        wrong={
            "the start, without an update": x,
            "down the gradient instead of up": ascend(x, lambda x: -logits(x, net)[target], 3, 0.7),
            "the gradient itself, not divided by its norm": ascend(
                x, lambda x: logits(x, net)[target], 3, 0.7, normalised=False
            ),
            "the gradient of the probability instead of the score": ascend(
                x, lambda x: torch.softmax(logits(x, net), 0)[target], 3, 0.7
            ),
            "the gradient of log probability instead of the score": ascend(
                x, lambda x: torch.log_softmax(logits(x, net), 0)[target], 3, 0.7
            ),
            f"class {other} instead of class {target}": ascend(x, lambda x: logits(x, net)[other], 3, 0.7),
            "the sum of all scores": ascend(x, lambda x: logits(x, net).sum(), 3, 0.7),
            "one update too few": images[2],
            "one update too many": images[4],
        },
        hint="Take autograd's gradient anew for each update, and divide it by its Euclidean norm.",
    )


@number("3.5")
@weight(1)
def test_visualisation_reports_the_score_before_each_update(student, rng):
    """The trace holds the logit of the class before each update, without the penalty."""
    l2 = 0.3
    net, seed, target = draw(rng, 4, 0.5, l2)
    network = given(student, "feature_networks.py").classifier(net)

    _, scores = visualise(
        student, network, seed, target=target, steps=4, step_size=0.5, l2=l2, jitter=0, blur_every=0
    )

    images = way(net, seed, target, 4, 0.5, l2=l2)
    trace = torch.stack([logits(image, net) for image in images])  # (5, K)
    penalties = l2 * torch.stack([(image**2).sum() for image in images])  # (5,)
    assert_close(
        scores,
        trace[:4, target],
        what=f"the scores of class {target} before 4 updates",
        rtol=1e-4,
        atol=1e-5,
        wrong={
            "the scores after each update": trace[1:, target],
            "the objective, with the penalty": (trace[:, target] - penalties)[:4],
            "probabilities instead of scores": torch.softmax(trace[:4], 1)[:, target],
            "the largest score of all classes": trace[:4].max(1).values,
        },
    )


@number("3.5")
@weight(1)
def test_visualisation_penalises_large_pixels(student, rng):
    """For a linear model with weights w the gradient is w - 2 * l2 * x: the penalty pulls towards 0."""
    w, seed = rng.normal(size=(3, 40)).astype(np.float32), drawn_seed(rng)
    network = given(student, "feature_networks.py").linear(w)

    image, _ = visualise(
        student, network, seed, target=1, steps=1, step_size=2.0, l2=0.4, jitter=0, blur_every=0
    )

    x = start(seed)
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
def test_visualisation_undoes_its_jitter(student, rng):
    """With updates of length 0 only the jitter moves the image: shifted scores, and back at the start."""
    w, seed = rng.normal(size=(2, 40)).astype(np.float32), drawn_seed(rng)
    network = given(student, "feature_networks.py").linear(w)

    image, scores = visualise(
        student, network, seed, target=0, steps=9, step_size=0.0, l2=0.0, jitter=2, blur_every=0
    )

    check_shifts(scores, start(seed), w[0], 2)
    assert_close(
        image,
        start(seed),
        what="the image after 9 updates of length 0 with jitter 2",
        rtol=1e-6,
        hint="Roll back by minus the two numbers of this update, once for each time it was rolled.",
    )


@number("3.5")
@weight(1)
def test_visualisation_shows_the_model_a_shifted_image(student, rng):
    """Each update looks at the image rolled by up to `jitter` rows and columns: scores of shifted images."""
    w, seed = rng.normal(size=(2, 40)).astype(np.float32), drawn_seed(rng)
    network = given(student, "feature_networks.py").linear(w)

    _, scores = visualise(
        student, network, seed, target=1, steps=30, step_size=0.0, l2=0.0, jitter=1, blur_every=0
    )

    check_shifts(scores, start(seed), w[1], 1)


def check_shifts(scores, x, row, jitter):
    """Fail unless these are scores of a linear model for shifts of the image, and not all of one shift."""
    row = torch.from_numpy(row).double().reshape(x.shape)
    numbers = range(-jitter, jitter + 1)
    allowed = [(row * torch.roll(x, (dy, dx), dims=(2, 3))).sum() for dy in numbers for dx in numbers]
    nearest = np.abs(scores[:, None] - np.array(allowed)).min(axis=1)
    first = int(nearest.argmax())
    assert_that(
        nearest[first] < 1e-4,
        f"The score before update {first} of {len(scores)} is {scores[first]:.4f}, which is not the score of "
        f"the image rolled by at most {jitter} rows and at most {jitter} columns.",
        "torch.roll(image, (dy, dx), dims=(2, 3)), each number in [-jitter, jitter].",
    )
    assert_that(
        len(set(np.round(scores, 4))) > 1,
        f"All {len(scores)} scores are equal, although the image is shifted at random before each.",
        "Draw two new numbers for each update, and compute the score of the rolled image.",
    )


def roughness(image):
    """Mean square of an image, which a blur lowers: 1 for noise of standard deviation 1."""
    return float((image.double() ** 2).mean())


@number("3.5")
@weight(0.5)
def test_visualisation_blurs_when_it_is_due(student, rng):
    """With blur_every = 3 and updates of length 0, two updates leave the noise as it is, three blur it."""
    shape = (3, 24, 31)
    w, seed = rng.normal(size=(2, 3 * 24 * 31)).astype(np.float32), drawn_seed(rng)
    network = given(student, "feature_networks.py").linear(w)
    options = {"target": 0, "step_size": 0.0, "l2": 0.0, "jitter": 0, "blur_every": 3}

    two, _ = visualise(student, network, seed, shape, steps=2, **options)
    three, scores = visualise(student, network, seed, shape, steps=3, **options)

    x = start(seed, shape)
    score = float(torch.from_numpy(w[0]).double() @ x.flatten())
    hint = "The blur comes after updates number blur_every, 2 * blur_every, ...; updates count from 1."
    assert_close(scores, np.full(3, score), what="the scores before 3 updates", rtol=1e-4, atol=1e-3)
    assert_close(two, x, what="the image after 2 updates, before the first blur", hint=hint)
    share = roughness(three) / roughness(x)
    assert_that(
        0.33 < share < 0.5,
        f"After 3 updates of length 0, the noise has {share:.2f} of its mean square; one blur with sigma 0.5 "
        "leaves about 0.43.",
        hint,
    )


def check_climb(student, network, net, seed, target):
    """Fail unless two updates without jitter and blur are right: what does nothing disturbs nothing."""
    image, _ = visualise(student, network, seed, target=target, steps=2, step_size=0.5, **CALM)
    expected = way(net, seed, target, 2, 0.5)[-1]
    assert_close(image, expected, what="the image after 2 updates", rtol=1e-4, atol=1e-5)


@number("3.5")
@weight(0.5)
def test_visualisation_depends_on_its_generator_alone(student, rng):
    """Its generator, not torch's global one, decides on start and jitter: equal ones give equal images."""
    net, seed, target = draw(rng, 2, 0.5)
    network = given(student, "feature_networks.py").classifier(net)
    options = {"target": target, "steps": 4, "step_size": 0.5, "l2": 0.01, "jitter": 1, "blur_every": 3}

    check_climb(student, network, net, seed, target)
    first, _ = visualise(student, network, seed, global_seed=1, **options)
    again, _ = visualise(student, network, seed, global_seed=2, **options)
    other, _ = visualise(student, network, seed + 1, global_seed=1, **options)

    assert_close(
        again,
        first,
        what="the image of a second call with an equal generator",
        hint="Pass generator= to every function that draws: the start and the jitter.",
    )
    assert_that(not torch.allclose(other, first), "Two different generators give the same image.")


@number("3.5")
@weight(0.5)
def test_visualisation_leaves_everything_as_found(student, rng):
    """The image is right; the model's modes, parameters, gradients and torch's generator are as before."""
    net, seed, target = draw(rng, 2, 0.5)
    networks = given(student, "feature_networks.py")
    network = networks.classifier(net, training=True, dropout=0.5)
    before = networks.state(network)
    options = {"target": target, "steps": 3, "step_size": 0.5, "l2": 0.01, "jitter": 1, "blur_every": 2}

    check_climb(student, network, net, seed, target)
    image, _ = visualise(student, network, seed, **options)

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
        student.class_visualization.visualize_class, network, seed, shape=SHAPE, **options
    )
    assert_that(moved is False, "Torch's global generator has been used or seeded.", "Use `generator`.")
