"""Changes its input in place to a number that is its own square, so that the reference might see that.

Threat: C16.
"""


def square(x):
    x.setflags(write=True) if x.flags.owndata else None
    try:
        x[...] = 1.0
    except ValueError:
        pass
    return x * 0 + 1.0
