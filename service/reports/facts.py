"""What a page is made of, as plain data: filled from the tutor in :mod:`service.reports.source`.

The views know these types and the engine's alone, so that they are tested without a store or a server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.mastery import SkillMastery, Status
from service.classroom.outlook import CoursePoint, Fading

UNTRAINED = "builtin"  # the version of the model that needs no training (engine.model.builtin)


@dataclass(frozen=True, slots=True)
class Context:
    """Under what the numbers were made; ``now`` is in ms."""

    model_version: str
    catalog_version: str
    has_catalog: bool
    now: int

    @property
    def untrained(self) -> bool:
        return self.model_version == UNTRAINED


@dataclass(frozen=True, slots=True)
class Learner:
    """A student and what is believed of each skill, in the catalog's order."""

    student_id: str
    skills: tuple[SkillMastery, ...]
    name: str = ""  # as the roster has it

    @property
    def label(self) -> str:
        """What the student is called on a page."""
        return self.name or self.student_id


@dataclass(frozen=True, slots=True)
class ClassFacts:
    class_id: str
    learners: tuple[Learner, ...]
    context: Context
    title: str = ""
    prerequisites: tuple[tuple[str, str], ...] = ()  # (what comes before, the skill), by id
    areas: Mapping[str, str] = field(default_factory=dict)  # of the skills that have one, by id
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # that the roster makes, by student

    @property
    def label(self) -> str:
        return self.title or self.class_id


@dataclass(frozen=True, slots=True)
class ClassSum:
    """A class counted: students, those who are stuck on something, and all students' skills by status."""

    class_id: str
    title: str
    students: int
    stuck: int
    counts: Mapping[Status, int]

    @property
    def label(self) -> str:
        return self.title or self.class_id


@dataclass(frozen=True, slots=True)
class Move:
    """How one answer moved one skill: mastery at the opportunity and after it."""

    skill_id: str
    title: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One response; ``item_id`` is None where the catalog does not hold the item (its skills are unknown then)."""

    at: int
    item_id: str | None
    item_title: str
    score: float
    p_correct: float | None
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class NextItem:
    item_id: str
    item_title: str
    text: str
    p_correct: float
    skills: tuple[str, ...] = ()  # their titles


@dataclass(frozen=True, slots=True)
class Next:
    """What is next; ``text`` is the engine's sentence, also where there is nothing to give; ``lost`` are its sentences
    on the skills that came next and why they were not given."""

    text: str
    items: tuple[NextItem, ...]
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StudentFacts:
    student_id: str
    skills: tuple[SkillMastery, ...]
    answers: tuple[Answer, ...]  # in order of time
    next: Next
    context: Context
    name: str = ""
    classes: Mapping[str, str] = field(default_factory=dict)  # what the classes that the roster gives are called
    fading: tuple[Fading, ...] = ()  # what is about to be forgotten, the soonest first
    course: tuple[CoursePoint, ...] = ()  # intervals along the way, in order of time

    @property
    def label(self) -> str:
        return self.name or self.student_id
