"""How numbers, times, ids and statuses are put into words and symbols. One place, so that every page says the same."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal

from engine.mastery import SkillMastery, Status
from service import language
from service.language import _, later, ngettext


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is shown: never by colour alone. ``css`` colours it; the words are said as the reader speaks."""

    symbol: str
    css: str
    name: str
    after_number: str
    explained: str

    @property
    def label(self) -> str:
        return _(self.name)

    @property
    def counted(self) -> str:
        """As it stands after a number."""
        return _(self.after_number)

    @property
    def meaning(self) -> str:
        return _(self.explained)


# In the order of the spread bars: from what is done to what has not begun.
LOOKS: dict[Status, Look] = {
    Status.MASTERED: Look(
        "●", "mastered", later("mastered"), later("mastered"), later("the estimate has reached the mark")
    ),
    Status.NEEDS_REVIEW: Look(
        "↻", "review", later("needs review"), later("to review"), later("was mastered, but not practised since")
    ),
    Status.LEARNING: Look(
        "◐", "learning", later("learning"), later("learning"), later("enough answers; the estimate is below the mark")
    ),
    Status.NOT_ENOUGH_EVIDENCE: Look(
        "?", "unsure", later("not enough evidence"), later("without enough evidence"), later("too few to say")
    ),
    Status.NOT_STARTED: Look("○", "none", later("not started"), later("not started"), later("no answer on this skill")),
}


def percent(p: float) -> int:
    """A probability in whole hundredths, rounded down: 95 is shown only where 0.95 is reached, and 100 never.

    >>> percent(0.9499), percent(0.95), percent(1.0), percent(0.0)
    (94, 95, 99, 1)
    """
    return min(99, max(1, int(p * 100 + 1e-9)))


def interval(skill: SkillMastery) -> str:
    """The 90 % interval, as ``34–71``."""
    return span(skill.low, skill.high)


def share(p: float) -> str:
    """A share of answers, in whole hundredths.

    >>> share(0.0), share(0.5), share(1.0)
    ('0', '50', '100')
    """
    return str(round(100 * p))


def signed(change: float | None) -> str:
    """A change of a probability, in whole hundredths with its sign; a dash where there is none.

    >>> signed(0.123), signed(-0.05), signed(0.0), signed(None)
    ('+12', '−5', '±0', '–')
    """
    if change is None:
        return "–"
    n = round(100 * change)
    return f"+{n}" if n > 0 else f"−{-n}" if n < 0 else "±0"


def change(mean: float | None, low: float | None, high: float | None) -> str:
    """A change with the range that holds it.

    >>> change(0.12, 0.04, 0.2), change(0.12, None, None), change(None, None, None)
    ('+12 (+4 to +20)', '+12', '–')
    """
    if mean is None or low is None or high is None:
        return signed(mean)
    return _("%(mean)s (%(low)s to %(high)s)", mean=signed(mean), low=signed(low), high=signed(high))


def decimal(value: float | None) -> str:
    """Two decimals as the reader's country writes them; a dash where there is none.

    >>> decimal(-0.124), decimal(None)
    ('−0.12', '–')
    """
    return "–" if value is None else str(format_decimal(value, "0.00", language.language().locale)).replace("-", "−")


def span(low: float, high: float) -> str:
    """
    >>> span(0.34, 0.71)
    '34–71'
    """
    return f"{percent(low)}–{percent(high)}"


def count(n: int, one: str, many: str = "") -> str:
    """A number with its noun, in English: for the command line. Pages say it with ``ngettext``.

    >>> count(1, "answer"), count(2, "answer"), count(1200, "class", "classes")
    ('1 answer', '2 answers', '1,200 classes')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(names: list[str], most: int = 3) -> str:
    """Names in a sentence; what is beyond ``most`` is counted.

    >>> listed(["Ada"]), listed(["Ada", "Ben"]), listed(["Ada", "Ben", "Chen", "Dana"], 2)
    ('Ada', 'Ada and Ben', 'Ada, Ben and 2 more')
    """
    rest = len(names) - most
    if rest <= 0:
        return language.listed(names)
    return _("%(names)s and %(rest)s more", names=", ".join(names[:most]), rest=rest)


def readable(text: str) -> str:
    """An id as it can be shown: control and direction characters are made visible, and a blank one is named.

    >>> readable("a\\u202eb"), readable("  "), readable("a b")
    ('a␣202eb', '(blank)', 'a b')
    """
    if not text.strip():
        return "(blank)"
    return "".join(
        f"␣{ord(sign):04x}" if unicodedata.category(sign) in {"Cc", "Cf", "Cs"} and sign != "\u200d" else sign
        for sign in text
    )


def day(ms: int) -> str:
    """A day in the reader's time zone, as ``3 Mar 2025``.

    >>> day(0)
    '1 Jan 1970'
    """
    return _day(_moment(ms).date(), language.language().locale)


def short_day(ms: int) -> str:
    """Without the year, as ``3 Mar``."""
    return _short_day(_moment(ms).date(), language.language().locale)


def minute(ms: int) -> str:
    """As ``3 Mar 2025, 14:05``."""
    at = _moment(ms)
    return f"{day(ms)}, {_clock(at.hour, at.minute, language.language().locale)}"


def iso(ms: int) -> str:
    """For the ``datetime`` attribute."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def ago(ms: int, now: int) -> str:
    """How long ago, in days of the reader's calendar.

    >>> ago(0, 0), ago(0, 86_400_000), ago(0, 30 * 86_400_000)
    ('today', 'yesterday', '30 days ago')
    """
    days = (_moment(now).date() - _moment(ms).date()).days
    if days <= 0:
        return _("today")
    return _("yesterday") if days == 1 else ngettext("%(num)s day ago", "%(num)s days ago", days)


def zone() -> str:
    """The name of the reader's time zone."""
    return str(language.language().zone)


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, language.language().zone)


# A student's page tells the same days hundreds of times.
@lru_cache(4096)
def _day(at: date, locale: Locale) -> str:
    return str(format_date(at, "medium", locale))


@lru_cache(4096)
def _short_day(at: date, locale: Locale) -> str:
    return str(format_skeleton("MMMd", datetime(at.year, at.month, at.day, tzinfo=UTC), UTC, locale=locale))


@lru_cache(4096)
def _clock(hour: int, at: int, locale: Locale) -> str:
    return str(format_time(time(hour, at), "short", locale=locale))
