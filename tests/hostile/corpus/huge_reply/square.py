"""Sends 64 MiB for the vector, and announces 2 ** 63 bytes for the matrix.

Threat: A8.
"""

import os


def square(x):
    if x.ndim == 1:
        size = 64 * 1024 * 1024
        os.write(3, (size + 1).to_bytes(8, "little") + b"V" + b"l" + (size - 9).to_bytes(8, "little"))
        for _ in range(size // 4096):
            os.write(3, b"N" * 4096)
    os.write(3, (2**63).to_bytes(8, "little"))
    while True:
        os.write(3, bytes(65536))
