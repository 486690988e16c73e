"""The part that hostile submissions leave alone, or listen from."""


def cube(x):
    """The third power of each entry; any shape."""
    # BEGIN SOLUTION
    return x * x * x
    # END SOLUTION
