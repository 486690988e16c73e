"""The leaderboard: MyModel on images drawn from the secret seed.

The images go into the sandbox, classes come back, and the labels never leave this process.
The accuracy is rounded down to steps of 0.005 before anything is made of it: what students
see of it, points included, tells them little about single images.
"""

import numpy as np
from gradescope_utils.autograder_utils.decorators import number, partial_credit

from autograder.grading import (
    assert_dtype,
    assert_keys,
    assert_shape,
    assert_that,
    assert_type,
    bonus,
    given,
    limits,
    seconds,
)
from datasets.shapes import generate

COUNT, BATCH = 1000, 100
STEPS = 200  # of the accuracy, from 0 to 1
POINTS, BONUS = 6, 5


def measured(student, rules, seed):
    """Accuracy, numbers in the weights file, and seconds that the predictions took."""
    helpers = given(student, "my_weights.py")
    found = helpers.look(rules["max_parameters"])  # before any submitted code has run
    assert_keys(found, ["problem", "numbers"], what="the look at my_model.safetensors")
    assert_type(found["problem"], str, what="the look at my_model.safetensors")
    assert_that(found["problem"] == "", found["problem"])
    assert_type(found["numbers"], int, what="the look at my_model.safetensors")
    model = student.torch_models.MyModel(10)
    misfit = helpers.load(model)
    assert_type(misfit, str, what="the loading of my_model.safetensors")
    assert_that(misfit == "", misfit)
    images, labels = generate(COUNT, seed)

    predicted, took = seconds(lambda: helpers.predict(model, images, BATCH))

    assert_shape(predicted, (COUNT,), what="the predicted classes")
    assert_dtype(predicted, "int", what="the predicted classes")
    assert_that(took <= rules["seconds"], f"{COUNT} images took {took:.0f} s.", "A smaller model is faster.")
    hits = int((np.asarray(predicted) == labels).sum())
    return hits * STEPS // COUNT / STEPS, found["numbers"], took


@number("2.5")
@partial_credit(POINTS)
@limits(seconds=90)
def test_my_model_accuracy_on_hidden_images(student, settings, secret_seed, set_column, set_score):
    """MyModel classifies 1,000 images that nobody has seen; each of three accuracies earns a third."""
    rules = settings["my_model"]

    accuracy, numbers, took = measured(student, rules, secret_seed)

    set_column("accuracy", accuracy)
    set_column("parameters", numbers)
    set_column("seconds", round(took, 1))
    reached = sum(accuracy >= step for step in rules["steps"])
    set_score(POINTS * reached / len(rules["steps"]))


@number("2.5")
@bonus(BONUS)
@limits(seconds=90)
def test_my_model_bonus(student, settings, secret_seed, set_score):
    """A bonus for a high accuracy on the hidden images; the leaderboard shows the accuracy."""
    rules = settings["my_model"]

    accuracy, _, _ = measured(student, rules, secret_seed)

    share = (accuracy - rules["bonus_from"]) / (rules["bonus_to"] - rules["bonus_from"])
    set_score(BONUS * min(max(share, 0.0), 1.0))
