"""Takes all rights from its own folders and files, so that they cannot be removed.

Threat: D24.
"""

import os


def square(x):
    os.makedirs("a/b/c")
    open("a/b/c/file", "w").close()
    os.mkfifo("a/pipe") if x.ndim == 1 else os.symlink("/", "a/root")
    for name in ("a/b/c/file", "a/b/c", "a/b", "a", "."):
        os.chmod(name, 0)
    return x
