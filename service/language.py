"""In which language a page is written, and how it writes numbers, dates and times.

The sentences in the code are English; ``service/locale/<language>/LC_MESSAGES/messages.po`` has each in another
language, read when it is first wanted. What is being said now, and to whom, is known for the length of a request:
:func:`speaking` sets it, and :func:`_` and :func:`ngettext` obey it. Values stand in a sentence as ``%(name)s`` and a
percent sign as ``%%``; whole numbers are written as the reader's country does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup

from engine.said import Said
from engine.said import later as later

FOLDER = Path(__file__).parent / "locale"
ENGLISH = "en"
USUAL = {ENGLISH: "en_GB"}  # where the reader names no country: the day before the month, and 24 hours


SOUNDS_I = re.compile("h?[ií](?!e)", re.IGNORECASE)
"""Before these "and" is ``e`` in Spanish, not ``y``: Ana e Inés, cuero y hierro."""


@dataclass(frozen=True)
class Language:
    """``code`` names the catalogue (``es``), ``locale`` the country's numbers and dates (``es_MX``)."""

    code: str
    locale: Locale
    zone: tzinfo
    sentences: NullTranslations

    @property
    def tag(self) -> str:
        """For the ``lang`` attribute."""
        return self.code.replace("_", "-")


@cache
def codes() -> tuple[str, ...]:
    """The languages that there are: English, and every catalogue."""
    return (ENGLISH, *sorted(path.parts[-3] for path in FOLDER.glob("*/LC_MESSAGES/messages.po")))


def find(wanted: Sequence[str], zone: tzinfo = UTC) -> Language:
    """The first language of these tags (``es-MX``, ``pt``) that we have, else English.

    >>> find(["xx", "es-MX", "en"]).code, str(find(["es-MX"]).locale), find(["../.."]).code
    ('es', 'es_MX', 'en')
    """
    for tag in wanted:
        name = tag.strip().replace("-", "_")
        for code in (name, name.partition("_")[0].lower()):
            if code in codes():
                return Language(code, _locale(name, code), zone, _sentences(code))
    return find([ENGLISH], zone)


def accepted(header: str) -> list[str]:
    """The tags of an ``Accept-Language`` header, the most wanted first.

    >>> accepted("de;q=0.5, es-MX, en;q=0.8, fr;q=0")
    ['es-MX', 'en', 'de']
    """
    found = []
    for part in header[:1000].split(","):
        tag, _, weight = part.partition(";")
        try:
            found.append((float(weight.partition("=")[2] or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(found, key=lambda pair: -pair[0]) if weight > 0]


@lru_cache(64)
def _locale(name: str, code: str) -> Locale:
    try:
        return Locale.parse(USUAL.get(name, name))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(USUAL.get(code, code))


@cache
def _sentences(code: str) -> NullTranslations:
    if code == ENGLISH:
        return NullTranslations()
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with (FOLDER / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        write_mo(compiled, read_po(file, code))
    compiled.seek(0)
    return GNUTranslations(compiled)


# -------------------------------------------------------------------------------------------------------- speaking

_language: ContextVar[Language] = ContextVar("language")


def language() -> Language:
    """The one that is spoken now; English where nobody chose."""
    return _language.get(None) or find([ENGLISH])


@contextmanager
def speaking(chosen: Language) -> Iterator[None]:
    """Everything that is said inside is said in this language."""
    mark = _language.set(chosen)
    try:
        yield
    finally:
        _language.reset(mark)


def _(sentence: str, **values: object) -> str:
    """The sentence as the reader's language has it.

    >>> _("%(n)s answers, 5 %% of all", n=1200)
    '1,200 answers, 5 % of all'
    """
    return _filled(language().sentences.gettext(sentence), values)


def ngettext(one: str, many: str, n: int, **values: object) -> str:
    """The sentence for ``n`` of something, which stands in it as ``%(num)s``.

    >>> ngettext("%(num)s answer", "%(num)s answers", 1), ngettext("%(num)s answer", "%(num)s answers", 1200)
    ('1 answer', '1,200 answers')
    """
    return _filled(language().sentences.ngettext(one, many, n), {"num": n} | values)


def translated(text: str) -> str:
    """What the engine or an error said, in the reader's language where it was made with ``said``."""
    if not isinstance(text, Said):
        return text
    values = {
        name: listed(value) if isinstance(value, tuple) else translated(value) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    if text.plural:
        return ngettext(text.template, text.plural, text.n, **values)
    return _(text.template, **values)


def in_template(sentence: str, **values: object) -> Markup:
    """:func:`_` for templates: sentences may hold tags, and values are escaped."""
    return Markup(_filled(Markup(language().sentences.gettext(sentence)), values))


def in_template_many(one: str, many: str, n: int, **values: object) -> Markup:
    return Markup(_filled(Markup(language().sentences.ngettext(one, many, n)), {"num": n} | values))


def number(n: int) -> str:
    """A whole number as the reader's country writes it.

    >>> number(-3), number(1234567)
    ('-3', '1,234,567')
    """
    return str(n) if 0 <= n < 1000 else str(format_decimal(n, locale=language().locale))


def share(p: float) -> str:
    """A share in whole per cent.

    >>> share(0.5)
    '50%'
    """
    return str(format_percent(p, locale=language().locale))


def listed(names: Sequence[str]) -> str:
    """Names in a sentence.

    >>> listed(["Ada", "Ben", "Chen"])
    'Ada, Ben and Chen'
    """
    told = format_list(list(names), locale=language().locale)
    if language().code == "es" and names and SOUNDS_I.match(names[-1]):
        told = told.removesuffix(f" y {names[-1]}") + f" e {names[-1]}" if len(names) > 1 else told
    return told


def _filled(sentence: str, values: Mapping[str, object]) -> str:
    """The sentence with its values; those that are whole numbers (also where it says ``%(n)d``) as they are written."""
    written = dict(values)
    for name, value in values.items():
        if isinstance(value, int) and not isinstance(value, bool):
            written[name] = number(value)
            sentence = sentence.replace(f"%({name})d", f"%({name})s")
    return sentence % written
