"""Registers all that Python runs late: exit functions, finalisers, hooks for exceptions, threads that wait for the end.

Threat: A3.
"""

import atexit
import gc
import os
import sys
import threading
import weakref


def late(*_, **__):
    os.write(3, b"\x09" + bytes(7) + b"Vt" + bytes(8))
    os._exit(0)


class Owner:
    def __del__(self):
        late()


KEPT = Owner()
weakref.finalize(KEPT, late)
atexit.register(late)
threading._register_atexit(late)
gc.callbacks.append(late)
sys.excepthook = sys.unraisablehook = threading.excepthook = sys.displayhook = late
threading.Thread(target=lambda: (threading.main_thread().join(), late())).start()


def square(x):
    gc.collect()
    return x
