"""The items that all classes together have answered: those that the viewer may see.

Difficulty and discrimination need more answers than one class gives. A student who is in two classes counts once. Who
may see figures alone (a leader) is told of no item that fewer than :data:`~service.overview.LEAST` students have
answered, of nobody by name, and of those who knew and those who did not only where both are as many, or nobody.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from service.access import Role, borders, viewer
from service.classroom.dossier import names_of
from service.classroom.items import Answered, ItemLine, answered, lines_of, suspicious
from service.classroom.lately import Lately
from service.overview import LEAST
from service.tallies import AT_ONCE
from service.tutor import Tutor


@dataclass(frozen=True, slots=True)
class PooledItems:
    """Every item with an answer, those that look wrong first; ``hidden`` are items that too few have answered to be
    shown to this viewer."""

    classes: int
    students: int
    suspicious: int
    hidden: int
    lines: tuple[ItemLine, ...]
    model_version: str
    catalog_version: str


async def ask_pooled_items(tutor: Tutor, item_id: str = "") -> PooledItems:
    """``item_id`` is the item whose answers are wanted one by one. Raises NotAllowed."""
    class_ids = await borders.counted(tutor.rosters, await tutor.classes())
    members = [await tutor.rosters.class_students(one) for one in class_ids]
    students = list(dict.fromkeys(student for group in members for student in group))
    names = names_of(await tutor.rosters.current(), students)
    serving, parts, version = tutor.serving, list[Answered](), ""
    for low in range(0, len(students), AT_ONCE):  # some at a time: whole histories are read
        part = {student: names[student] for student in students[low : low + AT_ONCE]}
        serving, pupils = await Lately(room=0).pupils(tutor, part)
        if parts and serving.catalog.version != version:
            return await ask_pooled_items(tutor, item_id)  # another catalog came meanwhile: its items are other ones
        version = serving.catalog.version
        parts.append(await asyncio.to_thread(answered, serving.catalog, pupils))
    lines = await asyncio.to_thread(lines_of, serving.catalog, parts, item_id)
    shown = [_counted(line) for line in lines if line.facts.students >= LEAST] if _counts_alone() else lines
    versions = serving.model_version, serving.catalog_version
    hidden = len(lines) - len(shown)
    return PooledItems(sum(map(bool, members)), len(students), suspicious(shown), hidden, tuple(shown), *versions)


def _counts_alone() -> bool:
    return viewer().role is Role.LEADER


def _counted(line: ItemLine) -> ItemLine:
    """Without who answered, and without those who knew where they, or the others, are few."""
    facts, knew = line.facts, line.facts.knowing or 0
    if any(0 < n < LEAST for n in (knew, facts.students - knew)):
        facts = replace(facts, knowing=None, knowing_right=None, knowing_expected=None, others_right=None)
    return replace(line, facts=facts, by=())
