"""A class, read once: who is in it, what they answered, and where each stood at any time."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import numpy as np
from pydantic import PlainSerializer

from engine.catalog import Catalog
from engine.mastery import DAY_MS
from service.access import borders
from service.choosing import HOUR
from service.classroom.lately import lately
from service.classroom.pupil import Pupil
from service.classroom.selection import groups_of
from service.errors import InvalidRequest, UnknownClass, UnknownStudent
from service.roster import Roster
from service.serving import Serving
from service.tutor import Tutor

T = TypeVar("T")

WEEK, MONTH = "7d", "28d"
LESSON = 4  # a lesson is a day on which at least one in so many of the class answered

Moment = Annotated[int, PlainSerializer(lambda ms: datetime.fromtimestamp(ms / 1000, UTC), return_type=datetime)]
"""Milliseconds since 1970; RFC 3339 in JSON."""


@dataclass(frozen=True)
class Dossier:
    """The students of a class in the roster's order; ``title`` is empty where the roster has none, and ``groups`` are
    those that its columns make (:func:`service.classroom.selection.groups_of`), by student."""

    class_id: str
    title: str
    pupils: tuple[Pupil, ...]
    serving: Serving
    now: int
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def catalog(self) -> Catalog:
        return self.serving.catalog

    def skill_title(self, skill: int) -> str:
        return self.catalog.skills[skill].title or self.catalog.skills[skill].id

    def lesson(self) -> int:
        """When the last lesson began: the last day (UTC) on which at least one in :data:`LESSON` of the class
        answered; a week ago where there is none."""
        days = Counter(day for pupil in self.pupils for day in set((pupil.history["at"] // DAY_MS).tolist()))
        found = [day for day, n in days.items() if n * LESSON >= len(self.pupils) and day * DAY_MS <= self.now]
        return max(found) * DAY_MS if found else self.now - 7 * DAY_MS

    def since(self, text: str) -> int:
        """The moment that ``text`` names: ``lesson``, ``7d``, ``2026-03-01`` (the day's begin in UTC) or a moment as
        RFC 3339 has it. Raises :class:`InvalidRequest`."""
        if text == "lesson":
            return self.lesson()
        if days := re.fullmatch(r"([0-9]{1,4})d", text):
            return self.now - self.now % HOUR - int(days[1]) * DAY_MS
        try:
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return int(moment.timestamp() * 1000)
        except (ValueError, OverflowError):
            fault = {"field": "since", "message": "write lesson, a number of days such as 7d, or a date: 2026-03-01"}
            raise InvalidRequest("since names no day", errors=[fault]) from None


async def pupil(tutor: Tutor, student_id: str) -> Pupil:
    """A student whom the viewer may see. Raises NotAllowed and UnknownStudent."""
    await borders.require_student(tutor.rosters, student_id)
    roster = await tutor.rosters.current()
    _, (found,) = await lately(tutor).pupils(tutor, names_of(roster, [student_id]))
    if not len(found.history) and student_id not in roster.student:
        raise UnknownStudent(student_id)
    return found


async def dossier(tutor: Tutor, class_id: str) -> Dossier:
    """A class that the viewer may see. Raises NotAllowed and UnknownClass."""
    await borders.require_class(tutor.rosters, class_id)
    students = await tutor.rosters.class_students(class_id)
    if not students:
        raise UnknownClass(class_id)
    roster = await tutor.rosters.current()
    serving, found = await lately(tutor).pupils(tutor, names_of(roster, students))
    groups = groups_of(roster, students)
    return Dossier(class_id, title_of(roster, class_id), found, serving, tutor.now(), groups)


async def ask(tutor: Tutor, class_id: str, question: Callable[[Dossier], T]) -> T:
    """The answer to a question about a class, worked out in a thread: the answers that come in do not wait for it."""
    found = await dossier(tutor, class_id)
    return await asyncio.to_thread(question, found)


def names_of(roster: Roster, students: Sequence[str]) -> dict[str, str]:
    """What the roster calls these students; two of one name have their ids behind it. Empty where it has no name."""
    names = {one: roster.student[one].name if one in roster.student else "" for one in students}
    often = Counter(names.values())
    return {one: f"{name} ({one})" if name and often[name] > 1 else name for one, name in names.items()}


def title_of(roster: Roster, class_id: str) -> str:
    return roster.a_class[class_id].title if class_id in roster.a_class else ""


def reached(pupils: Sequence[Pupil]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Who has mastered what [N, K], also where it is time to review."""
    return np.array([[one.reached for one in pupil.seen] for pupil in pupils], bool)
