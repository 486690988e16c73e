"""Sends half a reply, then says nothing more.

Threat: A8.
"""

import os
import time


def square(x):
    os.write(3, (1000).to_bytes(8, "little") + b"Vt")
    while True:
        time.sleep(60)
