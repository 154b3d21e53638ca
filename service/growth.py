"""How much each student has learnt since a moment: the rise of expected success, averaged over all skills."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from engine.responses import unpack
from engine.tracing.judgements import fold_judged
from service.notes import Notes
from service.serving import Serving
from service.store.base import StudentState
from service.tallies import AT_ONCE
from service.tutor import Tutor


async def growth(tutor: Tutor, now: Mapping[str, float], since: int) -> Mapping[str, float]:
    """Of students who have answered, by what is expected of them ``now``; ``since`` in ms. Whole histories are read,
    some students at a time, and folded up to then."""
    found, students = dict[str, float](), list(now)
    for low in range(0, len(students), AT_ONCE):
        part = students[low : low + AT_ONCE]
        stored, heads = await tutor.store.read(part, b"")
        serving = await tutor.servings.at(heads)
        before = await asyncio.to_thread(_then, serving, stored, since)
        found |= {student: now[student] - mastery for student, mastery in zip(part, before, strict=True)}
    return found


def _then(serving: Serving, stored: Sequence[StudentState], since: int) -> list[float]:
    """The expected success of each at that moment, by what was known of them then."""
    tracer, found = serving.tracer, list[float]()
    for one in stored:
        history = unpack(one.records)
        early = history[history["at"] < since]
        said = [judgement for judgement in Notes.read(one.notes).judgements if judgement.at < since]
        state = fold_judged(tracer, early, said) if said else tracer.fold(early)
        found.append(float(tracer.standing(state, since).mastery.mean()))
    return found
