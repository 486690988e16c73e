"""The words with all their forms, as the writer draws from them."""

from . import words
from .forms import Phrase, Time, Verb, determiner, noun, phrases, verb


def _times() -> list[Time]:
    times = []
    for tenses, use, text in words.TIMES:
        allowed = frozenset(tenses.replace("modal", " ".join(words.MODALS)).split())
        for entry in text.split(";"):
            german, english = (" ".join(side.split()) for side in entry.split(":"))
            times.append(Time(german, english, allowed, "first" in use, "nicht" in use, "often" in use))
    return times


THE = determiner("d", "the", "the", endings="the", adjective="weak", definite=True)
THIS = determiner("dies", "this", "these", endings="strong", adjective="weak", definite=True)
POSSESSIVES = [
    determiner(german, english, english, endings="a", adjective="mixed", definite=True)
    for german, english in (("mein", "my"), ("dein", "your"), ("sein", "his"), ("unser", "our"))
]
EVERY = determiner("jed", "every", None, endings="strong", adjective="weak")
A = determiner("ein", "a", None, endings="a", adjective="mixed")
NO = determiner("kein", "a", "any", endings="a", adjective="mixed")  # after "not"
SOME = determiner("", None, "")
STUFF = determiner("", "", None)
TWO = determiner("zwei", None, "two")
THREE = determiner("drei", None, "three")
FOUR = determiner("vier", None, "four")
MANY = determiner("viel", None, "many", endings="strong")
# What noun phrases draw from. With "nicht", "jeder" and "viele" would have two meanings.
DEFINITE = (THE, THE, THE, THE, THIS, *POSSESSIVES)
NEGATED_SUBJECTS = (*DEFINITE, A, TWO, THREE)
SUBJECTS = (*DEFINITE, A, A, TWO, THREE, FOUR, MANY, EVERY)
COUNTED = (*DEFINITE, A, A, A, A, TWO, THREE, FOUR, MANY, EVERY, SOME)
UNCOUNTED = (*DEFINITE, *[STUFF] * 4)

NOUNS = {kind: [noun(entry) for entry in text.split(";")] for kind, text in words.NOUNS.items()}
VERBS = {frame: [verb(entry) for entry in text.split(";")] for frame, text in words.VERBS.items()}
ADJECTIVES = {kind: phrases(text) for kind, text in words.ADJECTIVES.items()}
STATES = phrases(words.STATES)
FINITE = {infinitive: tuple(forms.split()) for infinitive, forms in words.FINITE.items()}
BE = {tense: tuple(forms.split()) for tense, forms in words.BE.items()}
TIMES = {
    (tense, negated): [t for t in _times() if tense in t.tenses and (t.negatable or not negated)]
    for tense in ("present", "past", "werden", *words.MODALS)
    for negated in (False, True)
}
PRONOUNS = [Phrase(*pronoun) for pronoun in words.PRONOUNS]
IN, INTO = (
    [Phrase(f"{article[n.gender]} {n.singular[case]}", f"{english} the {n.english}") for n in NOUNS["place"]]
    for article, case, english in (
        ({"m": "im", "f": "in der", "n": "im"}, 2, "in"),
        ({"m": "in den", "f": "in die", "n": "ins"}, 1, "into"),
    )
)
SEIN = Verb("", "sein", FINITE["sein"], "gewesen", "sein", "be", "is", "was", "", "", ())
