"""What runs on one SQLite connection: jobs that wait together share a transaction and its fsync."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from service.futures import resolve
from service.store.base import StoreUnavailable
from service.store.sqlite_schema import PAGES, connect
from service.store.turnstile import Turnstile, pause

log = logging.getLogger(__name__)

T = TypeVar("T")
Job = tuple[Callable[..., Any], tuple[Any, ...]]
"""What is called with the connection, and what else it is given. It must have no effects outside its connection."""

MOST = 512
"""Jobs in one transaction: bounds how long other processes wait for the write lock."""

BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
FAULTS_OF_JOB = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.InterfaceError)
"""Errors that one job causes by what it asks; every other sqlite3.Error means the database cannot answer."""


class Runner(Protocol):
    """Runs jobs in order of arrival, a batch of them in each transaction; a job is answered only after the commit."""

    async def run(self, function: Callable[..., T], *given: Any) -> T:
        """What ``function(connection, *given)`` gives, once its transaction is committed."""

    async def close(self) -> None:
        """Finish what waits, and let go of the connection."""


class Transactions:
    """One connection, opened where it is needed.

    A job that fails by its own fault takes no other with it: the batch is rolled back and its jobs run again one at a
    time.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        begin: str,
        patience: float,
        turnstile: Turnstile | None = None,
    ) -> None:
        self._connect, self._begin, self._patience, self._turnstile = connect, begin, patience, turnstile
        self._connection: sqlite3.Connection | None = None

    def outcomes(self, jobs: Sequence[Job]) -> list[Any]:
        """Result or exception of each job."""
        try:
            return self._transact(jobs)
        except StoreUnavailable as error:
            return [error] * len(jobs)
        except Exception as error:  # handed to the caller whose job it was
            if len(jobs) == 1:
                return [error]
            return [outcome for job in jobs for outcome in self.outcomes([job])]

    def close(self) -> None:
        self._disconnect()
        if self._turnstile is not None:
            self._turnstile.close()

    def _transact(self, jobs: Sequence[Job]) -> list[Any]:
        try:
            connection = self._connection = self._connection or self._connect()
            self._wait_to_begin(connection)
            results = [function(connection, *given) for function, given in jobs]
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


def resolve_all(answers: Iterable[tuple[asyncio.Future[Any], Any]]) -> None:
    """Tell each who waits what became of their job."""
    for answer in answers:
        resolve(*answer)


def writing(path: Path, patience: float, pages: int = PAGES) -> Transactions:
    """What writes to a file, one transaction at a time over all processes; ``pages`` as of :func:`connect`."""
    turnstile = Turnstile(path.with_name(path.name + "-turn"))
    connecting = partial(connect, path, patience, polled=True, pages=pages)
    return Transactions(connecting, "BEGIN IMMEDIATE", patience, turnstile)


def reading(path: Path, patience: float) -> Transactions:
    """What reads from a file; it waits for no writer."""
    return Transactions(partial(connect, path, patience), "BEGIN", patience)
