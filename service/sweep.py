"""After another model or catalog was published: students' snapshots folded anew, slowly, before anybody asks for them.

A snapshot of another model is no snapshot: the student's next answer folds the whole history, which takes longer than
an answer usually does. This does it beforehand, in the sync process, so that no API worker does anything for it; what
it asks of the store is bounded by the rate.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from engine.responses import unpack
from service.serving import Serving, Servings
from service.store.base import Snapshot, Store, StoreUnavailable

logger = logging.getLogger(__name__)

PART = 16
"""Students that are read, folded and written together."""

LOOK = 256
"""Students whose snapshots are looked at together."""

EVERY = 5.0
"""Seconds between two looks at the heads. API workers look oftener: none writes snapshots of the old model by then."""


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class Sweep:
    """``rate`` is in students a second. ``pause`` waits, but no longer than until it is to stop."""

    def __init__(
        self,
        store: Store,
        servings: Servings,
        rate: float,
        pause: Callable[[asyncio.Event, float], Awaitable[None]] = _sleep,
    ) -> None:
        self._store, self._servings, self._rate, self._pause = store, servings, rate, pause
        self._done = b""

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep whenever the heads moved, until ``stop`` is set. A store that is away is waited for."""
        while not stop.is_set():
            await self._pause(stop, EVERY)
            try:
                serving = await self._servings.refresh()
                # With a predictor whole histories are read, and snapshots are of no use.
                if serving.tag != self._done and serving.predictor is None and await self._swept(serving, stop):
                    self._done = serving.tag
            except StoreUnavailable as fault:
                logger.info("the sweep waits for the store", extra={"fault": str(fault)})
            except Exception:
                logger.exception("a sweep failed")

    async def _swept(self, serving: Serving, stop: asyncio.Event) -> bool:
        """Whether all were looked at; not where it was stopped, or another model came."""
        after, folded, began = "", 0, time.monotonic()
        while not stop.is_set() and (await self._servings.refresh()).tag == serving.tag:
            students, after = await self._store.outdated(serving.tag, after, LOOK)
            for low in range(0, len(students), PART):
                if stop.is_set():
                    return False
                folded += await self._fold(serving, students[low : low + PART])
                await self._pause(stop, len(students[low : low + PART]) / self._rate)
            if not after:
                if folded:
                    told = {"students": folded, "seconds": round(time.monotonic() - began, 1)}
                    logger.info("snapshots are folded anew", extra=told | {"model_version": serving.model_version})
                return True
        return False

    async def _fold(self, serving: Serving, students: Sequence[str]) -> int:
        """Fold those whose snapshot is still of another model; how many."""
        stored, _ = await self._store.read(students, serving.tag)
        snapshots = []
        for student, one in zip(students, stored, strict=True):
            if one.snapshot is None and one.length:  # else an answer came meanwhile, and its snapshot
                state = await asyncio.to_thread(serving.tracer.fold, unpack(one.records))
                snapshots.append(Snapshot(student, serving.tag, one.length, serving.tracer.dump(state)))
        await self._store.save_snapshots(snapshots)
        return len(snapshots)
