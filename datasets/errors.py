"""The one error of this package: what is wrong with data, and what to do about it.

Any module of `datasets` may import it. It knows no data set.
"""

__all__ = ["DatasetError"]


class DatasetError(Exception):
    """A data set that cannot be had as it should be.

    Args:
        place: the file, folder or address that the problem is in.
        problem: one sentence: what is wrong.
        remedy: one sentence: what to do.
    """

    def __init__(self, place: object, problem: str, remedy: str) -> None:
        super().__init__(f"{place}: {problem} {remedy}")
        self.place = str(place)
        self.problem = problem
        self.remedy = remedy
