"""Looks at translator.safetensors and translator.json, and reads them.

Nothing here unpickles: safetensors holds numbers, and JSON texts and numbers.
"""

import json
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file

TENSORS, CONFIG = "translator.safetensors", "translator.json"
PICKLES = (b"PK\x03\x04", b"\x80")  # how files of torch.save begin, the new kind and the old
HOW = f'Write it with safetensors.torch.save_file(model.state_dict(), "{TENSORS}").'


def look():
    """What the two files hold. To be called before any submitted code has run.

    Returns:
        {"problem": a sentence, "" where all is well, "numbers": how many the first one holds}.
    """
    try:
        held = _read_tensors()
        _read_config()
    except _UnfitError as error:
        return {"problem": str(error), "numbers": 0}
    return {"problem": "", "numbers": sum(tensor.numel() for tensor in held.values())}


# They stay on this side of the wall, as dicts that only Translator sees.


class Held(dict):
    """A dict that the grader gets a handle of, instead of a copy of its content."""


def tensors():
    """What translator.safetensors holds."""
    return Held(_read_tensors())


def config():
    """What translator.json holds."""
    return Held(_read_config())


class _UnfitError(Exception):
    """A file cannot be used; the message is a whole sentence or two."""


def _path(name):
    """Beside the submitted code, of which nothing runs: the working directory may be another one."""
    spec = find_spec("translator")
    if spec is None:
        raise _UnfitError("translator.py was not handed in. It holds your Translator.")
    path = Path(spec.origin).with_name(name)
    if not path.is_file():
        raise _UnfitError(
            f"{name} was not handed in, or was too large to be taken. It belongs to your trained translator."
        )
    return path


def _read_tensors():
    path = _path(TENSORS)
    if path.read_bytes().startswith(PICKLES):
        raise _UnfitError(
            f"{TENSORS} is a pickle of torch.save, which may hold code and is never loaded. {HOW}"
        )
    try:
        held = load_file(path)
    except Exception as error:  # whatever the library finds in a damaged file, it is the file's fault
        raise _UnfitError(f"{TENSORS} is cut off or damaged ({error}). {HOW}") from error
    for name, tensor in held.items():
        if not torch.isfinite(tensor.float()).all():
            where = f"{TENSORS} holds nan or infinite numbers, in '{name}'."
            raise _UnfitError(f"{where} Did the training diverge?")
    return held


def _read_config():
    try:
        config = json.loads(_path(CONFIG).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _UnfitError(f"{CONFIG} is not JSON ({error}). Write it with json.dumps.") from error
    if not isinstance(config, dict):
        raise _UnfitError(f"{CONFIG} holds a {type(config).__name__} and should hold an object, {{...}}.")
    return config
