"""A clause, drawn once and written in both languages."""

from typing import NamedTuple

from .forms import Phrase, Time, Verb
from .lexicon import BE, FINITE, SEIN
from .words import AUXILIARIES, HE, LEXICAL


def join(*words: str) -> str:
    """Those that are not empty, with spaces between them."""
    return " ".join(filter(None, words))


class Predicate(NamedTuple):
    """A verb with what it takes: German in the order of a clause's end, English after the verb."""

    verb: Verb
    english: str
    pronoun: str = ""
    place: str = ""
    receiver: str = ""
    thing: str = ""
    target: str = ""
    first: bool = False  # whether the thing may come before the verb
    no: bool = False  # "kein" has said what "nicht" would say

    @property
    def infinitive(self) -> Phrase:
        """As in "das Fenster aufzumachen", "to open the window"."""
        verb = self.verb
        last = f"{verb.prefix}zu{verb.infinitive}" if verb.prefix else f"zu {verb.infinitive}"
        german = join(self.pronoun, self.place, self.receiver, self.thing, self.target, last)
        return Phrase(german, join("to", verb.base, verb.tail, self.english))


class Clause(NamedTuple):
    """Subject, predicate, tense and the rest, before any order."""

    subject: Phrase
    predicate: Predicate
    tense: str  # "present", "past" or a modal verb
    negated: bool
    time: Time | None
    after: str = ""  # in English, before the time

    def _finite(self) -> tuple[str, str, str]:
        """The finite verb, its separable prefix if it has one, and the verbs at the clause's end."""
        verb, person = self.predicate.verb, self.subject.person
        if self.tense == "present":
            return verb.finite[person], verb.prefix, ""
        if self.tense in FINITE:
            return FINITE[self.tense][person], "", verb.prefix + verb.infinitive
        if verb is SEIN:
            return FINITE["war"][person], "", ""
        return FINITE[verb.auxiliary][person], "", verb.prefix + verb.participle

    def _middle(self, front: str = "") -> str:
        p = self.predicate
        time = self.time.german if self.time and front != "time" else ""
        thing = "" if front == "thing" else p.thing
        negation = "nicht" if self.negated and not p.no else ""
        return join(p.pronoun, time, p.place, p.receiver, thing, negation, p.target)

    def verb_second(self, front: str = "subject") -> str:
        """A main clause, with its subject, its time or its thing before the verb."""
        finite, prefix, end = self._finite()
        first = {"subject": self.subject.german, "thing": self.predicate.thing}.get(front)
        if first is None:
            first = self.time.german if self.time else ""
        subject = "" if front == "subject" else self.subject.german
        return join(first, finite, subject, self._middle(front), prefix, end)

    def verb_first(self) -> str:
        """A question, or a main clause after its subordinate clause."""
        finite, prefix, end = self._finite()
        return join(finite, self.subject.german, self._middle(), prefix, end)

    def verb_last(self) -> str:
        """A subordinate clause."""
        finite, prefix, end = self._finite()
        return join(self.subject.german, self._middle(), end, prefix + finite)

    def _english_verb(self, question: bool) -> tuple[str, str]:
        """The auxiliary, "" for none, and what stands after it."""
        verb, person = self.predicate.verb, self.subject.person
        past = self.tense == "past"
        be = BE["past" if past else "present"][person]
        if self.tense in AUXILIARIES:
            return AUXILIARIES[self.tense], verb.base
        if self.tense == "dürfen":
            return be, f"allowed to {verb.base}"
        if verb is SEIN and self.tense not in LEXICAL:
            return be, ""
        base, third = verb.base, verb.third
        if self.tense in LEXICAL:
            base, third = (f"{form} {verb.base}" for form in LEXICAL[self.tense])
        if question or self.negated:
            return "did" if past else "does" if person == HE else "do", base
        return "", verb.past if past else third if person == HE else base

    def english(self, front: bool = False, question: bool = False) -> str:
        """The clause in English, its time first or not; a question without its "?"."""
        auxiliary, verb = self._english_verb(question)
        time = self.time.english if self.time else ""
        often = time if self.time and self.time.often and not front else ""
        negation = "not" if self.negated else ""
        first = (auxiliary, self.subject.english) if question else (self.subject.english, auxiliary)
        return join(
            time if front else "",
            *first,
            negation,
            often,
            verb,
            self.predicate.verb.tail,
            self.predicate.english,
            self.after,
            "" if front or often else time,
        ).replace("can not", "cannot")
