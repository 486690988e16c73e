"""What submitted files may use, file by file."""

import ast

import pytest

from autograder.sandbox.policy import PolicyError, Rules, check

RULES = Rules(
    expected=("layers.py", "network.py", "models.py", "weights.bin"),
    allowed=("numpy", "torch"),
    narrowed={"layers": ("numpy",), "network": ("numpy",)},
    refused={"models": ("LSTM", "softmax")},
)


def refusal(source: str, module: str) -> str:
    """The sentence for a file that breaks the rules."""
    with pytest.raises(PolicyError) as caught:
        check(ast.parse(source), module, RULES)
    return str(caught.value)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("layers", "import numpy as np\nimport math\nfrom collections.abc import Iterator"),
        ("network", "from layers import Conv2D\nfrom numpy.lib import stride_tricks"),
        ("models", "import torch.nn as nn\nimport layers\nclass LSTM(nn.Module): pass\nnet = LSTM()"),
        ("models", "# nn.LSTM is refused here\ntext = 'nn.LSTM'\ndef softmax(x): return x"),
        ("models", "class A:\n    def f(self):\n        return self.softmax(1)"),
        ("layers", "import numpy as np\nnp.softmax"),
    ],
)
def test_what_a_file_may_use(module, source):
    """Its packages, the standard library, files that may use no more than it, and its own names."""
    check(ast.parse(source), module, RULES)


@pytest.mark.parametrize(
    ("module", "source", "sentence"),
    [
        (
            "layers",
            "x = 1\nimport torch.nn.functional as F",
            "layers.py, line 2, imports torch. This file is to be written without that library.",
        ),
        (
            "layers",
            "from scipy import signal",
            (
                "layers.py, line 1, imports scipy. This assignment does not allow that library. "
                "If it is a file of yours: only those that the handout names are taken."
            ),
        ),
        (
            "network",
            "import layers\nfrom models import torch",
            (
                "network.py, line 2, imports models. "
                "That file may use libraries that this one is to be written without."
            ),
        ),
        (
            "models",
            "from torch import nn\nclass Net(nn.LSTM): pass",
            "models.py, line 2, uses LSTM. This file is to be written without it.",
        ),
        (
            "models",
            "from torch.nn import LSTM as Cell",
            "models.py, line 1, uses LSTM. This file is to be written without it.",
        ),
        (
            "models",
            "import torch\ndef f(x):\n    return torch.softmax(x, 1)",
            "models.py, line 3, uses softmax. This file is to be written without it.",
        ),
    ],
)
def test_what_a_file_may_not_use(module, source, sentence):
    """The sentence names the file, the line, the library or name, and why."""
    assert refusal(source, module) == sentence


PARTS = """
[[parts]]
id = "1.2"
title = "From scratch"
files = ["b.py"]
points = 1
allowed_imports = []
[[parts]]
id = "1.3"
title = "Without help"
files = ["c.py"]
points = 1
refused = ["cumsum"]
"""
GRADERS = """
@number("1.1")
@weight(1)
def test_a(student):
    "The first file is free."
    assert student.a.f() == 1

@number("1.2")
@weight(1)
def test_b(student):
    "The second is narrowed."
    student.b.f()

@number("1.3")
@weight(1)
def test_c(student):
    "The third does without a function."
    student.c.f()
"""


def test_the_manifest_says_so_part_by_part(graded):
    """Only the file's own tests fail."""
    code = "import numpy as np\ndef f(): return int(np.cumsum([1])[0])\n"
    result = graded(GRADERS, {"a.py": code, "b.py": code, "c.py": code}, more=PARTS)

    assert result.rows["test_a"].points == 1
    assert result.rows["test_b"].message == (
        "b.py, line 1, imports numpy. This file is to be written without that library."
    )
    assert result.rows["test_c"].message == (
        "c.py, line 2, uses cumsum. This file is to be written without it."
    )
