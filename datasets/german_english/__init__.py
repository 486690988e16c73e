"""A grammar that writes German sentences with their English translations.

A clause is drawn once, as its parts, and written in both languages: in German with the verb second,
first or last, separable verbs apart or together, and agreement in gender, case, number and person;
in English in its fixed order, with "do" where a question or "not" needs it. Grammar and words are
chosen so that a German sentence has one English translation: "sie" is never an object, "Sie" never
the polite form, "er" and "ihn" are always persons, and the German perfect is always the English past.
The sentences are correct, but they need not make sense: four kings may well smoke in the kitchen.

`words.py` has the words and forms, `forms.py` the inflection, `lexicon.py` the inflected words,
`clauses.py` the order of words, `writer.py` the choices. All import the standard library only.
"""
