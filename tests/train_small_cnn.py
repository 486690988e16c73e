"""Trains the small CNN of the package `datasets` on shapes and writes its weights beside it.

A script, not a test: run it after a change of the network or of the shapes. It took 12
minutes on one core of a busy machine, and prints the accuracy on the test split.
"""

import sys
import time

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from datasets import Split, load_shapes
from datasets.image_model import ImageModel
from datasets.small_cnn import MEAN, STD, WEIGHTS, Block, SmallCNN, load_small_cnn

EPOCHS, BATCH, RATE = 14, 64, 3e-3
GOAL = 0.97
FRESH = ImageModel("fresh", SmallCNN(), (), 32, MEAN, STD, "")  # for its preprocessing


def tensors(split: Split) -> tuple[Tensor, Tensor]:
    """Images (N, 3, 32, 32), normalised, and labels (N,)."""
    images = np.rint(split.X * 255).astype(np.uint8).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return FRESH.preprocess(images), torch.from_numpy(split.y)


def initialise(network: SmallCNN) -> None:
    """He's start; each block starts as the identity, which makes training without normalisation stable."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)
    for module in network.modules():
        if isinstance(module, Block):
            nn.init.zeros_(module.main[2].weight)


def train(network: SmallCNN, images: Tensor, labels: Tensor) -> None:
    """One cycle of the learning rate; each batch is mirrored and turned by quarters at random."""
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-2)
    steps = EPOCHS * (len(labels) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps, pct_start=0.2)
    order = torch.empty(0, dtype=torch.int64)
    progress = tqdm(range(steps), desc="batches", mininterval=2)
    for _ in progress:
        if len(order) < BATCH:
            order = torch.randperm(len(labels))
        rows, order = order[:BATCH], order[BATCH:]
        quarters, mirrored = torch.randint(4, (2,)).tolist()
        x = images[rows].rot90(quarters, dims=(2, 3))
        x = x.flip(3) if mirrored % 2 else x
        # This order in memory makes convolutions on a CPU faster.
        logits = network(x.contiguous(memory_format=torch.channels_last))
        loss = nn.functional.cross_entropy(logits, labels[rows], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        # Without normalisation one large step can kill all ReLUs of a layer for good.
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        progress.set_postfix(loss=f"{loss.item():.2f}", refresh=False)


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Share of right answers."""
    with torch.no_grad():
        answers = torch.cat([network(part).argmax(dim=1) for part in images.split(500)])
    return (answers == labels).double().mean().item()


def main() -> int:
    """0 if the goal is reached, 1 if not."""
    torch.manual_seed(0)
    torch.set_num_threads(1)  # another number of threads adds in another order: other last digits
    start = time.perf_counter()
    data = load_shapes()
    network = SmallCNN().to(memory_format=torch.channels_last)
    initialise(network)
    train(network, *tensors(data.train))
    WEIGHTS.write_bytes(save({name: value.contiguous() for name, value in network.state_dict().items()}))
    trained = load_small_cnn().network
    validation, test = (accuracy(trained, *tensors(split)) for split in (data.validation, data.test))
    numbers = sum(value.numel() for value in trained.parameters())
    print(f"validation accuracy {validation:.4f}, test accuracy {test:.4f}")
    print(f"{numbers:,} parameters, {WEIGHTS.stat().st_size:,} bytes, {time.perf_counter() - start:.0f} s")
    return int(test < GOAL)


if __name__ == "__main__":
    sys.exit(main())
