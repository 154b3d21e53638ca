"""What is said of a student's mastery: the number, how sure it is, and a word for it.

The number is the **expected success**: the chance of a right answer, now, on an item of average difficulty that asks
for this skill alone. It means the same whatever model is served; P(L) stands beside it for those who ask.

The rules of the word, in this order:

- **not started**: no answer on the skill;
- **not enough evidence**: fewer than ``enough`` answers, whatever the estimate;
- **mastered**: the estimate is at or above the skill's threshold; **needs review** if also not practised for
  ``review_days``, or if it was there after the last answer and time has taken it below;
- **learning**: otherwise.

A skill's threshold is what the catalog says (``mastered_at``), else ``mastered``. A skill that even those who know it
often answer wrongly may never get there: nobody is called mastered who is expected to fail. A school that wants another
mark for it says so in the catalog.

**Stuck** on a skill is who is learning it, has given at least :data:`MANY` answers, and is still below :data:`LOW`. Ten
opportunities without mastery is the mark that studies of wheel-spinning use (Beck & Gong 2013).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engine.responses import History
from engine.tracing import NEVER, AnyState, AnyTracer

Floats = npt.NDArray[np.float64]

DAY_MS = 86_400_000
MANY, LOW = 10, 0.6


class Status(StrEnum):
    NOT_STARTED = "not started"
    NOT_ENOUGH_EVIDENCE = "not enough evidence"
    LEARNING = "learning"
    MASTERED = "mastered"
    NEEDS_REVIEW = "needs review"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a school calls mastered (expected success), enough evidence (answers), and too long ago (days)."""

    mastered: float = 0.8
    enough: int = 3
    review_days: float = 28.0


@dataclass(frozen=True, slots=True)
class SkillMastery:
    """One student on one skill: expected success with its 90 % interval, P(L), the evidence, and the word for it;
    ``threshold`` is the expected success from which this skill is called mastered."""

    skill_id: str
    title: str
    mastery: float
    low: float
    high: float
    p_known: float
    threshold: float
    responses: int
    status: Status
    last_at: int | None

    @property
    def interval(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def stuck(self) -> bool:
        return is_stuck(self.status, self.responses, self.mastery)


@dataclass(frozen=True, slots=True)
class Glance:
    """One student on one skill, without the interval: what is compared between two times, and counted."""

    mastery: float
    threshold: float
    responses: int
    status: Status
    last_at: int | None

    @property
    def stuck(self) -> bool:
        return is_stuck(self.status, self.responses, self.mastery)

    @property
    def reached(self) -> bool:
        """Mastered, also where it is time to review."""
        return self.status in (Status.MASTERED, Status.NEEDS_REVIEW)


@lru_cache(4)  # of what is served, and of what was served until now
def thresholds(tracer: AnyTracer, rules: Thresholds) -> Floats:
    """The expected success from which each skill of the catalog is called mastered, [K]; read-only."""
    own = tracer.catalog.mastered_at
    needed = np.where(np.isnan(own), rules.mastered, own)
    needed.flags.writeable = False
    return needed


def status(
    mastery: float, threshold: float, responses: int, last_at: int, now: int, rules: Thresholds, best: float = 0.0
) -> Status:
    """The word for an estimate; times in ms. ``best`` is the estimate as it was after the last answer.

    >>> status(0.99, 0.8, 2, 0, 0, Thresholds())
    <Status.NOT_ENOUGH_EVIDENCE: 'not enough evidence'>
    >>> status(0.99, 0.8, 5, 0, 40 * DAY_MS, Thresholds())
    <Status.NEEDS_REVIEW: 'needs review'>
    >>> status(0.7, 0.8, 5, 0, DAY_MS, Thresholds(), best=0.9)
    <Status.NEEDS_REVIEW: 'needs review'>
    """
    if responses == 0:
        return Status.NOT_STARTED
    if responses < rules.enough:
        return Status.NOT_ENOUGH_EVIDENCE
    if max(mastery, best) < threshold:
        return Status.LEARNING
    stale = mastery < threshold or now - last_at > rules.review_days * DAY_MS
    return Status.NEEDS_REVIEW if stale else Status.MASTERED


def is_stuck(word: Status, responses: int, mastery: float) -> bool:
    """
    >>> is_stuck(Status.LEARNING, 10, 0.4), is_stuck(Status.LEARNING, 9, 0.4), is_stuck(Status.LEARNING, 30, 0.7)
    (True, False, False)
    """
    return word is Status.LEARNING and responses >= MANY and mastery < LOW


def glances(tracer: AnyTracer, state: AnyState, now: int, rules: Thresholds) -> list[Glance]:
    """Where a student stands on every skill of the catalog, in its order."""
    standing, best, needed = tracer.standing(state, now), tracer.standing(state), thresholds(tracer, rules)
    columns = (standing.mastery, best.mastery, needed, state.responses, state.last_at)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        Glance(
            mastery,
            threshold,
            n,
            status(mastery, threshold, n, last_at, now, rules, after),
            None if last_at == NEVER else last_at,
        )
        for mastery, after, threshold, n, last_at in rows
    ]


def tally(tracer: AnyTracer, state: AnyState, now: int, rules: Thresholds) -> tuple[Counter[Status], int]:
    """How many skills have each status, and on how many the student is stuck: :func:`glances`, counted at once."""
    mastery, needed, n = tracer.standing(state, now).mastery, thresholds(tracer, rules), state.responses
    judged = n >= rules.enough
    reached = judged & (np.maximum(mastery, tracer.standing(state).mastery) >= needed)
    done = reached & (mastery >= needed) & (now - state.last_at <= rules.review_days * DAY_MS)
    learning, started = judged & ~reached, n > 0
    several = [started, judged, reached, done, learning & (n >= MANY) & (mastery < LOW)]
    begun, enough, known, fresh, stuck = (int(np.count_nonzero(one)) for one in several)
    counts = {
        Status.NOT_STARTED: len(n) - begun,
        Status.NOT_ENOUGH_EVIDENCE: begun - enough,
        Status.LEARNING: enough - known,
        Status.MASTERED: fresh,
        Status.NEEDS_REVIEW: known - fresh,
    }
    return Counter(counts), stuck


def report(
    tracer: AnyTracer, history: History, state: AnyState, now: int, rules: Thresholds, only: Sequence[str] = ()
) -> list[SkillMastery]:
    """Mastery of every skill of the catalog (or those in ``only``), in the catalog's order."""
    known, (low, high) = tracer.standing(state, now).known, tracer.interval(history, state, now)
    wanted = set(only)
    return [
        SkillMastery(
            skill.id,
            skill.title or skill.id,
            seen.mastery,
            float(low[k]),
            float(high[k]),
            float(known[k]),
            seen.threshold,
            seen.responses,
            seen.status,
            seen.last_at,
        )
        for k, (skill, seen) in enumerate(zip(tracer.catalog.skills, glances(tracer, state, now, rules), strict=True))
        if not wanted or skill.id in wanted
    ]
