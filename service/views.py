"""What the tutor answers: plain immutable data. Times are milliseconds since 1970 (UTC)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.mastery import SkillMastery, Status
from engine.values import value
from service.notes import Note
from service.store.base import Outcome


@value(frozen=True)
class SkillNow:
    """Mastery of a skill (expected success) after a response; the interval is asked for where it is shown."""

    skill_id: str
    mastery: float
    p_known: float
    responses: int
    status: Status


@value(frozen=True)
class Result:
    """What became of a response, and the mastery of its item's skills as it is now."""

    id: str
    student_id: str
    outcome: Outcome
    item_known: bool
    mastery: tuple[SkillNow, ...]


@value(frozen=True)
class Reason:
    code: str
    text: str


@value(frozen=True)
class Recommendation:
    """One item to give next, why, and with which probability it was chosen."""

    recommendation_id: str
    item_id: str
    title: str
    skill_ids: tuple[str, ...]
    reason: Reason
    p_correct: float
    expected_gain: float
    propensity: float
    policy: str
    model_version: str
    catalog_version: str


@value(frozen=True)
class Notice:
    """Something that a teacher should be told of: a skill that rests after wrong answers in a row."""

    code: str
    skill_id: str
    text: str


@dataclass(frozen=True, slots=True)
class SkillPart:
    """What each part of the rule said of a skill, by name; the worth is their product."""

    skill_id: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Alternative:
    """A skill that was not given, and why: a code and a sentence for the teacher."""

    skill_id: str
    why: str
    text: str
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Detail:
    """One recommendation in detail: its score is the worth of its skills times its ease."""

    recommendation_id: str
    for_student: str
    skills: tuple[SkillPart, ...]
    ease: float
    score: float
    near_ties: int
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """``filtered``: how many items were kept from being given, by what kept them."""

    candidates: int
    filtered: Mapping[str, int]
    recommendations: tuple[Detail, ...]


@value(frozen=True)
class Next:
    """The answer to "what next?". ``outcome``: learn, nothing left, not ready, no items or no catalog."""

    student_id: str
    outcome: str
    text: str
    recommendations: tuple[Recommendation, ...]
    model_version: str
    catalog_version: str
    notices: tuple[Notice, ...] = ()
    explanation: Explanation | None = None


@value(frozen=True)
class Receipt:
    """Answer to recorded responses, in their order; ``next`` by student where it was asked for."""

    results: tuple[Result, ...]
    next: Mapping[str, Next]
    model_version: str
    catalog_version: str


@dataclass(frozen=True, slots=True)
class StudentMastery:
    """A student on every skill of the catalog."""

    student_id: str
    responses: int
    unknown_item_responses: int  # kept, and folded once a catalog holds their items
    last_at: int | None
    skills: tuple[SkillMastery, ...]
    model_version: str
    catalog_version: str
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """Mastery of a skill (expected success) at a response and after it."""

    skill_id: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One response; ``item_id`` is None where the catalog does not hold the item."""

    answered_at: int
    item_id: str | None
    score: float
    p_correct: float | None
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class StudentHistory:
    """A page of a history, the newest response first. ``total`` counts all responses."""

    student_id: str
    total: int
    offset: int
    steps: tuple[HistoryStep, ...]
    model_version: str
    catalog_version: str


@dataclass(frozen=True, slots=True)
class SkillSpread:
    """How many students of a class stand where on a skill."""

    skill_id: str
    title: str
    counts: Mapping[Status, int]
    area: str = ""


@dataclass(frozen=True, slots=True)
class ClassMastery:
    class_id: str
    students: tuple[StudentMastery, ...]
    skills: tuple[SkillSpread, ...]
    model_version: str
    catalog_version: str


@dataclass(frozen=True, slots=True)
class CatalogSummary:
    """What an import made current."""

    version: str
    items: int
    skills: int
    prerequisites: int
    retired: int
