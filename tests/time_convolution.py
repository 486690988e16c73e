"""Prints the seconds of assignment 2's NumPy convolution and of torch's, forwards and backwards.

A process of its own: `bench.py` starts it with one thread.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "solutions" / "a2_cnn"))

from layers import Conv2D

TURNS = 7


def main() -> None:
    """The best of a few turns each, in turn."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    x, dout = rng.normal(size=(64, 3, 32, 32)), rng.normal(size=(64, 32, 28, 28))
    ours, theirs = Conv2D(3, 32, 5), torch.nn.Conv2d(3, 32, 5).double()
    leaf, gradient = torch.tensor(x, requires_grad=True), torch.tensor(dout)
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        ours.forward(x)
        ours.backward(dout)
        middle = time.perf_counter()
        theirs(leaf).backward(gradient)
        times.append((middle - start, time.perf_counter() - middle))
    print(*(min(column) for column in zip(*times, strict=True)))


if __name__ == "__main__":
    main()
