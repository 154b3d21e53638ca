"""A sentence that can be said in another language: the English text, and what it was made of.

The engine knows no languages. It says ``said("%(names)s: not started.", names=...)``, which is the English text to
whoever reads it as a string; the pages look its template up in a catalogue and fill in the same values.
"""

from __future__ import annotations

from collections.abc import Mapping


class Said(str):
    """``template`` (``plural`` where ``n`` is not one) with ``values``; a tuple of names is told with "and"."""

    __slots__ = ("n", "plural", "template", "values")
    template: str
    plural: str
    n: int
    values: Mapping[str, object]


def later(sentence: str) -> str:
    """Marks a constant for the catalogues: a template that is said where it is chosen, not where it is written.

    >>> later("mastered")
    'mastered'
    """
    return sentence


def said(template: str, **values: object) -> Said:
    """The English sentence.

    >>> said("%(names)s: the chance is %(chance)d in 100.", names=("Counting", "Adding"), chance=71)
    'Counting and Adding: the chance is 71 in 100.'
    """
    return said_many(template, "", 1, **values)


def said_many(template: str, plural: str, n: int, **values: object) -> Said:
    """The English sentence about ``n`` of something, which stands in it as ``%(num)d``.

    >>> said_many("%(num)d more skill", "%(num)d more skills", 2)
    '2 more skills'
    """
    values["num"] = n
    told = {name: " and ".join(value) if isinstance(value, tuple) else value for name, value in values.items()}
    text = Said((template if n == 1 else plural) % told)
    text.template, text.plural, text.n, text.values = template, plural, n, values
    return text
