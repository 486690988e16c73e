"""Looks at my_model.safetensors, puts it into a MyModel, and asks that for classes.

Nothing here unpickles: the format safetensors holds numbers and no code.
"""

from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file

FILE = "my_model.safetensors"
PICKLES = (b"PK\x03\x04", b"\x80")  # how files of torch.save begin, the new kind and the old
HOW = f'Write it with safetensors.torch.save_file(model.state_dict(), "{FILE}").'
SHOWN = 3  # names in a sentence


def look(most_numbers):
    """What the file holds. To be called before any submitted code has run.

    Args:
        most_numbers: how many numbers it may hold.

    Returns:
        {"problem": a sentence, "" where all is well, "numbers": how many there are}.
    """
    try:
        state = _read()
        numbers = sum(tensor.numel() for tensor in state.values())
        if numbers > most_numbers:
            raise _UnfitError(f"{FILE} holds {numbers:,} numbers, but at most {most_numbers:,} are allowed.")
        _check_finite(state)
    except _UnfitError as error:
        return {"problem": str(error), "numbers": 0}
    return {"problem": "", "numbers": numbers}


def load(model):
    """Puts the weights into the model; returns a sentence on why they do not fit, "" where they do."""
    held = load_file(_path())
    wanted = model.state_dict()
    lacking = [name for name in wanted if name not in held]
    surplus = [name for name in held if name not in wanted]
    other = [name for name in wanted if name in held and wanted[name].shape != held[name].shape]
    if lacking:
        return f"{FILE} does not fit MyModel(10): it lacks {_some(lacking)}."
    if surplus:
        return f"{FILE} does not fit MyModel(10), which has no {_some(surplus)}."
    if other:
        name = other[0]
        shapes = f"has the shape {tuple(held[name].shape)} and should have {tuple(wanted[name].shape)}"
        return f"{FILE} does not fit MyModel(10): '{name}' {shapes}."
    model.load_state_dict(held)
    return ""


def predict(model, images, batch_size):
    """The class with the largest logit for each image, in evaluation mode.

    Args:
        model: gives logits (n, C).
        images: (N, 3, 32, 32) uint8.
        batch_size: how many images the model sees at a time.
    """
    model.eval()
    with torch.no_grad():
        batches = torch.from_numpy(images).split(batch_size)
        return torch.cat([model(batch.float() / 255).argmax(dim=1) for batch in batches])


class _UnfitError(Exception):
    """The file cannot be used; the message is a whole sentence or two."""


def _path():
    """Beside the submitted code, of which nothing runs: the working directory may be another one."""
    return Path(find_spec("torch_models").origin).with_name(FILE)


def _read():
    if not _path().is_file():
        problem = "was not handed in, or was too large to be taken"
        raise _UnfitError(f"{FILE} {problem}. It holds the weights of your trained MyModel. {HOW}")
    if _path().read_bytes().startswith(PICKLES):
        raise _UnfitError(
            f"{FILE} was written by torch.save, as a pickle, which may hold code and is never loaded. {HOW}"
        )
    try:
        return load_file(_path())
    except Exception as error:  # whatever the library finds in a damaged file, it is the file's fault
        raise _UnfitError(f"{FILE} is cut off or damaged ({error}). {HOW}") from error


def _check_finite(state):
    for name, tensor in state.items():
        if not torch.isfinite(tensor.float()).all():
            raise _UnfitError(f"{FILE} holds nan or infinite numbers, in '{name}'. Did the training diverge?")


def _some(names):
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in names[:SHOWN]) + more
