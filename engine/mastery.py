"""What is said of a student's mastery: the number, how sure it is, and a word for it.

The rules of the word, in this order:

- **not started**: no answer on the skill;
- **not enough evidence**: fewer than ``enough`` answers, whatever the estimate;
- **mastered**: the estimate is at or above ``mastered``; **needs review** if also not practised for ``review_days``;
- **learning**: otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.responses import History
from engine.tracing import NEVER, State, Tracer

DAY_MS = 86_400_000


class Status(StrEnum):
    NOT_STARTED = "not started"
    NOT_ENOUGH_EVIDENCE = "not enough evidence"
    LEARNING = "learning"
    MASTERED = "mastered"
    NEEDS_REVIEW = "needs review"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a school calls mastered (P(L)), enough evidence (answers), and too long ago (days)."""

    mastered: float = 0.95
    enough: int = 3
    review_days: float = 28.0


@dataclass(frozen=True, slots=True)
class SkillMastery:
    """One student on one skill: P(L) with its 90 % interval, the evidence, and the word for it."""

    skill_id: str
    title: str
    mastery: float
    low: float
    high: float
    responses: int
    status: Status
    last_at: int | None

    @property
    def interval(self) -> tuple[float, float]:
        return self.low, self.high


def status(mastery: float, responses: int, last_at: int, now: int, rules: Thresholds) -> Status:
    """The word for an estimate; times in ms.

    >>> status(0.99, 2, 0, 0, Thresholds())
    <Status.NOT_ENOUGH_EVIDENCE: 'not enough evidence'>
    >>> status(0.99, 5, 0, 40 * DAY_MS, Thresholds())
    <Status.NEEDS_REVIEW: 'needs review'>
    """
    if responses == 0:
        return Status.NOT_STARTED
    if responses < rules.enough:
        return Status.NOT_ENOUGH_EVIDENCE
    if mastery < rules.mastered:
        return Status.LEARNING
    return Status.NEEDS_REVIEW if now - last_at > rules.review_days * DAY_MS else Status.MASTERED


def report(
    tracer: Tracer, history: History, state: State, now: int, rules: Thresholds, only: Sequence[str] = ()
) -> list[SkillMastery]:
    """Mastery of every skill of the catalog (or those in ``only``), in the catalog's order."""
    low, high = tracer.interval(history, state)
    wanted = set(only)
    rows = []
    for k, skill in enumerate(tracer.catalog.skills):
        if wanted and skill.id not in wanted:
            continue
        mastery, responses, last_at = float(state.mastery[k]), int(state.responses[k]), int(state.last_at[k])
        word = status(mastery, responses, last_at, now, rules)
        last = None if last_at == NEVER else last_at
        rows.append(
            SkillMastery(
                skill.id, skill.title or skill.id, mastery, float(low[k]), float(high[k]), responses, word, last
            )
        )
    return rows
