"""Jobs for the embedded store: where it works in a process of its own, they travel by name."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

COMMITS: list[str] = []


def number_of_process(connection: sqlite3.Connection) -> int:
    return os.getpid()


def wait_for(connection: sqlite3.Connection, path: Path) -> None:
    """Counts the commits from here on, in :data:`COMMITS`."""
    connection.set_trace_callback(lambda sql: COMMITS.append(sql) if sql == "COMMIT" else None)
    while not path.exists():
        time.sleep(0.005)


def commits(connection: sqlite3.Connection) -> int:
    return len(COMMITS)


def fill(connection: sqlite3.Connection) -> None:
    """Leave room for five pages."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 5}")


def half_done(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO head VALUES ('catalog', 'half done')")
    connection.execute("INSERT INTO head VALUES ('model', NULL)")


def settings(connection: sqlite3.Connection) -> list[str | int]:
    return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]


class Peculiar(Exception):
    def __init__(self, one: int, other: int) -> None:
        super().__init__(f"{one} and {other}")


def peculiar(connection: sqlite3.Connection) -> None:
    raise Peculiar(1, 2)
