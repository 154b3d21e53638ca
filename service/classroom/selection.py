"""The part of a class's grid that is wanted: the page and its CSV are cut by the same rule. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.mastery import SkillMastery, Status
from service.roster import Roster
from service.views import ClassMastery, SkillSpread, StudentMastery

STUCK = "stuck"

Edges = Collection[tuple[str, str]]
"""Pairs of skill ids: what comes before, and the skill that builds on it."""
Groups = Mapping[str, tuple[str, ...]]
"""The groups that the roster gives each student, by the student's id."""


@dataclass(frozen=True, slots=True)
class Selection:
    """``area`` is the area whose skills are wanted; ``around`` a skill that is wanted with all that it builds on and
    all that builds on it; ``status`` a status (or ``stuck``) that a student must have on a wanted skill; ``group`` one
    of :func:`groups_of`; ``who`` the students themselves. Empty: everything."""

    status: str = ""
    area: str = ""
    around: str = ""
    group: str = ""
    who: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.status or self.area or self.around or self.group or self.who)

    def skills(self, ids: Sequence[str], areas: Mapping[str, str], edges: Edges) -> list[int]:
        """The places of the wanted skills; ``areas`` are those of the skills that have one."""
        near = _around(self.around, edges) if self.around else set(ids)
        return [k for k, one in enumerate(ids) if one in near and (not self.area or areas.get(one) == self.area)]

    def has(self, student_id: str, groups: Sequence[str], skills: Sequence[SkillMastery], at: Sequence[int]) -> bool:
        """Whether a student is wanted, by the skills ``at`` these places."""
        if (self.who and student_id not in self.who) or (self.group and self.group not in groups):
            return False
        wanted = (skills[k] for k in at)
        return not self.status or any(
            one.stuck if self.status == STUCK else one.status == self.status for one in wanted
        )


def _around(skill_id: str, edges: Edges) -> set[str]:
    """A skill with all that it builds on, and all that builds on it."""
    found = {skill_id}
    for near, far in ((1, 0), (0, 1)):
        front = {skill_id}
        while front := {edge[far] for edge in edges if edge[near] in front} - found:
            found |= front
    return found


def groups_of(roster: Roster, students: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What the roster's own columns say of each of these students, as ``column: value``, where they share it with some
    of the others and not with all: a column that tells them all apart, or none, makes no groups."""
    told = {
        one: tuple(f"{column}: {value}" for column, value in roster.student[one].attributes.items() if value)
        if one in roster.student
        else ()
        for one in students
    }
    often = Counter(group for groups in told.values() for group in groups)
    return {one: tuple(g for g in groups if 1 < often[g] < len(students)) for one, groups in told.items()}


def selected(view: ClassMastery, wanted: Selection, groups: Groups, edges: Edges) -> ClassMastery:
    """The wanted part of a class, counted anew."""
    if not wanted:
        return view
    areas = {one.skill_id: one.area for one in view.skills if one.area}
    at = wanted.skills([one.skill_id for one in view.skills], areas, edges)
    students = tuple(
        replace(one, skills=tuple(one.skills[k] for k in at))
        for one in view.students
        if wanted.has(one.student_id, groups.get(one.student_id, ()), one.skills, at)
    )
    return replace(
        view, students=students, skills=tuple(_recounted(view.skills[k], students, n) for n, k in enumerate(at))
    )


def _recounted(spread: SkillSpread, students: Sequence[StudentMastery], place: int) -> SkillSpread:
    counts = Counter(one.skills[place].status for one in students)
    return replace(spread, counts={status: counts[status] for status in Status})
