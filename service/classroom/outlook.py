"""How one student's estimates went, and how they will go without practice: the course with its intervals, what is about
to be forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.mastery import DAY_MS, glances
from service.classroom.dossier import Moment, pupil
from service.classroom.pupil import Pupil
from service.tutor import Tutor

MOMENTS = 24
"""Times at which the interval is told: it is worked out from the whole history before each."""
AHEAD = 14
"""Days that are looked ahead."""


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """What was believed of a skill after a day of practice, with the 90 % interval, by the answers until then."""

    at: Moment
    skill_id: str
    title: str
    mastery: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Fading:
    """A mastered skill that will need review in ``days`` days if it is not practised before; ``then`` is the expected
    success on that day."""

    skill_id: str
    title: str
    mastery: float
    days: int
    then: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """``fading`` has the soonest first; ``course`` the skills practised until each moment, oldest first."""

    student_id: str
    name: str
    fading: tuple[Fading, ...]
    course: tuple[CoursePoint, ...]
    model_version: str
    catalog_version: str


async def ask_outlook(tutor: Tutor, student_id: str) -> Outlook:
    """Raises NotAllowed and UnknownStudent."""
    one = await pupil(tutor, student_id)
    return await asyncio.to_thread(outlook, one)


def outlook(one: Pupil) -> Outlook:
    fading = sorted(_fading(one), key=lambda skill: (skill.days, skill.then))
    catalog = one.tracer.catalog
    versions = one.tracer.model.version, catalog.version if catalog.items else ""
    return Outlook(one.student_id, one.name, tuple(fading), tuple(_course(one)), *versions)


def _fading(one: Pupil) -> Iterator[Fading]:
    left = {k for k, seen in enumerate(one.seen) if seen.status == "mastered"}
    for days in range(1, AHEAD + 1):
        if not left:
            return
        later = glances(one.tracer, one.state, one.now + days * DAY_MS, one.rules)
        for k in [k for k in left if later[k].status == "needs review"]:
            left.remove(k)
            skill = one.tracer.catalog.skills[k]
            yield Fading(skill.id, skill.title or skill.id, one.seen[k].mastery, days, later[k].mastery)


def _course(one: Pupil) -> Iterator[CoursePoint]:
    days = np.unique(one.history["at"] // DAY_MS)
    chosen = days[np.unique(np.linspace(0, len(days) - 1, min(MOMENTS, len(days))).round().astype(int))]
    for day in chosen.tolist():
        past = one.history[one.history["at"] < (day + 1) * DAY_MS]
        at = int(past["at"].max())
        state = one.folded(past, at)
        low, high = one.tracer.interval(past, state, at)
        mastery = one.tracer.standing(state, at).mastery
        for k in np.flatnonzero(state.responses).tolist():
            skill = one.tracer.catalog.skills[k]
            numbers = float(mastery[k]), float(low[k]), float(high[k])
            yield CoursePoint(at, skill.id, skill.title or skill.id, *numbers)
