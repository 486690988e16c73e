"""Draws sentences: which clauses, joined how, with which words."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from .clauses import Clause, Predicate, join
from .forms import Determiner, Noun, Phrase, Time, Verb
from .lexicon import (
    ADJECTIVES,
    COUNTED,
    DEFINITE,
    IN,
    INTO,
    NEGATED_SUBJECTS,
    NO,
    NOUNS,
    PRONOUNS,
    SEIN,
    STATES,
    SUBJECTS,
    THE,
    THIS,
    TIMES,
    UNCOUNTED,
    VERBS,
)
from .words import HE, MODALS, OBJECTS, SPOUSES, THEY

T = TypeVar("T")
Pair = tuple[str, str]


class Writer:
    """Draws sentences.

    Args:
        rng: where every choice comes from.
    """

    def __init__(self, rng: Random) -> None:
        self._random = rng.random
        self._short = False  # whether noun phrases have few adjectives, as in long sentences
        self._kinds = (
            *[(self._statement, False, ".")] * 4,
            (self._question, False, "?"),
            (self._reported, True, "."),
            *[(self._joined, True, ".")] * 2,
            (self._relative, True, "."),
            (self._attempt, False, "."),
            (self._purpose, True, "."),
        )

    def _pick(self, items: Sequence[T]) -> T:
        return items[int(self._random() * len(items))]

    def _chance(self, probability: float) -> bool:
        return self._random() < probability

    def sentence(self) -> Pair:
        """One sentence in German and English, of any length."""
        kind, self._short, mark = self._pick(self._kinds)
        german, english = kind()
        return german[0].upper() + german[1:] + mark, english[0].upper() + english[1:] + mark

    # Kinds of sentences.

    def _statement(self) -> Pair:
        return self._fronted(self._clause())

    def _fronted(self, clause: Clause) -> Pair:
        """A main clause with its subject, its time or its thing first."""
        if clause.time and clause.time.first and self._chance(0.5):
            return clause.verb_second("time"), clause.english(front=True)
        if clause.predicate.first and self._chance(0.4):
            return clause.verb_second("thing"), clause.english()
        return clause.verb_second(), clause.english()

    def _question(self) -> Pair:
        kind = self._pick(("wer", "", "", "wann", "warum"))
        if kind == "wer":
            clause = self._clause(Phrase("wer", "who"), negations=0)
            return clause.verb_second(), clause.english()
        clause = self._clause(negations=0, times=0 if kind == "wann" else 0.4)
        word = {"": "", "wann": "when", "warum": "why"}[kind]
        return join(kind, clause.verb_first()), join(word, clause.english(question=True))

    def _reported(self) -> Pair:
        """With "dass" and "ob": a clause with its verb last, after a verb of saying."""
        german, english, verbs = self._pick((("dass", "that", "saying"), ("ob", "whether", "asking")))
        tense = self._pick(("present", "present", "past"))
        said = self._clause(
            tenses=("past",) if tense == "past" else ("present", "past", "werden", *MODALS),
            negations=0 if german == "ob" else 0.15,
            times=0.3,
        )
        subject = self._subject(SUBJECTS)
        main = Clause(subject, Predicate(self._pick(VERBS[verbs]), ""), tense, False, None)
        return (
            f"{main.verb_second()}, {german} {said.verb_last()}",
            f"{main.english()} {english} {said.english()}",
        )

    def _joined(self) -> Pair:
        """A main clause before or after a subordinate clause."""
        word, other, frames = self._pick(_CONJUNCTIONS)
        tense = self._pick(("present", "werden") if word == "damit" else ("present", "past"))
        tenses: tuple[str, ...] = (tense,)
        if word == "damit":
            tenses = ("können",)
        elif word in {"weil", "obwohl"} and tense == "present":
            tenses = ("present", "past", "können", "müssen")
        negations = 0.2 if word in {"weil", "obwohl"} else 0
        sub = self._clause(tenses=tenses, negations=negations, times=0.1, frames=frames)
        main = self._clause(tenses=(tense,), times=0.2)
        if self._chance(0.4):
            return (
                f"{word} {sub.verb_last()}, {main.verb_first()}",
                f"{other} {sub.english()}, {main.english()}",
            )
        german, english = self._fronted(main)
        return f"{german}, {word} {sub.verb_last()}", f"{english} {other} {sub.english()}"

    def _relative(self) -> Pair:
        """A subject with a relative clause, of which it is the subject or the object."""
        determiner, noun = self._pick(DEFINITE), self._pick(NOUNS["person"])
        tenses = ("present", "past")
        if noun.gender == "m" and self._chance(0.5):
            head = self._phrase(noun, determiner, 0, "person", plural=False)
            verb = self._pick(VERBS["person"])
            who = self._subject(SUBJECTS)
            inner = Clause(who, Predicate(verb, verb.particle), self._pick(tenses), False, None)
            german, english = f"den {inner.verb_last()}", f"whom {inner.english()}"
        else:
            head = self._phrase(noun, determiner, 0, "person", plural=self._chance(0.3))
            gender = "p" if head.person == THEY else noun.gender
            inner = self._clause(
                head._replace(german=THE.forms[gender][0], english="who"),
                tenses=tenses, negations=0.1, times=0.1, frames=_UNAMBIGUOUS,
            )  # fmt: skip
            german, english = inner.verb_last(), inner.english()
        subject = Phrase(f"{head.german}, {german},", f"{head.english} {english}", head.person)
        german, english = self._fronted(self._clause(subject, times=0.2))
        return german.removesuffix(","), english

    def _attempt(self) -> Pair:
        """An infinitive with "zu" after a verb such as "versuchen"."""
        negated = self._chance(0.1)
        subject = self._subject(NEGATED_SUBJECTS if negated else SUBJECTS)
        infinitive = self._pick(_EVENTS)(self, subject.person, False).infinitive
        tense = self._pick(("present", "present", "past", "past", "werden"))
        clause = Clause(
            subject,
            Predicate(self._pick(VERBS["trying"]), ""),
            tense,
            negated,
            self._time(tense, negated, 0.4),
            infinitive.english,
        )
        german, english = self._fronted(clause)
        return f"{german}, {infinitive.german}", english

    def _purpose(self) -> Pair:
        """An infinitive with "um ... zu"."""
        clause = self._clause(negations=0, frames=(Writer._movement, Writer._giving))
        infinitive = self._pick(_AIMS)(self, clause.subject.person, False).infinitive
        german, english = self._fronted(clause)
        return f"{german}, um {infinitive.german}", f"{english} in order {infinitive.english}"

    # Parts of sentences.

    def _clause(
        self,
        subject: Phrase | None = None,
        *,
        tenses: Sequence[str] = ("present",) * 3 + ("past",) * 3 + ("werden", *MODALS),
        negations: float = 0.15,
        times: float = 0.5,
        frames: "Sequence[Frame]" = (),
    ) -> Clause:
        negated = self._chance(negations)
        subject = subject or self._subject(NEGATED_SUBJECTS if negated else SUBJECTS)
        tense = self._pick(tenses)
        predicate = self._pick(frames or _FRAMES)(self, subject.person, negated)
        return Clause(subject, predicate, tense, negated, self._time(tense, negated, times))

    def _time(self, tense: str, negated: bool, probability: float) -> Time | None:
        if not self._chance(probability):
            return None
        return self._pick(TIMES[tense, negated])

    def _subject(self, determiners: Sequence[Determiner]) -> Phrase:
        if self._chance(0.3):
            return self._pick(PRONOUNS)
        return self._phrase(self._pick(NOUNS["person"]), self._pick(determiners), 0, "person")

    def _phrase(
        self, noun: Noun, determiner: Determiner, case: int, kind: str, plural: bool | None = None
    ) -> Phrase:
        """Determiner, perhaps an adjective, and noun; case 0 nominative, 1 accusative, 2 dative."""
        if noun.english in SPOUSES and determiner.definite and determiner is not THIS:
            determiner = THE
        if plural is None:
            plural = determiner.singular is None or self._chance(0.25)
        plural = plural and determiner.plural is not None
        gender, forms = noun.gender, noun.singular
        english, word = determiner.singular, noun.english
        if plural and noun.plural:
            gender, forms = "p", noun.plural
            english, word = determiner.plural, noun.english_plural
        elif determiner is NO and not noun.plural:
            english = "any"
        adjective = ("", "")
        if self._chance(0.1 if self._short else 0.3):
            chosen = self._pick(ADJECTIVES[kind])
            adjective = (chosen.german + determiner.adjective[gender][case], chosen.english)
        if english == "a" and (adjective[1] or word)[0] in "aeiou":
            english = "an"
        return Phrase(
            join(determiner.forms[gender][case], adjective[0], forms[case]),
            join(english or "", adjective[1], word),
            THEY if gender == "p" else HE,
            determiner.definite and gender == "m",
        )

    def _thing(self, verb: Verb, negated: bool) -> tuple[Phrase, bool]:
        """A thing in the accusative, and whether it has "kein"."""
        kind = self._pick(verb.kinds)
        noun = self._pick(NOUNS[kind])
        no = negated and self._chance(0.4)
        determiners = DEFINITE if negated else UNCOUNTED if noun.plural is None else COUNTED
        determiner = NO if no else self._pick(determiners)
        return self._phrase(noun, determiner, 1, kind), no

    def _place(self, never: bool, probability: float) -> Phrase:
        return Phrase("", "") if never or not self._chance(probability) else self._pick(IN)

    def _transitive(self, _: int, negated: bool) -> Predicate:
        verb = self._pick(VERBS["transitive"])
        thing, no = self._thing(verb, negated)
        place = self._place(negated or "lid" in verb.kinds or "room" in verb.kinds, 0.15)
        english = join(verb.particle, thing.english, place.english)
        return Predicate(verb, english, place=place.german, thing=thing.german, first=thing.first, no=no)

    def _person(self, person: int, negated: bool, case: int) -> tuple[Phrase, bool]:
        """A person in a case, and whether it is a pronoun."""
        if self._chance(0.3):
            accusative, dative, english, _ = self._pick([p for p in OBJECTS if person not in p[3]])
            return Phrase(accusative if case == 1 else dative, english), True
        determiners = DEFINITE if negated else SUBJECTS
        return self._phrase(self._pick(NOUNS["person"]), self._pick(determiners), case, "person"), False

    def _to_person(self, person: int, negated: bool) -> Predicate:
        verb = self._pick(VERBS["person"])
        whom, pronoun = self._person(person, negated, 1)
        if pronoun:
            return Predicate(verb, join(whom.english, verb.particle), pronoun=whom.german)
        return Predicate(verb, join(verb.particle, whom.english), thing=whom.german, first=whom.first)

    def _dative(self, person: int, negated: bool) -> Predicate:
        whom, pronoun = self._person(person, negated, 2)
        verb = self._pick(VERBS["dative"])
        if pronoun:
            return Predicate(verb, whom.english, pronoun=whom.german)
        return Predicate(verb, whom.english, receiver=whom.german)

    def _giving(self, person: int, negated: bool) -> Predicate:
        verb = self._pick(VERBS["giving"])
        thing, no = self._thing(verb, negated)
        whom, pronoun = self._person(person, negated, 2)
        english = join(thing.english, verb.particle, "to", whom.english)
        return Predicate(
            verb,
            english,
            pronoun=whom.german if pronoun else "",
            receiver="" if pronoun else whom.german,
            thing=thing.german,
            first=thing.first,
            no=no,
        )

    def _activity(self, _: int, negated: bool) -> Predicate:
        place = self._place(negated, 0.5)
        return Predicate(self._pick(VERBS["activity"]), place.english, place=place.german)

    def _change(self, _: int, __: bool) -> Predicate:
        return Predicate(self._pick(VERBS["change"]), "")

    def _movement(self, _: int, __: bool) -> Predicate:
        place = self._pick(INTO)
        return Predicate(self._pick(VERBS["movement"]), place.english, target=place.german)

    def _state(self, _: int, __: bool) -> Predicate:
        state = self._pick(STATES)
        return Predicate(SEIN, state.english, target=state.german)


Frame = Callable[[Writer, int, bool], Predicate]
_EVENTS: tuple[Frame, ...] = (
    *[Writer._transitive] * 4,
    *[Writer._to_person] * 2,
    *[Writer._giving] * 2,
    Writer._dative,
    Writer._change,
    Writer._movement,
)
_AIMS: tuple[Frame, ...] = (Writer._transitive, Writer._to_person, Writer._giving)
_FRAMES: tuple[Frame, ...] = (*_EVENTS, Writer._activity, Writer._state)
# In a relative clause "die Frau, die das Kind sieht" either may be the one who sees.
_UNAMBIGUOUS = tuple(frame for frame in _FRAMES if frame is not Writer._to_person)
_CONJUNCTIONS: tuple[tuple[str, str, tuple[Frame, ...]], ...] = (
    ("weil", "because", _FRAMES),
    ("weil", "because", _FRAMES),
    ("obwohl", "although", _FRAMES),
    ("bevor", "before", _EVENTS),
    ("während", "while", (Writer._activity,)),
    ("damit", "so that", _EVENTS),
)
