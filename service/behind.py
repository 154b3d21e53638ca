"""What is written behind the answer: snapshots (a cache) and the log of recommendations."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Iterable

from service import metrics
from service.store.base import Snapshot, Store, StoreUnavailable

logger = logging.getLogger(__name__)

LINGER = 0.1
"""Seconds in which writes are gathered: one commit for all of them, not one behind every answer."""

RETRY = 1.0
MAX_DECISIONS = 50_000  # recommendations that wait while the store is away; beyond it they are dropped and counted
MAX_SNAPSHOTS = 5_000
MAX_KNOWN = 20_000
PART = 64
"""Written at a time: 500 held up everybody for some milliseconds, ten times a second."""


class Behind:
    """Gathers writes and makes them in a task of its own. :meth:`close` writes what is left."""

    def __init__(self, store: Store, linger: float = LINGER) -> None:
        self._store, self._linger = store, linger
        self._snapshots: dict[str, Snapshot] = {}
        self._decisions: list[tuple[str, bytes]] = []
        self._known: OrderedDict[str, None] = OrderedDict()
        self._work = asyncio.Event()
        self._closing = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="behind")

    def keep(self, snapshot: Snapshot) -> None:
        """Write a snapshot; of one student only the newest waits."""
        if len(self._snapshots) < MAX_SNAPSHOTS or snapshot.student_id in self._snapshots:
            self._snapshots[snapshot.student_id] = snapshot
            self._work.set()

    def waits(self, student_id: str) -> bool:
        """Whether a snapshot of this student is about to be written: making another now gains little."""
        return student_id in self._snapshots

    def is_new(self, recommendation_id: str) -> bool:
        """Whether this process logs it for the first time, as far back as it remembers."""
        if recommendation_id in self._known:
            self._known.move_to_end(recommendation_id)
            return False
        self._known[recommendation_id] = None
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return True

    def log(self, student_id: str, events: Iterable[bytes]) -> None:
        """Write recommendations to the log."""
        for event in events:
            if len(self._decisions) >= MAX_DECISIONS:
                metrics.dropped.inc()
            else:
                self._decisions.append((student_id, event))
        self._work.set()

    async def close(self) -> None:
        """Write what is left, then stop. Recommendations that the store does not take any more are told as lost."""
        self._closing.set()
        self._work.set()
        await self._task
        if self._decisions:
            logger.error("recommendations were not logged", extra={"lost": len(self._decisions)})

    async def _run(self) -> None:
        while not self._closing.is_set() or self._snapshots or self._decisions:
            await self._work.wait()
            await self._pause(self._linger)
            self._work.clear()
            try:
                await self._write()
            except StoreUnavailable:
                if self._closing.is_set():
                    return
                await self._pause(RETRY)
                self._work.set()
            if self._closing.is_set():
                self._work.set()

    async def _write(self) -> None:
        snapshots, self._snapshots = list(self._snapshots.values()), {}
        for low in range(0, len(snapshots), PART):  # lost where the store is away: a cache, made again by the next fold
            await self._attempt(self._store.save_snapshots(snapshots[low : low + PART]))
        # Those that are there now: under load more arrive all the while, and snapshots must get their turn.
        for _ in range(0, len(self._decisions), PART):
            part = self._decisions[:PART]
            await self._attempt(self._store.append_log("recommendation", part))
            # After the write: where it failed half-way, some stand in the log twice, under one recommendation id.
            del self._decisions[: len(part)]

    async def _attempt(self, write: Awaitable[None]) -> None:
        """Make a write. Raises StoreUnavailable; any other fault is told, and what it concerned is given up."""
        try:
            await write
        except StoreUnavailable:
            raise
        except Exception:
            logger.exception("a write behind the answers failed")

    async def _pause(self, seconds: float) -> None:
        """Sleep, but no longer than until the end is asked for."""
        if self._closing.is_set():
            return
        try:
            await asyncio.wait_for(self._closing.wait(), seconds)
        except TimeoutError:
            return
