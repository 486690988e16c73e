"""Starts threads at import that never end and hold the interpreter, and sleeps in the call.

Threat: D22.
"""

import sys
import threading
import time
from itertools import repeat


def spin():
    while True:
        try:
            sum(repeat(0, 10**7))
        except BaseException:
            pass


for _ in range(3):
    threading.Thread(target=spin).start()
sys.setswitchinterval(100)


def square(x):
    while True:
        time.sleep(1000)
