"""The tables of the embedded store, and how an older file becomes a newer one."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from service.store.base import StoreUnavailable

# A student's name stands once; rows of the history carry a small integer in its place. A history is one range of
# `response`; the unique index makes an id count once. Log positions are never used twice (AUTOINCREMENT), so that
# "archived through here" stays true after a trim.
MIGRATIONS = (
    """
    CREATE TABLE student (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE response (
        student INTEGER NOT NULL, n INTEGER NOT NULL, key INTEGER NOT NULL, record BLOB NOT NULL,
        PRIMARY KEY (student, n)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX response_key ON response (student, key);
    CREATE TABLE snapshot (student INTEGER PRIMARY KEY, tag BLOB NOT NULL, covers INTEGER NOT NULL, blob BLOB NOT NULL);
    CREATE TABLE log (position INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, event BLOB NOT NULL);
    CREATE TABLE membership (class TEXT NOT NULL, student INTEGER NOT NULL, PRIMARY KEY (class, student)) WITHOUT ROWID;
    CREATE TABLE artifact (
        kind TEXT NOT NULL, version TEXT NOT NULL, blob BLOB NOT NULL,
        PRIMARY KEY (kind, version)
    );
    CREATE TABLE head (kind TEXT PRIMARY KEY, version TEXT NOT NULL) WITHOUT ROWID;
    """,
    "ALTER TABLE student ADD COLUMN notes BLOB NOT NULL DEFAULT x''",
    "CREATE TABLE class_note (class TEXT PRIMARY KEY, notes BLOB NOT NULL) WITHOUT ROWID",
)
"""Script number i brings a file from ``user_version`` i to i + 1. Never edit one that was released: append."""


PAGES = 4_000


def connect(path: Path, patience: float, *, polled: bool = False, pages: int = PAGES) -> sqlite3.Connection:
    """A connection to the file (made where it is missing), in WAL mode, durable at every commit.

    A ``polled`` one says at once that a lock is held, and leaves waiting to the caller. After so many ``pages`` of log
    a commit moves them into the file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=patience)
    try:
        _enter_wal(connection, patience)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
        if polled:
            connection.execute("PRAGMA busy_timeout = 0")
            connection.execute("PRAGMA cache_size = -16384")  # KB: what a batch changes, before it is committed
    except BaseException:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest version; the caller holds a write transaction."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise StoreUnavailable(f"the database was made by a newer release (version {version} > {len(MIGRATIONS)})")
    for script in MIGRATIONS[version:]:
        for statement in script.split(";"):  # executescript() would commit the caller's transaction
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _enter_wal(connection: sqlite3.Connection, patience: float) -> None:
    # SQLite does not wait for a lock here, and several workers start at once.
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.005)
