"""The part that hostile submissions replace."""


def square(x):
    """Each entry times itself; any shape."""
    # BEGIN SOLUTION
    return x * x
    # END SOLUTION
