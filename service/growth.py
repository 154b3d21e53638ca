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


async def growth(tutor: Tutor, students: Sequence[str], since: int) -> Mapping[str, float]:
    """Of every student who has answered; ``since`` in ms. Whole histories are read, some students at a time."""
    found: dict[str, float] = {}
    for low in range(0, len(students), AT_ONCE):
        part = students[low : low + AT_ONCE]
        stored, heads = await tutor.store.read(part, b"")
        serving = await tutor.servings.at(heads)
        found |= await asyncio.to_thread(_grown, tutor.now(), serving, part, stored, since)
    return found


def _grown(
    now: int, serving: Serving, students: Sequence[str], stored: Sequence[StudentState], since: int
) -> dict[str, float]:
    tracer, found = serving.tracer.bare, dict[str, float]()
    if not serving.catalog.skills:
        return found
    for student, one in zip(students, stored, strict=True):
        history = unpack(one.records)
        if not len(history):
            continue
        early = history["at"] < since
        if said := Notes.read(one.notes).judgements:
            before = fold_judged(tracer, history[early], [judgement for judgement in said if judgement.at < since])
            after = fold_judged(tracer, history, said)
        else:
            before = tracer.fold(history[early])
            after = tracer.fold(history[~early], before)
        rise = tracer.standing(after, now).mastery.mean() - tracer.standing(before, since).mastery.mean()
        found[student] = float(rise)
    return found
