"""What was written moves from SQLite's log (WAL) into the file while more is written.

SQLite itself does it in the midst of a commit, every so many pages: some ten milliseconds in which nobody is answered.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

from service.store.sqlite_schema import connect

log = logging.getLogger(__name__)

EVERY = 64
"""Transactions between two moves at least: moved again and again, a page that changes often costs more."""

REST = 0.2
"""Seconds between two moves."""

FAR = 16_000
"""Pages of log at which SQLite does move them in a commit: while there is always more to be written, only that ends
with nothing left, and the log begins anew. Few are left then."""


class Checkpoints:
    """A thread with a connection of its own; made by whoever writes."""

    def __init__(self, path: Path, patience: float) -> None:
        self._path, self._patience, self._written = path, patience, 0
        self._due, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
        self._thread.start()

    def written(self) -> None:
        """To be called after each transaction."""
        self._written += 1
        if self._written % EVERY == 0:
            self._due.set()

    def close(self) -> None:
        self._closing.set()
        self._due.set()
        self._thread.join()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while self._due.wait() and not self._closing.is_set():
            self._due.clear()
            try:
                connection = connection or connect(self._path, self._patience)
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()  # waits for nobody, nor lets wait
            except (sqlite3.Error, OSError) as error:
                log.warning("the database's log was not moved into its file: %s", error)
            self._closing.wait(REST)
        if connection is not None:
            connection.close()
