"""What becomes of the words: nouns, determiners and verbs with all their forms."""

import re
from typing import NamedTuple

from .words import ANY, ENDINGS, FINITE, HE


class Noun(NamedTuple):
    """Forms: nominative, accusative and dative."""

    gender: str
    singular: tuple[str, str, str]
    plural: tuple[str, str, str] | None
    english: str
    english_plural: str


class Determiner(NamedTuple):
    """An article or the like; forms and the endings of an adjective after it by gender."""

    forms: dict[str, tuple[str, str, str]]
    adjective: dict[str, tuple[str, str, str]]
    singular: str | None  # in English; None: there is no such form
    plural: str | None
    definite: bool


class Verb(NamedTuple):
    """German without the prefix."""

    prefix: str
    infinitive: str
    finite: tuple[str, ...]  # ich, du, er, wir, ihr, sie
    participle: str
    auxiliary: str  # "haben" or "sein"
    base: str
    third: str
    past: str
    tail: str  # follows the English verb at once
    particle: str  # follows an English pronoun, but goes before a noun
    kinds: tuple[str, ...]  # of things that it takes


class Time(NamedTuple):
    """An adverbial of time."""

    german: str
    english: str
    tenses: frozenset[str]
    first: bool
    negatable: bool
    often: bool


class Phrase(NamedTuple):
    """Some words in both languages, and their person, if they are a subject."""

    german: str
    english: str
    person: int = HE
    first: bool = False  # plainly an accusative, so it may come before the verb


def phrases(text: str) -> list[Phrase]:
    """Comma-separated pairs of words."""
    return [Phrase(*pair) for pair in re.findall(r"(\w+) (\w+)", text)]


def _endings(name: str, stem: str = "") -> dict[str, tuple[str, str, str]]:
    """The endings of that name, each after the stem, by gender: m, f, n, p for the plural."""
    words = [stem + ending.strip("-") for ending in ENDINGS[name].replace(",", "").split()]
    return {
        gender: (words[n], words[n + 1], words[n + 2]) for gender, n in zip("mfnp", (0, 3, 6, 9), strict=True)
    }


def noun(entry: str) -> Noun:
    """A noun of `words.NOUNS`: "m Mann Männer man men"."""
    gender, singular, plural, english, *irregular = entry.split()
    other = plural if gender == "w" else singular
    dative = plural if plural[-1] in "ns" else plural + "n"
    return Noun(
        gender.replace("w", "m"),
        (singular, other, other),
        None if plural == "-" else (plural, plural, dative),
        english,
        irregular[0] if irregular else english + "s",
    )


def _conjugate(infinitive: str, changed: str = "-") -> tuple[str, ...]:
    """The present, for ich, du, er, wir, ihr, sie."""
    if infinitive in FINITE:
        return tuple(FINITE[infinitive].split())
    stem = infinitive[: -1 if infinitive.endswith(("eln", "ern")) else -2]
    first = stem[:-2] + "le" if infinitive.endswith("eln") else stem + "e"
    glide = "e" if re.search("[td]$|(ch|[^aeiouäöülrhnm])[nm]$", stem) else ""  # du arbeitest, du öffnest
    other = stem + glide if changed == "-" else changed
    second = other + ("t" if other[-1] in "sßz" else "st")
    return first, second, other + "t", infinitive, stem + glide + "t", infinitive


def _participle(infinitive: str) -> str:
    """The participle of a regular verb: gemacht, besucht, probiert."""
    whole = re.match("be|ver|er|um", infinitive) or infinitive.endswith("ieren")
    return ("" if whole else "ge") + _conjugate(infinitive)[4]


def _inflect(base: str) -> tuple[str, str]:
    """Third person and past of a regular English verb."""
    if re.search("[^aeiou]y$", base):
        return base[:-1] + "ies", base[:-1] + "ied"
    third = base + ("es" if base.endswith(("s", "x", "o", "ch", "sh")) else "s")
    return third, base + ("d" if base.endswith("e") else "ed")


def verb(entry: str) -> Verb:
    """A verb of `words.VERBS`: "auf|stehen - +gestanden: get_up got"."""
    words, _, kinds = entry.partition("@")
    german, english = words.split(":")
    infinitive, changed, participle = german.split()
    prefix, _, infinitive = infinitive.rpartition("|")
    base, past, *_ = (*english.split(), "-")
    base, _, particle = base.partition("~")
    base, *tail = base.split("_")
    return Verb(
        prefix,
        infinitive,
        _conjugate(infinitive, changed),
        _participle(infinitive) if participle == "-" else participle.lstrip("+"),
        "sein" if participle[0] == "+" else "haben",
        base,
        _inflect(base)[0],
        _inflect(base)[1] if past == "-" else past,
        " ".join(tail),
        particle,
        tuple(kinds.replace("any", ANY).split()),
    )


def determiner(
    stem: str, singular: str | None, plural: str | None, *, endings: str = "none", adjective: str = "strong",
    definite: bool = False,
) -> Determiner:  # fmt: skip
    """A stem with endings of `words.ENDINGS`, its English, and the endings of adjectives after it."""
    return Determiner(_endings(endings, stem), _endings(adjective), singular, plural, definite)
