"""Classes counted: how many skills of each student have which status. What overviews are made of; nothing is listed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.mastery import Status, tally
from engine.tracing import AnyState
from service.serving import Serving
from service.tutor import Tutor

AT_ONCE = 250
"""Students read from the store at once."""


@dataclass(frozen=True, slots=True)
class Tally:
    """A student: all answers and the last one's time (ms), skills by status, skills on which they are stuck, and the
    expected success now, averaged over all skills (None without an answer, or without a catalog)."""

    student_id: str
    responses: int
    last_at: int | None
    counts: Counter[Status]
    stuck: int
    mastery: float | None


async def tallies(tutor: Tutor, class_ids: Iterable[str]) -> tuple[Serving, Mapping[str, tuple[Tally, ...]]]:
    """Each class that has students today, and each of its students; who is in two classes is looked at once."""
    members = {one: await tutor.rosters.class_students(one) for one in class_ids}
    students = list(dict.fromkeys(student for group in members.values() for student in group))
    serving, found = tutor.serving, dict[str, Tally]()
    for low in range(0, len(students), AT_ONCE):
        part = students[low : low + AT_ONCE]
        serving, states = await tutor.states(part)
        found |= await asyncio.to_thread(_counted, tutor, serving, part, states)
    return serving, {one: tuple(found[student] for student in group) for one, group in members.items() if group}


def _counted(tutor: Tutor, serving: Serving, students: list[str], states: list[AnyState]) -> dict[str, Tally]:
    now, rules, skills = tutor.now(), tutor.thresholds, serving.catalog.skills
    return {
        student: Tally(
            student,
            state.length,
            state.folded_at if state.length else None,
            *tally(serving.tracer, state, now, rules),
            float(serving.tracer.standing(state, now).mastery.mean()) if state.length and skills else None,
        )
        for student, state in zip(students, states, strict=True)
    }
