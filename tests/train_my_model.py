"""Trains assignment 2's reference MyModel on shapes and writes its weights beside the reference.

A script, not a test: run it after a change of MyModel or of the data set. It uses the reference's
own training loop, takes one to two minutes on one core, and prints the accuracy on the test split.
"""

import sys
import time
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from datasets import Split, load_shapes

REFERENCE = Path(__file__).parents[1] / "solutions" / "a2_cnn"
WEIGHTS = REFERENCE / "my_model.safetensors"
EPOCHS, BATCH, BASE = 6, 64, 4e-3
GOAL = 0.95  # a good small network reaches it


class TurnedImages:
    """Batches in a new order in each pass, every image mirrored and turned by quarters at random."""

    def __init__(self, split: Split, seed: int) -> None:
        """Keep the images as tensors."""
        self.images, self.labels = tensors(split)
        self.generator = torch.Generator().manual_seed(seed)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """One pass over all images."""
        order = torch.randperm(len(self.labels), generator=self.generator)
        for rows in order.split(BATCH):
            mirrored, quarters = torch.randint(4, (2,), generator=self.generator).tolist()
            x = self.images[rows].rot90(quarters, dims=(2, 3))
            x = x.flip(3) if mirrored % 2 else x
            # This order in memory makes convolutions on a CPU about twice as fast.
            yield x.contiguous(memory_format=torch.channels_last), self.labels[rows]


def tensors(split: Split) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 3, 32, 32) float32 and labels (N,)."""
    X, y = split
    return torch.from_numpy(X.astype(np.float32)).reshape(-1, 3, 32, 32), torch.from_numpy(y)


def reference(name: str) -> ModuleType:
    """A module of the reference, under a name that no other one has."""
    spec = spec_from_file_location(f"a2_cnn_{name}", REFERENCE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> int:
    """0 if the goal is reached, 1 if not."""
    torch.manual_seed(0)
    start = time.perf_counter()
    data = load_shapes()
    validation, test = (
        list(zip(*(part.split(500) for part in tensors(split)), strict=True))
        for split in (data.validation, data.test)
    )
    model, training = reference("torch_models").MyModel(10), reference("training")
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1e-2)
    history = training.fit(
        model,
        TurnedImages(data.train, seed=0),
        validation,
        optimizer,
        nn.CrossEntropyLoss(label_smoothing=0.05),
        num_classes=10,
        epochs=EPOCHS,
        base=BASE,
        warmup_epochs=1,
        milestones=(3, 4, 5),
        factor=0.3,
    )
    accuracy = training.validate(model, test, nn.CrossEntropyLoss(), 10)[1]
    save_file(model.state_dict(), WEIGHTS)
    print("validation accuracy:", *(f"{value:.3f}" for value in history["validation_accuracy"]))
    numbers = sum(value.numel() for value in model.state_dict().values())
    print(f"test accuracy {accuracy:.4f}, {numbers:,} numbers, {time.perf_counter() - start:.0f} s")
    return int(accuracy < GOAL)


if __name__ == "__main__":
    sys.exit(main())
