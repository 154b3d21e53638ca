"""Jobs of the embedded store in a thread of this process."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from service.store.base import StoreUnavailable
from service.store.sqlite_jobs import MOST, Job, Transactions, resolve_all

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(slots=True)
class _Waiting:
    job: Job
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Worker:
    """The :class:`~service.store.sqlite_jobs.Runner` of callers that do little else."""

    def __init__(self, name: str, transactions: Transactions) -> None:
        self._transactions = transactions
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def run(self, function: Callable[..., T], *given: Any) -> T:
        if self._closing:
            raise StoreUnavailable("the store is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Waiting((function, given), future, loop))
        return await future

    async def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        last = False
        while not last:
            batch, last = self._take()
            if batch:
                _deliver(batch, self._transactions.outcomes([waiting.job for waiting in batch]))
        self._transactions.close()

    def _take(self) -> tuple[list[_Waiting], bool]:
        """What waits now, at least one job; and whether it is the last there will be."""
        batch: list[_Waiting] = []
        waiting = self._queue.get()
        while waiting is not None:
            batch.append(waiting)
            if len(batch) == MOST:
                return batch, False
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True


def _deliver(batch: Sequence[_Waiting], outcomes: Sequence[Any]) -> None:
    """Hand every outcome to the event loop that waits for it, in one call a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for waiting, outcome in zip(batch, outcomes, strict=True):
        by_loop.setdefault(waiting.loop, []).append((waiting.future, outcome))
    for loop, answers in by_loop.items():
        try:
            loop.call_soon_threadsafe(resolve_all, answers)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.debug("an event loop ended before its answers")
