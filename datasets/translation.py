"""The shape that every set of sentence pairs has. It knows no particular one."""

from dataclasses import dataclass

__all__ = ["Pair", "TranslationData"]

Pair = tuple[str, str]  # German, English


@dataclass(frozen=True)
class TranslationData:
    """Three disjoint splits of sentence pairs: learn, choose, report once.

    Attributes:
        name: what the set is called in titles and tables.
        train, validation, test: pairs (German, English).
    """

    name: str
    train: list[Pair]
    validation: list[Pair]
    test: list[Pair]
