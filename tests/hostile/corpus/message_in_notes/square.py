"""Raises a group of exceptions that carry the hidden input in notes, causes, line texts and the names of functions.

Threat: B11.
"""


class Group(Exception):
    pass


def square(x):
    text = repr(x)
    scope = {"__name__": text}
    name = "leak_" + "".join(letter if letter.isalnum() else "_" for letter in text)
    exec(compile(f"def {name}(e): raise e # {text.split()}".replace("\n", ""), "square.py", "exec"), scope)
    error = Group(text, [ValueError(text)])
    error.__notes__ = [text]
    error.__cause__ = KeyError(text)
    scope[name](error)
