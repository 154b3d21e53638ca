"""Who would become mastered, and who would no longer be, if another model were served: numbers before anything changes.

Every student's history is folded under both models, by the served equations. A pair of student and skill is called
mastered as reports do it (:mod:`engine.mastery`): enough answers, and expected success at or above the threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.bundle import AnyModel
from engine.mastery import Thresholds
from models.folding import fold
from models.log import Floats, Ints, Mask, ResponseLog

NO_CLASS = "(no class)"
NO_MARKS: Mapping[str, float] = {}


@dataclass(frozen=True)
class Standing:
    """The pairs of student and skill (positions in the log) that have enough answers, and which are called mastered."""

    student: Ints
    skill: Ints
    mastery: Floats
    mastered: Mask


@dataclass(frozen=True)
class Count:
    """Of the ``pairs`` with enough answers: called mastered before and after, and who crosses either way."""

    name: str
    pairs: int
    before: int
    after: int
    gained: int
    lost: int

    @property
    def flips(self) -> int:
        return self.gained + self.lost

    @property
    def share(self) -> float:
        """Flips among those called mastered by either model: 0 where all stay, 1 where none does.

        Not of all pairs: where few are mastered, a model under which nobody is would then change next to nothing.
        """
        return self.flips / max(1, self.before + self.gained)


@dataclass(frozen=True)
class Crossing:
    """One student on one skill whose word would change."""

    student: str
    skill: str
    before: float
    after: float
    gained: bool


@dataclass(frozen=True)
class Crossings:
    """``classes`` by name, ``skills`` those that change, most flips first; ``students`` are persons: seldom shown."""

    total: Count
    classes: Sequence[Count]
    skills: Sequence[Count]
    students: Sequence[Crossing]


def standing(model: AnyModel, log: ResponseLog, rules: Thresholds, marks: Mapping[str, float] = NO_MARKS) -> Standing:
    """Where every student stands under a model, after all answers of the log; ``marks`` as of :func:`needed`."""
    folded = fold(model, log)
    enough = folded.answers >= rules.enough
    skill, mastery = folded.skill[enough], folded.success[enough]
    return Standing(folded.student[enough], skill, mastery, mastery >= needed(log, rules, marks)[skill])


def needed(log: ResponseLog, rules: Thresholds, marks: Mapping[str, float] = NO_MARKS) -> Floats:
    """The mastery from which each skill of the log is called mastered [K]; ``marks`` are those that a catalog sets."""
    return np.array([marks.get(skill, rules.mastered) for skill in log.skills], np.float64)


def cross(before: Standing, after: Standing, log: ResponseLog, classes: Mapping[str, str] | None = None) -> Crossings:
    """Two standings of the same log; ``classes`` has the class of each student, as far as it is known."""
    flags = before.mastered, after.mastered
    (total,) = _counts(["all"], np.zeros(len(before.student), np.int64), *flags)
    by_class: list[Count] = []
    if classes:
        names, of_student = np.unique(
            np.array([classes.get(student, NO_CLASS) for student in log.students], object).astype(str),
            return_inverse=True,
        )
        by_class = _counts(names.tolist(), of_student[before.student], *flags)
    by_skill = [count for count in _counts(log.skills, before.skill, *flags) if count.flips]
    moved = np.flatnonzero(before.mastered != after.mastered)
    students = [
        Crossing(log.students[s], log.skills[k], p, q, q_mastered)
        for s, k, p, q, q_mastered in zip(
            before.student[moved].tolist(),
            before.skill[moved].tolist(),
            before.mastery[moved].tolist(),
            after.mastery[moved].tolist(),
            after.mastered[moved].tolist(),
            strict=True,
        )
    ]
    return Crossings(total, by_class, sorted(by_skill, key=lambda count: -count.flips), students)


def _counts(names: Sequence[str], group: Ints, before: Mask, after: Mask) -> list[Count]:
    columns = (np.ones(len(group), bool), before, after, after & ~before, before & ~after)
    figures = [np.bincount(group[column], minlength=len(names)).tolist() for column in columns]
    return [Count(name, *row) for name, *row in zip(names, *figures, strict=True)]
