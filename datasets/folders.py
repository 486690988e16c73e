"""Where a data set's own files lie: in the folder that the caller names, or that the environment names."""

import os
from pathlib import Path

__all__ = ["ENVIRONMENT", "chosen_folder"]

ENVIRONMENT = "DATASETS_DIR"


def chosen_folder(folder: Path | str | None, name: str) -> Path | None:
    """The caller's folder, else `$DATASETS_DIR/<name>` if that variable is set, else None."""
    if folder is None and os.environ.get(ENVIRONMENT):
        folder = Path(os.environ[ENVIRONMENT]) / name
    return None if folder is None else Path(folder)
