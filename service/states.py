"""Where students stand, folded on from the nearest state there is: one that this process holds, a snapshot, or none.

What is held is a cache like a snapshot, and checked like one: it counts for nothing under another model or catalog, nor
where the student's history is not the one that it is a fold of, which the store looks at.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping, Sequence

from engine.responses import EMPTY, History, unpack
from engine.tracing import AnyState
from engine.values import value
from service.ahead import NOTHING, Worked
from service.behind import Behind
from service.lru import LRUCache
from service.serving import Serving
from service.store.base import Held, Snapshot, Store, StudentState
from service.store.records import SIZE

SNAPSHOT_AFTER, SHARE = 32, 1 / 16
"""Records folded beyond the last snapshot from which a new one is kept, and their share of all. Folding fewer costs
less than writing; and a snapshot grows with the items met, so that what is written an answer stays the same."""

PART = 16
"""Students worked on before other requests get their turn."""

LONG = 2_000
"""Records beyond which a fold leaves the event loop's thread."""

READY: tuple[History, AnyState | None] = EMPTY, None
"""Nothing is left to be folded."""

BESIDE = 1_500
"""Bytes that a state takes beside its arrays."""


@value(frozen=True, slots=True)
class Kept(Held):
    """A state that is held, under the ``tag`` of its serving; ``saved`` are the records that the student's snapshot is
    known to cover."""

    tag: bytes
    state: AnyState
    saved: int


class States:
    """One a process. The states used last are held, as many as there is ``room`` for, in bytes."""

    def __init__(self, store: Store, behind: Behind, room: int) -> None:
        self._store, self._behind = store, behind
        self._kept = LRUCache[str, Kept](room)

    def held(self, serving: Serving, students: Sequence[str]) -> Mapping[str, Kept]:
        """What the store is told that we have, and :meth:`after` is given with its answer."""
        if serving.predictor is not None:  # it reads whole histories
            return {}
        tag, get = serving.tag, self._kept.get
        return {student: one for student in students if (one := get(student)) is not None and one.tag == tag}

    async def after(
        self,
        serving: Serving,
        students: Sequence[str],
        stored: Sequence[StudentState],
        held: Mapping[str, Kept],
        worked: Worked = NOTHING,
    ) -> list[AnyState]:
        """The state of each student. Where an answer came late, it is of the whole history, folded anew. What was
        ``worked`` out ahead is not folded again."""
        tracer, states = serving.tracer, []
        made = [_made(worked, one, student, held) for student, one in zip(students, stored, strict=True)]
        given = [
            _given(serving, one, held.get(student)) if ready is None else READY
            for student, one, ready in zip(students, stored, made, strict=True)
        ]
        late = {at for at, one in enumerate(given) if one is None}
        if late:
            again, _ = await self._store.read([students[at] for at in sorted(late)], b"")
            stored = [*stored]
            for at, one in zip(sorted(late), again, strict=True):
                stored[at], given[at] = one, (unpack(one.records), None)
        for at, (student, one, history_and_base) in enumerate(zip(students, stored, given, strict=True)):
            assert history_and_base is not None, "it was read again"
            if (ready := made[at]) is not None:
                state = ready
            elif len(one.records) < LONG * SIZE:
                state = tracer.fold(*history_and_base)
            else:
                state = await asyncio.to_thread(tracer.fold, *history_and_base)
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
        due = one.length - saved >= max(SNAPSHOT_AFTER, SHARE * one.length)
        if late or (due and not self._behind.waits(student)):
            saved = one.length
            self._behind.keep(Snapshot(student, serving.tag, one.length, serving.tracer.dump(state)))
        last = one.records[-SIZE:] or (held.last if one.held and held is not None else b"")
        old = self._kept.get(student)
        overtaken = old is not None and old.tag == serving.tag and old.covers > one.length  # by a later request
        if last and not overtaken:  # without it the last record is not known here
            new = Kept(one.length, last, serving.tag, state, saved)
            self._kept.keep(student, new, state.belief.nbytes + BESIDE)


def _made(worked: Worked, stored: StudentState, student: str, held: Mapping[str, Kept]) -> AnyState | None:
    """The state that was worked out ahead, if it was of this."""
    return worked.state(student, held[student].state, stored.records) if stored.held and student in held else None


def _given(serving: Serving, stored: StudentState, held: Kept | None) -> tuple[History, AnyState | None] | None:
    """What is to be folded, and what on: None for nothing. None in all where it cannot be: an answer is older than what
    was folded, or a snapshot cannot be read (it is a cache and no more), so that the rest is missing."""
    history = unpack(stored.records)
    if stored.held and held is not None:
        base = held.state
    elif stored.snapshot is None:
        return history, None
    else:
        try:
            base = serving.tracer.load(stored.snapshot)
        except (struct.error, ValueError, IndexError):
            return None
    return None if serving.tracer.late(history, base) else (history, base)
