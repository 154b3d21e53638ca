"""One skill of a class: who is where, what holds them back, and the items that teach it, how well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.mastery import Status
from service.classroom.dossier import Dossier, Moment, reached
from service.errors import UnknownSkills


@dataclass(frozen=True, slots=True)
class SkillLine:
    """A student on the skill. ``lacks`` are the skills that it builds on, directly, and that are not mastered."""

    student_id: str
    name: str
    mastery: float
    low: float
    high: float
    threshold: float
    responses: int
    status: Status
    stuck: bool
    last_practised: Moment | None
    lacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """A skill that this one builds on (``direct`` or further back), and how many of those who have not mastered this
    one have not mastered it either."""

    skill_id: str
    title: str
    direct: bool
    students: int


@dataclass(frozen=True, slots=True)
class Teaching:
    """An item of the skill. Over all ``answers`` of the class to it: the share right, and the expected success on the
    skill before and after, on average. Of the ``nexts`` answers that followed on the skill, ``next_right`` were right.
    """

    item_id: str
    title: str
    answers: int
    students: int
    right: float | None
    before: float | None
    after: float | None
    nexts: int
    next_right: int


@dataclass(frozen=True, slots=True)
class SkillView:
    """``counts`` has the students by status; ``waiting`` have not mastered it."""

    class_id: str
    class_title: str
    skill_id: str
    title: str
    waiting: int
    counts: Mapping[Status, int]
    lines: tuple[SkillLine, ...]
    holding: tuple[Holding, ...]
    items: tuple[Teaching, ...]
    model_version: str
    catalog_version: str


def skill_view(found: Dossier, skill_id: str) -> SkillView:
    """Raises :class:`~service.errors.UnknownSkills`."""
    k = found.catalog.skill_index.get(skill_id)
    if k is None:
        raise UnknownSkills([skill_id])
    before, after = found.catalog.required
    direct = before[after == k].tolist()
    lines = sorted(_lines(found, k, direct), key=lambda line: (not line.stuck, line.mastery))
    return SkillView(
        found.class_id,
        found.title,
        skill_id,
        found.skill_title(k),
        sum(not pupil.seen[k].reached for pupil in found.pupils),
        {status: sum(line.status is status for line in lines) for status in Status},
        tuple(lines),
        _holding(found, k, direct),
        tuple(sorted(_teaching(found, k), key=lambda item: -item.answers)),
        found.serving.model_version,
        found.serving.catalog_version,
    )


def _lines(found: Dossier, k: int, direct: list[int]) -> list[SkillLine]:
    lines = []
    for pupil in found.pupils:
        one = pupil.skills[k]
        lacks = tuple(found.skill_title(j) for j in direct if not pupil.seen[j].reached)
        numbers = one.mastery, one.low, one.high, one.threshold, one.responses, one.status, one.stuck, one.last_at
        lines.append(SkillLine(pupil.student_id, pupil.name, *numbers, lacks))
    return lines


def _holding(found: Dossier, k: int, direct: list[int]) -> tuple[Holding, ...]:
    """Everything that the skill builds on, the nearest first."""
    before, after = found.catalog.required
    done, order, front = reached(found.pupils), list(direct), list(direct)
    while front := [j for j in dict.fromkeys(before[np.isin(after, front)].tolist()) if j not in order]:
        order += front
    waiting = ~done[:, k]
    return tuple(
        Holding(found.catalog.skills[j].id, found.skill_title(j), j in direct, int((waiting & ~done[:, j]).sum()))
        for j in order
    )


def _teaching(found: Dossier, k: int) -> list[Teaching]:
    items = {
        at: _Tally() for at, item in enumerate(found.catalog.items) if found.catalog.skills[k].id in item.skill_ids
    }
    for pupil in found.pupils:
        told = pupil.told
        links = np.flatnonzero(told.skills == k)
        answers = np.searchsorted(told.first, links, side="right") - 1
        scores = told.answers.scores[answers]
        for at, (link, answer) in enumerate(zip(links.tolist(), answers.tolist(), strict=True)):
            tally = items[int(told.answers.items[answer])]
            tally.add(pupil.student_id, float(scores[at]), float(told.before[link]), float(told.after[link]))
            if at + 1 < len(links):
                tally.following.append(float(scores[at + 1]))
    return [tally.told(found.catalog.items[at].id, found.catalog.items[at].title) for at, tally in items.items()]


class _Tally:
    def __init__(self) -> None:
        self.students: set[str] = set()
        self.rows: list[tuple[float, float, float]] = []  # score, before, after
        self.following: list[float] = []

    def add(self, student: str, score: float, before: float, after: float) -> None:
        self.students.add(student)
        self.rows.append((score, before, after))

    def told(self, item_id: str, title: str) -> Teaching:
        n = len(self.rows)
        means: list[float | None] = np.mean(self.rows, axis=0).tolist() if n else [None] * 3
        followed = len(self.following), sum(score >= 0.5 for score in self.following)
        return Teaching(item_id, title, n, len(self.students), means[0], means[1], means[2], *followed)
