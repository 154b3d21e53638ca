"""Groups to teach together, by shared gap (:mod:`engine.grouping` has the rule), and as a teacher has changed them.

What was changed stands in the address, so that it can be sent and taken back; what is to last is kept under a name
(:mod:`service.classroom.kept_groups`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.grouping import form_groups, lacking
from engine.mastery import SkillMastery, Status
from service.classroom.dossier import Dossier, Moment
from service.classroom.pupil import Pupil
from service.errors import InvalidRequest, UnknownSkills


@dataclass(frozen=True, slots=True)
class Member:
    """A student of the class; the numbers are of the group's skill (without a group: of the first gap, if any)."""

    student_id: str
    name: str
    skill_id: str
    title: str
    mastery: float | None
    low: float | None
    high: float | None
    responses: int | None
    status: Status | None
    stuck: bool


@dataclass(frozen=True, slots=True)
class GroupView:
    """``number`` counts from 1."""

    number: int
    skill_id: str
    title: str
    students: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class KeptName:
    """Groups that somebody keeps for the class, without the groups themselves."""

    id: str
    name: str
    author: str
    at: Moment


@dataclass(frozen=True, slots=True)
class GroupsView:
    """``alone`` share a gap with too few others; ``without_gap`` need no reteaching by the answers so far; ``changed``
    tells that these are not the suggested groups, ``kept_as`` that they were kept, and ``kept`` what is kept, the
    oldest first."""

    class_id: str
    class_title: str
    changed: bool
    kept_as: KeptName | None
    kept: tuple[KeptName, ...]
    groups: tuple[GroupView, ...]
    alone: tuple[Member, ...]
    without_gap: tuple[Member, ...]
    model_version: str
    catalog_version: str


@dataclass(frozen=True, slots=True)
class GroupChange:
    """Groups as a teacher wants them: the skill of each, and each student with the number of their group (0: none)."""

    skills: tuple[str, ...] = ()
    students: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()


def groups_view(
    found: Dossier,
    change: GroupChange | None = None,
    kept: tuple[KeptName, ...] = (),
    kept_as: KeptName | None = None,
) -> GroupsView:
    """The suggested groups, or those of ``change``. Raises UnknownSkills, and InvalidRequest where it does not fit."""
    before, after = found.catalog.required
    learning = [[one.status is Status.LEARNING for one in pupil.seen] for pupil in found.pupils]
    lacks = lacking(np.array(learning, bool).reshape(len(found.pupils), -1), before, after)
    changed = kept_as is not None or (change is not None and bool(change.skills))
    made = _changed(found, change) if change and changed else [(g.skill, g.students) for g in form_groups(lacks)]
    placed = {at for _, students in made for at in students}
    rest = [at for at in range(len(found.pupils)) if at not in placed]
    gap = {at: int(lacks[at].argmax()) for at in rest if lacks[at].any()}
    return GroupsView(
        found.class_id,
        found.title,
        changed,
        kept_as,
        kept,
        tuple(_group(found, number, *one) for number, one in enumerate(made, 1)),
        tuple(_member(found.pupils[at], gap[at]) for at in rest if at in gap),
        tuple(_member(found.pupils[at], None) for at in rest if at not in gap),
        found.serving.model_version,
        found.serving.catalog_version,
    )


def _changed(found: Dossier, change: GroupChange) -> list[tuple[int, tuple[int, ...]]]:
    index = found.catalog.skill_index
    if unknown := [skill for skill in change.skills if skill not in index]:
        raise UnknownSkills(unknown)
    if len(change.students) != len(change.numbers):
        raise InvalidRequest("As many who as to: each student has the number of a group, 0 for none.")
    to = dict(zip(change.students, change.numbers, strict=True))
    if wrong := [n for n in to.values() if not 0 <= n <= len(change.skills)]:
        raise InvalidRequest(f"There is no group {wrong[0]}: {len(change.skills)} were given a skill.")
    at = {pupil.student_id: place for place, pupil in enumerate(found.pupils)}  # who left the class is left out
    return [
        (index[skill], tuple(at[one] for one, to_group in to.items() if to_group == number and one in at))
        for number, skill in enumerate(change.skills, 1)
    ]


def _group(found: Dossier, number: int, skill: int, students: Sequence[int]) -> GroupView:
    members = tuple(_member(found.pupils[at], skill) for at in students)
    return GroupView(number, found.catalog.skills[skill].id, found.skill_title(skill), members)


def _member(pupil: Pupil, skill: int | None) -> Member:
    if skill is None:
        return Member(pupil.student_id, pupil.name, "", "", None, None, None, None, None, False)
    one: SkillMastery = pupil.skills[skill]
    numbers = one.mastery, one.low, one.high, one.responses, one.status, one.stuck
    return Member(pupil.student_id, pupil.name, one.skill_id, one.title, *numbers)
