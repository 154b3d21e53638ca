"""A thread that runs jobs on one SQLite connection: those that wait together share a transaction and its fsync."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from service.store.base import StoreUnavailable
from service.store.turnstile import Turnstile, pause

log = logging.getLogger(__name__)

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

MOST = 512
"""Jobs in one transaction: bounds how long other processes wait for the write lock."""

BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
FAULTS_OF_JOB = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.InterfaceError)
"""Errors that one job causes by what it asks; every other sqlite3.Error means the database cannot answer."""


@dataclass(slots=True)
class _Waiting:
    job: Job[Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop


class Worker:
    """Runs jobs in order of arrival, a batch of them in each transaction.

    A job is answered only after the commit. One that fails by its own fault takes no other with it: the batch is
    rolled back and its jobs run again one at a time, so a job must not have effects outside its connection.
    """

    def __init__(
        self,
        name: str,
        connect: Callable[[], sqlite3.Connection],
        begin: str,
        patience: float,
        turnstile: Turnstile | None = None,
    ) -> None:
        self._turnstile = turnstile
        self._connect = connect
        self._begin = begin
        self._patience = patience
        self._connection: sqlite3.Connection | None = None
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    async def run(self, job: Job[T]) -> T:
        """The job's result, once its transaction is committed."""
        if self._closing:
            raise StoreUnavailable("the store is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Waiting(job, future, loop))
        return await future

    async def close(self) -> None:
        """Finish what waits, then end the thread and close its connection."""
        if not self._closing:
            self._closing = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        last = False
        while not last:
            batch, last = self._take()
            if batch:
                _deliver(batch, self._outcomes([waiting.job for waiting in batch]))
        self._disconnect()
        if self._turnstile is not None:
            self._turnstile.close()

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

    def _outcomes(self, jobs: Sequence[Job[Any]]) -> list[Any]:
        """Result or exception of each job."""
        try:
            return self._transact(jobs)
        except StoreUnavailable as error:
            return [error] * len(jobs)
        except Exception as error:  # handed to the caller whose job it was
            if len(jobs) == 1:
                return [error]
            return [outcome for job in jobs for outcome in self._outcomes([job])]

    def _transact(self, jobs: Sequence[Job[Any]]) -> list[Any]:
        try:
            connection = self._connection = self._connection or self._connect()
            self._wait_to_begin(connection)
            results = [job(connection) for job in jobs]
            connection.execute("COMMIT")
            return results
        except FAULTS_OF_JOB:
            self._roll_back()
            raise
        except (sqlite3.Error, OSError) as error:
            log.warning("the database cannot answer: %s", error)
            self._roll_back()
            if getattr(error, "sqlite_errorcode", None) not in BUSY:
                self._disconnect()  # opened afresh for the next job: a full or failing disk may recover
            raise StoreUnavailable(f"the database cannot answer: {error}") from error
        except BaseException:
            self._roll_back()
            raise

    def _wait_to_begin(self, connection: sqlite3.Connection) -> None:
        """Begin, after other processes' transactions.

        Polled here: SQLite's own busy handler backs off to 100 ms a try, and starves behind a busy neighbour.
        """
        deadline = time.monotonic() + self._patience
        try:
            if self._turnstile is not None:
                self._turnstile.enter(deadline)
            while not self._begun(connection, time.monotonic() >= deadline):
                pause()
        finally:
            if self._turnstile is not None:
                self._turnstile.leave()

    def _begun(self, connection: sqlite3.Connection, last_try: bool) -> bool:
        try:
            connection.execute(self._begin)
        except sqlite3.OperationalError as error:
            if last_try or error.sqlite_errorcode not in BUSY:
                raise
            return False
        return True

    def _roll_back(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                self._disconnect()  # closing rolls back too

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error:
                log.warning("closing the database failed", exc_info=True)


def _deliver(batch: Sequence[_Waiting], outcomes: Sequence[Any]) -> None:
    """Hand every outcome to the event loop that waits for it, in one call a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for waiting, outcome in zip(batch, outcomes, strict=True):
        by_loop.setdefault(waiting.loop, []).append((waiting.future, outcome))
    for loop, answers in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, answers)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.debug("an event loop ended before its answers")


def _resolve(answers: Sequence[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, outcome in answers:
        if future.done():  # the caller gave up
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
