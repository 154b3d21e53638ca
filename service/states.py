"""Where students stand, folded on from the nearest state there is: one that this process holds, a snapshot, or none.

What is held is a cache like a snapshot, and checked like one: it counts for nothing under another model or catalog, nor
where the student's history is not the one that it is a fold of, which the store looks at.
"""

from __future__ import annotations

import asyncio
import struct
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.responses import unpack
from engine.tracing import AnyState
from service.behind import Behind
from service.serving import Serving
from service.store.base import Held, Snapshot, Store, StudentState
from service.store.records import SIZE

SNAPSHOT_AFTER = 32
"""Records folded beyond the last snapshot from which a new one is kept. Folding fewer costs less than writing."""

PART = 16
"""Students worked on before other requests get their turn."""

LONG = 2_000
"""Records beyond which a fold leaves the event loop's thread."""

ROOM = 64 * 2**20
"""Bytes of states that a process holds: some 5,000 students with 50 skills."""

BESIDE = 1_500
"""Bytes that a state takes beside its arrays."""


@dataclass(frozen=True, slots=True)
class Kept(Held):
    """A state that is held, under the ``tag`` of its serving; ``saved`` are the records that the student's snapshot is
    known to cover."""

    tag: bytes
    state: AnyState
    saved: int

    @property
    def size(self) -> int:
        return int(self.state.belief.nbytes) + BESIDE


class States:
    """One a process. The states used last are held, as many as there is room for."""

    def __init__(self, store: Store, behind: Behind, room: int = ROOM) -> None:
        self._store, self._behind, self._room = store, behind, room
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def held(self, serving: Serving, students: Sequence[str]) -> Mapping[str, Kept]:
        """What the store is told that we have, and :meth:`after` is given with its answer."""
        if serving.predictor is not None:  # it reads whole histories
            return {}
        kept = {student: self._kept.get(student) for student in students}
        return {student: one for student, one in kept.items() if one is not None and one.tag == serving.tag}

    async def after(
        self, serving: Serving, students: Sequence[str], stored: Sequence[StudentState], held: Mapping[str, Kept]
    ) -> list[AnyState]:
        """The state of each student. Where an answer came late, it is of the whole history, folded anew."""
        tracer = serving.tracer
        bases = [_base(serving, one, held.get(student)) for student, one in zip(students, stored, strict=True)]
        late = [at for at, (one, base) in enumerate(zip(stored, bases, strict=True)) if _late(serving, one, base)]
        if late:
            again, _ = await self._store.read([students[at] for at in late], b"")
            stored = [*stored]
            for at, one in zip(late, again, strict=True):
                stored[at], bases[at] = one, None
        states = []
        for at, (student, one) in enumerate(zip(students, stored, strict=True)):
            history, base = unpack(one.records), bases[at]
            if len(history) < LONG:
                state = tracer.fold(history, base)
            else:
                state = await asyncio.to_thread(tracer.fold, history, base)
            states.append(state)
            if serving.predictor is None:
                self._keep(serving, student, one, held.get(student), state, at in late)
            if at % PART == PART - 1:
                await asyncio.sleep(0)
        return states

    def _keep(
        self, serving: Serving, student: str, one: StudentState, held: Kept | None, state: AnyState, late: bool
    ) -> None:
        """Hold a state, and have a snapshot written where many records have come since the last one."""
        saved = held.saved if one.held and held is not None else one.length - len(one.records) // SIZE
        if late or (one.length - saved >= SNAPSHOT_AFTER and not self._behind.waits(student)):
            saved = one.length
            self._behind.keep(Snapshot(student, serving.tag, one.length, serving.tracer.dump(state)))
        last = one.records[-SIZE:] or (held.last if one.held and held is not None else b"")
        if last:  # else the last record is not known here
            self._hold(student, Kept(one.length, last, serving.tag, state, saved))

    def _hold(self, student: str, new: Kept) -> None:
        old = self._kept.get(student)
        if old is not None:
            if old.tag == new.tag and old.covers > new.covers:  # of a request that was overtaken
                return
            self._room += old.size
        self._kept[student] = new
        self._kept.move_to_end(student)
        self._room -= new.size
        while self._room < 0:
            self._room += self._kept.popitem(last=False)[1].size


def _base(serving: Serving, stored: StudentState, held: Kept | None) -> AnyState | None:
    """What to fold on: None for nothing, and where a snapshot cannot be read: it is a cache and no more."""
    if stored.held and held is not None:
        return held.state
    if stored.snapshot is None:
        return None
    try:
        return serving.tracer.load(stored.snapshot)
    except (struct.error, ValueError, IndexError):
        return None


def _late(serving: Serving, stored: StudentState, base: AnyState | None) -> bool:
    """Whether what is to be folded on cannot be: it is older than what was folded, or the rest is missing."""
    if base is None:
        return stored.snapshot is not None
    return serving.tracer.late(unpack(stored.records), base)
