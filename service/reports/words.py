"""How numbers, times, ids and statuses are put into words and symbols. One place, so that every page says the same."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime

from engine.mastery import SkillMastery, Status


@dataclass(frozen=True, slots=True)
class Look:
    """How a status is shown: never by colour alone. ``css`` colours it; ``counted`` stands after a number."""

    symbol: str
    label: str
    counted: str
    css: str
    meaning: str


# In the order of the spread bars: from what is done to what has not begun.
LOOKS: dict[Status, Look] = {
    Status.MASTERED: Look("●", "mastered", "mastered", "mastered", "the estimate has reached the mark"),
    Status.NEEDS_REVIEW: Look("↻", "needs review", "to review", "review", "was mastered, but not practised since"),
    Status.LEARNING: Look("◐", "learning", "learning", "learning", "enough answers; the estimate is below the mark"),
    Status.NOT_ENOUGH_EVIDENCE: Look("?", "not enough evidence", "without enough evidence", "unsure", "too few to say"),
    Status.NOT_STARTED: Look("○", "not started", "not started", "none", "no answer on this skill"),
}


def percent(p: float) -> int:
    """A probability in whole hundredths, rounded down: 95 is shown only where 0.95 is reached, and 100 never.

    >>> percent(0.9499), percent(0.95), percent(1.0), percent(0.0)
    (94, 95, 99, 1)
    """
    return min(99, max(1, int(p * 100 + 1e-9)))


def interval(skill: SkillMastery) -> str:
    """The 90 % interval, as ``34–71``."""
    return f"{percent(skill.low)}–{percent(skill.high)}"


def count(n: int, one: str, many: str = "") -> str:
    """A number with its noun.

    >>> count(1, "answer"), count(2, "answer"), count(1200, "class", "classes")
    ('1 answer', '2 answers', '1,200 classes')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def listed(names: list[str], most: int = 3) -> str:
    """Names in a sentence; what is beyond ``most`` is counted.

    >>> listed(["Ada"]), listed(["Ada", "Ben"]), listed(["Ada", "Ben", "Chen", "Dana"], 2)
    ('Ada', 'Ada and Ben', 'Ada, Ben and 2 more')
    """
    shown, rest = names[:most], len(names) - most
    if rest > 0:
        return f"{', '.join(shown)} and {rest} more"
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1] if shown else "") if part)


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
    """``3 Mar 2025`` (UTC).

    >>> day(0)
    '1 Jan 1970'
    """
    at = _moment(ms)
    return f"{at.day} {at:%b %Y}"


def short_day(ms: int) -> str:
    at = _moment(ms)
    return f"{at.day} {at:%b}"


def minute(ms: int) -> str:
    """``3 Mar 2025, 14:05`` (UTC)."""
    return f"{day(ms)}, {_moment(ms):%H:%M}"


def iso(ms: int) -> str:
    """For the ``datetime`` attribute."""
    return f"{_moment(ms):%Y-%m-%dT%H:%M:%SZ}"


def ago(ms: int, now: int) -> str:
    """How long ago, in days.

    >>> ago(0, 0), ago(0, 86_400_000), ago(0, 30 * 86_400_000)
    ('today', 'yesterday', '30 days ago')
    """
    days = (now // 86_400_000) - (ms // 86_400_000)
    return "today" if days <= 0 else "yesterday" if days == 1 else f"{days} days ago"


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
