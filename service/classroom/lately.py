"""Students whom somebody looked at lately, with what was worked out of their histories: the next page is there at once.

A cache like any other: nothing of it is believed that the store does not confirm. It is asked for what came after the
records that are held, and answers with the whole history where they are not the student's. What time alone changes
(forgetting) is worked out anew after :data:`FRESH`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from engine.responses import unpack
from service.classroom.pupil import Pupil
from service.lru import LRUCache
from service.notes import Notes
from service.serving import Serving
from service.store.base import Held, StudentState
from service.store.records import SIZE
from service.tutor import Tutor

FRESH = 5 * 60_000
"""Milliseconds for which an estimate is as good as new."""

ROOM = 48 * 2**20
"""Bytes that are held: some 600 students with 60 skills and 300 answers."""

BESIDE, EACH = 1_000, 600
"""Bytes that are held of a student beside the history, and for each skill."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A student with the packed records of the history, in order of arrival."""

    records: bytes
    pupil: Pupil

    @property
    def size(self) -> int:
        """With room for how each answer moved the estimates, which may be worked out later."""
        return 3 * len(self.records) + EACH * len(self.pupil.tracer.catalog.skills) + BESIDE


class Lately:
    """One a tutor. The students looked at last are held, as many as there is room for."""

    def __init__(self, room: int = ROOM) -> None:
        self._kept = LRUCache[str, Kept](room)

    async def pupils(self, tutor: Tutor, names: Mapping[str, str]) -> tuple[Serving, tuple[Pupil, ...]]:
        """The students whose names are given by their ids, in that order, and under what they were worked out."""
        kept = {student: known for student in names if (known := self._kept.get(student)) is not None}
        held = {who: Held(len(one.records) // SIZE, one.records[-SIZE:]) for who, one in kept.items() if one.records}
        stored, heads = await tutor.store.read(list(names), b"", held)
        serving, now = await tutor.servings.at(heads), tutor.now()
        found = []
        for (student, name), one in zip(names.items(), stored, strict=True):
            notes = Notes.read(one.notes)
            fresh = Pupil(student, name, unpack(b""), serving.tracer.bare, now, tutor.thresholds, notes)
            found.append(self._after(fresh, one, kept.get(student)))
        return serving, tuple(found)

    def _after(self, fresh: Pupil, stored: StudentState, kept: Kept | None) -> Pupil:
        """``fresh``, with its history; who was kept, where nothing has changed since."""
        before = kept.records if stored.held and kept is not None else b""
        whole = before + stored.records if before else stored.records
        if kept is not None and whole == kept.records and _as_good(kept.pupil, fresh):
            pupil = kept.pupil
        else:
            pupil = replace(fresh, history=unpack(whole))
        new = Kept(whole, pupil)
        self._kept.keep(fresh.student_id, new, new.size)
        return pupil


def _as_good(known: Pupil, fresh: Pupil) -> bool:
    same = known.tracer is fresh.tracer and known.rules == fresh.rules and known.name == fresh.name
    same = same and known.notes == fresh.notes
    return same and known.now <= fresh.now < known.now + FRESH


_of: WeakKeyDictionary[Tutor, Lately] = WeakKeyDictionary()


def lately(tutor: Tutor) -> Lately:
    return _of.setdefault(tutor, Lately())
