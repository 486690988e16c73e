"""Registers codecs, error handlers and an encoding of its own source that turn all text into "passed".

Threat: C17, A7.
"""

import codecs
import io
import sys


def agree(text, errors="strict"):
    return b"passed", len(text)


def find(name):
    return codecs.CodecInfo(agree, lambda data, errors="strict": ("passed", len(data)), name=name)


codecs.register(find)
for name in ("utf-8", "utf8", "utf_8", "surrogatepass", "replace", "strict"):
    codecs.register_error(name, lambda error: ("passed", error.end))
codecs.lookup = codecs.encode = codecs.decode = find
sys.stdout = sys.stderr = io.TextIOWrapper(io.BytesIO())


def square(x):
    return "passed"
