import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from autograder.grading import assert_close, assert_length, assert_shape, assert_that, assert_type, given


def parameters(shape, F, K):
    """Of given/feature_networks.py's classifier with F kernels of 3x3 and K classes, in float32."""
    C, H, W = shape
    rng = np.random.default_rng(H)
    shapes = {"kernels": (F, C, 3, 3), "shifts": (F,), "weight": (K, F * (H - 2) * (W - 2)), "bias": (K,)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def logits(x, net):
    """The grader's own copy of the classifier, in float64: x (1, C, H, W) to (K,)."""
    p = {name: torch.from_numpy(array).double() for name, array in net.items()}
    features = torch.relu(torch.nn.functional.conv2d(x, p["kernels"], p["shifts"]))
    return p["weight"] @ features.flatten() + p["bias"]


def start(seed, shape):
    """The noise that the docstring promises, in float64."""
    return torch.randn((1, *shape), generator=torch.Generator().manual_seed(seed)).double()


def ascend(image, objective, steps, step_size):
    """The image after some updates without jitter and blur."""
    for _ in range(steps):
        image = image.detach().requires_grad_()
        (g,) = torch.autograd.grad(objective(image), image)
        image = image.detach() + step_size * g / g.norm().clamp(min=1e-300)
    return image.detach()


def visualise(student, network, seed, shape, **options):
    """The student's image and trace, once they are known to be a tensor and a list of numbers."""
    function = student.class_visualization.visualize_class
    answer = given(student, "visualisation_runs.py").run(function, network, seed, shape=shape, **options)
    assert_length(answer, 2, what="what visualize_class returns")
    assert_shape(answer[0], (1, *shape), what="the image")
    assert_type(answer[0], torch.Tensor, what="the image")
    assert_length(answer[1], options["steps"], what="the scores")
    for score in answer[1]:
        assert_type(score, float, what="a score of the trace")
    return answer[0], np.array([float(score) for score in answer[1]])


@number("3.5")
@weight(1)
def test_visualisation_of_other_sizes(student):
    """Other numbers of channels and classes, tall and wide images, and no update: the promised image."""
    cases = [((1, 6, 4), 4, 3, 5), ((3, 4, 7), 2, 0, 1), ((2, 4, 6), 3, 0, 0)]
    for (C, H, W), K, target, steps in cases:
        net = parameters((C, H, W), 2, K)
        network = given(student, "feature_networks.py").classifier(net)
        options = {"step_size": 0.3, "l2": 0.05, "jitter": 0, "blur_every": 0}

        image, scores = visualise(student, network, C, (C, H, W), target=target, steps=steps, **options)

        def objective(x, net=net, target=target):
            return logits(x, net)[target] - 0.05 * (x**2).sum()

        x = start(C, (C, H, W))
        what = f"the image of shape (1, {C}, {H}, {W}) after {steps} updates"
        assert_close(image, ascend(x, objective, steps, 0.3), what=what, rtol=1e-4, atol=1e-5)
        trace = [float(logits(ascend(x, objective, t, 0.3), net)[target]) for t in range(steps)]
        assert_close(scores, np.array(trace), what="the scores", rtol=1e-4, atol=1e-5)


@number("3.5")
@weight(1)
def test_visualisation_takes_and_applies_the_gradient_under_the_same_shift(student):
    """After one update of a linear model, score and image tell the same shift; every shift occurs."""
    shape, jitter, runs = (1, 4, 5), 1, 80
    w = np.random.default_rng(8).normal(size=(2, 20)).astype(np.float32)
    row = torch.from_numpy(w[1]).double().reshape(1, *shape)
    network = given(student, "feature_networks.py").linear(w)
    options = {"target": 1, "step_size": 3.0, "l2": 0.0, "jitter": jitter, "blur_every": 0}
    seen = set()
    for seed in range(runs):
        image, scores = visualise(student, network, seed, shape, steps=1, **options)
        x = start(seed, shape)
        shifts = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
        gaps = [abs(float((row * torch.roll(x, s, dims=(2, 3))).sum()) - scores[0]) for s in shifts]
        best = int(np.argmin(gaps))
        assert_that(gaps[best] < 1e-4, "The score is that of no shift of the start by -1, 0 or 1.")
        dy, dx = shifts[best]
        expected = x + 3.0 * torch.roll(row, (-dy, -dx), dims=(2, 3)) / row.norm()
        assert_close(image, expected, what="the image after one update with jitter 1", rtol=1e-4, atol=1e-5)
        seen.add((dy, dx))
    # A shift has the probability 1/9, and stays away in all 80 runs with (8/9) ** 80 = 8e-5.
    assert_that(len(seen) == 9, f"Only {len(seen)} of the 9 possible shifts occur in {runs} runs.")


@number("3.5")
@weight(1)
def test_visualisation_raises_the_score_with_everything_on(student):
    """With penalty, jitter and blur, 40 updates give an image that the network takes for the class."""
    shape = (3, 8, 9)
    net = parameters(shape, 4, 5)
    network = given(student, "feature_networks.py").classifier(net)
    options = {"steps": 40, "step_size": 1.0, "l2": 0.001, "jitter": 1, "blur_every": 20}
    for target in (1, 4):
        image, scores = visualise(student, network, 14, shape, target=target, **options)

        found = logits(image.double(), net)
        before = logits(start(14, shape), net)[target]
        assert_that(int(found.argmax()) == target, f"The image of class {target} is taken for another class.")
        assert_that(
            bool(found[target] > before + 1.0) and scores[-1] > scores[0],
            f"The score of class {target} has not risen.",
        )


@number("3.5")
@weight(0.5)
def test_visualisation_computes_in_evaluation_mode(student):
    """A model that arrives in training mode, with dropout, is asked in evaluation mode."""
    shape = (2, 5, 6)
    net = parameters(shape, 3, 3)
    network = given(student, "feature_networks.py").classifier(net, training=True, dropout=0.5)
    options = {"target": 2, "steps": 3, "step_size": 0.5, "l2": 0.0, "jitter": 0, "blur_every": 0}

    image, _ = visualise(student, network, 15, shape, **options)

    expected = ascend(start(15, shape), lambda x: logits(x, net)[2], 3, 0.5)
    assert_close(image, expected, what="the image of a model in training mode", rtol=1e-4, atol=1e-5)


@number("3.5")
@weight(1)
def test_visualisation_blurs_again_and_again(student):
    """Of 5 updates with a blur every 2, two end in a blur; with blur_every 0 none does."""
    shape = (2, 33, 26)
    w = np.random.default_rng(9).normal(size=(2, 2 * 33 * 26)).astype(np.float32)
    network = given(student, "feature_networks.py").linear(w)
    options = {"target": 0, "step_size": 0.0, "l2": 0.0, "jitter": 0}
    x = start(16, shape)
    score = float(torch.from_numpy(w[0]).double() @ x.flatten())

    def left(steps, every):
        image, scores = visualise(student, network, 16, shape, steps=steps, blur_every=every, **options)
        sharp = scores[: every or steps]
        assert_close(sharp, np.full(len(sharp), score), what="the scores before a blur", rtol=1e-4, atol=1e-3)
        return float((image.double() ** 2).mean() / (x**2).mean())

    assert_close(left(5, 0), 1.0, what="the mean square without a blur")
    assert_that(
        0.33 < left(3, 2) < 0.5, "One blur with sigma 0.5 leaves about 0.43 of the mean square of noise."
    )
    assert_that(0.18 < left(4, 2) < 0.31, "Two blurs with sigma 0.5 leave about 0.24 of it.")
    assert_that(0.18 < left(5, 2) < 0.31, "Two blurs with sigma 0.5 leave about 0.24 of it.")


@number("3.5")
@weight(0.5)
def test_visualisation_stays_where_the_gradient_vanishes(student):
    """Where the gradient is 0, the image stays as it is, without nan; elsewhere it moves."""
    shape = (1, 3, 5)
    w = np.random.default_rng(10).normal(size=(2, 15)).astype(np.float32)
    w[1] = 0
    network = given(student, "feature_networks.py").linear(w)
    options = {"steps": 2, "step_size": 0.5, "l2": 0.0, "jitter": 0, "blur_every": 0}

    image, _ = visualise(student, network, 17, shape, target=0, **options)
    row = torch.from_numpy(w[0]).double().reshape(1, *shape)
    moved = start(17, shape) + 2 * 0.5 * row / row.norm()
    assert_close(image, moved, what="the image of a class whose gradient is constant", rtol=1e-4, atol=1e-5)

    image, scores = visualise(student, network, 17, shape, target=1, **options)

    assert_close(image, start(17, shape), what="the image of a class whose score is always 0")
    assert_close(scores, np.zeros(2), what="the scores")
