"""A school in figures, nobody by name: one query behind the leader's page, the JSON and the CSV.

**Groups smaller than :data:`LEAST` are suppressed** here, before anything is shown: such a class keeps its name and
loses its figures. So does a class or a school from which another shown line could be subtracted, leaving so few; a
school's line counts its shown classes alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.intervals import mean_interval
from engine.mastery import DAY_MS, Status
from service.access import borders
from service.growth import growth
from service.roster import Roster
from service.tallies import Tally, tallies
from service.tutor import Tutor

LEAST = 10
WEEK, GROWTH_DAYS = 7 * DAY_MS, 28
DONE = (Status.MASTERED, Status.NEEDS_REVIEW)
JUDGED = (*DONE, Status.LEARNING)


@dataclass(frozen=True, slots=True)
class Figures:
    """Reach and use of a group, and where it stands."""

    students: int
    reached: int  # with an answer at any time
    active: int  # with an answer in the last seven days
    answers: int
    judged: int  # pairs of a student and a skill with enough answers to judge
    mastered: int  # of those, how many are mastered, also where it is time to review
    missing: int  # without any answer
    growth: float | None  # rise of expected success in GROWTH_DAYS, over all skills, averaged over who has answered
    growth_low: float | None  # its 90 % interval; None where fewer than LEAST have answered
    growth_high: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """``figures`` is None where the group is too small to be shown, or would tell of one that is."""

    level: Literal["school", "class"]
    school: str
    class_id: str
    title: str
    figures: Figures | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Each school before its classes."""

    lines: tuple[Line, ...]
    suppressed: int  # classes
    model_version: str
    catalog_version: str


async def overview(tutor: Tutor) -> Overview:
    """The figures of every class and school. Raises :class:`~service.errors.NotAllowed`."""
    borders.require_overview()
    roster = await tutor.rosters.current()
    serving, found = await tallies(tutor, await tutor.classes())
    now = {one.student_id: one.mastery for group in found.values() for one in group if one.mastery is not None}
    grown = await growth(tutor, now, tutor.now() - GROWTH_DAYS * DAY_MS)
    lines = tuple(_lines(found, roster, tutor.now(), grown))
    suppressed = sum(line.figures is None for line in lines if line.level == "class")
    return Overview(lines, suppressed, serving.model_version, serving.catalog_version)


def figures(students: Iterable[Tally], now: int, grown: Mapping[str, float]) -> Figures | None:
    """Figures of a group in which a student may stand twice; None where it is too small."""
    group = list({one.student_id: one for one in students}.values())
    if len(group) < LEAST:
        return None
    rises = np.array([grown[one.student_id] for one in group if one.student_id in grown])
    shown = mean_interval(rises) if len(rises) >= LEAST else (None, None, None)
    reached = sum(one.responses > 0 for one in group)
    judged, mastered = (sum(one.counts[status] for one in group for status in some) for some in (JUDGED, DONE))
    return Figures(
        len(group),
        reached,
        sum(one.last_at is not None and now - one.last_at < WEEK for one in group),
        sum(one.responses for one in group),
        judged,
        mastered,
        len(group) - reached,
        *shown,
    )


def _lines(
    classes: Mapping[str, Sequence[Tally]], roster: Roster, now: int, grown: Mapping[str, float]
) -> Iterable[Line]:
    by_school: dict[str, list[str]] = {}
    for class_id in classes:
        group = roster.a_class.get(class_id)
        by_school.setdefault(group.school if group else "", []).append(class_id)
    for school_id, members in sorted(by_school.items()):
        school = roster.school.get(school_id)
        name = (school.name or school.id) if school else ""
        groups = {one: frozenset(student.student_id for student in classes[one]) for one in members}
        shown = _shown(groups)
        parts = [
            _line(one, name, roster, figures(classes[one], now, grown) if one in shown else None) for one in members
        ]
        together = (student for one in members if one in shown for student in classes[one])
        whole = frozenset[str]().union(*(groups[one] for one in shown))
        tells = any(_leaves_few(whole, groups[one]) for one in shown)
        yield Line("school", name, "", name, None if tells else figures(together, now, grown))
        yield from sorted(parts, key=lambda line: (line.title.casefold(), line.class_id))


def _shown(groups: Mapping[str, frozenset[str]]) -> set[str]:
    """The classes with figures: large enough, and not around a smaller one that is shown with few more in it.

    >>> sorted(_shown({"a": frozenset("abcdefghijkl"), "b": frozenset("abcdefghijklm"), "c": frozenset("xyz")}))
    ['a']
    """
    shown: set[str] = set()
    for name, group in sorted(groups.items(), key=lambda pair: (len(pair[1]), pair[0])):
        if len(group) >= LEAST and not any(_leaves_few(group, groups[one]) for one in shown):
            shown.add(name)
    return shown


def _leaves_few(group: frozenset[str], part: frozenset[str]) -> bool:
    return part < group and len(group - part) < LEAST


def _line(class_id: str, school: str, roster: Roster, shown: Figures | None) -> Line:
    group = roster.a_class.get(class_id)
    title = group.title if group and group.title else class_id
    return Line("class", school, class_id, title, shown)
