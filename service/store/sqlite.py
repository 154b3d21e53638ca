"""The embedded store: one SQLite file, shared by the worker processes of one machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from service.store import sqlite_batch as batch
from service.store import sqlite_student as students
from service.store.base import (
    NOTHING,
    ArtifactKind,
    Heads,
    Held,
    LogEntry,
    LogKind,
    Recorded,
    Snapshot,
    StudentState,
    Write,
)
from service.store.records import KINDS, require_records, require_tags
from service.store.sqlite_schema import connect, migrate
from service.store.sqlite_worker import Worker
from service.store.turnstile import Turnstile

PARTITION = "log"
PATIENCE = 5.0
"""Seconds to wait for other processes' locks before the store counts as unavailable."""

KEEP_NOTES = "UPDATE student SET notes = ? WHERE id = ? AND notes = ?"
CLASS_NOTES = "SELECT notes FROM class_note WHERE class = ?"
KEEP_CLASS_NOTES = "INSERT INTO class_note VALUES (?, ?) ON CONFLICT (class) DO UPDATE SET notes = excluded.notes"
SAVE_SNAPSHOT = """
INSERT INTO snapshot (student, tag, covers, blob) VALUES (?, ?, ?, ?)
ON CONFLICT (student) DO UPDATE SET tag = excluded.tag, covers = excluded.covers, blob = excluded.blob
WHERE tag <> excluded.tag OR covers <= excluded.covers"""
SNAPSHOTS_AFTER = """
SELECT snapshot.student, name, tag FROM snapshot JOIN student ON student.id = snapshot.student
WHERE snapshot.student > ? ORDER BY snapshot.student LIMIT ?"""
CLASS_STUDENTS = "SELECT name FROM membership JOIN student ON student.id = membership.student WHERE class = ?"
KEEP_ARTIFACT = "INSERT INTO artifact (kind, version, blob) VALUES (?, ?, ?) ON CONFLICT (kind, version) DO NOTHING"
DROP_ARTIFACT = """
DELETE FROM artifact WHERE kind = ?1 AND version = ?2
AND NOT EXISTS (SELECT 1 FROM head WHERE kind = ?1 AND version = ?2)"""
SET_HEAD = "INSERT INTO head VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET version = excluded.version"


class SQLiteStore:
    """See :class:`service.store.base.Store`."""

    apart = False

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        """Use :meth:`open`, which also makes the tables."""
        turnstile = Turnstile(path.with_name(path.name + "-turn"))
        writable = partial(connect, path, patience, polled=True)
        self._writer = Worker("store-writer", writable, "BEGIN IMMEDIATE", patience, turnstile)
        self._reader = Worker("store-reader", partial(connect, path, patience), "BEGIN", patience)

    @classmethod
    async def open(cls, path: Path, patience: float = PATIENCE) -> SQLiteStore:
        """The store in this file, made or migrated where needed."""
        store = cls(path, patience)
        try:
            await store._writer.run(migrate)
        except BaseException:
            await store.close()
            raise
        return store

    async def record(
        self, writes: Sequence[Write], tag: bytes, held: Mapping[str, Held] = NOTHING
    ) -> tuple[list[Recorded], Heads]:
        require_records(writes)

        def work(connection: sqlite3.Connection) -> tuple[list[Recorded], Heads]:
            recorded = batch.record(connection, writes, tag, held)
            if recorded is None:
                recorded = [students.record(connection, one, tag, held.get(one.student_id)) for one in writes]
            return recorded, _heads(connection)

        return await self._writer.run(work)

    async def read(
        self, student_ids: Sequence[str], tag: bytes, held: Mapping[str, Held] = NOTHING
    ) -> tuple[list[StudentState], Heads]:
        return await self._reader.run(
            lambda connection: (
                [students.read(connection, name, tag, held.get(name)) for name in student_ids],
                _heads(connection),
            )
        )

    async def save_snapshots(self, snapshots: Sequence[Snapshot]) -> None:
        require_tags(snapshots)

        def save(connection: sqlite3.Connection) -> None:
            for snapshot in snapshots:
                student = students.find(connection, snapshot.student_id, b"")
                if snapshot.covers <= student.length:
                    number = student.id or students.add(connection, snapshot.student_id)
                    connection.execute(SAVE_SNAPSHOT, (number, snapshot.tag, snapshot.covers, snapshot.blob))

        await self._writer.run(save)

    async def outdated(self, tag: bytes, after: str, limit: int) -> tuple[list[str], str]:
        first = int(after or 0)
        rows = await self._reader.run(lambda connection: connection.execute(SNAPSHOTS_AFTER, (first, limit)).fetchall())
        return [name for _, name, kept in rows if kept != tag], str(rows[-1][0]) if len(rows) == limit else ""

    async def keep_notes(self, student_id: str, notes: bytes, instead_of: bytes) -> bool:
        def keep(connection: sqlite3.Connection) -> bool:
            number = students.find(connection, student_id, b"").id or students.add(connection, student_id)
            return bool(connection.execute(KEEP_NOTES, (notes, number, instead_of)).rowcount)

        return await self._writer.run(keep)

    async def noted(self) -> list[str]:
        return sorted(await self._column("SELECT name FROM student WHERE notes <> x''"))

    async def class_notes(self, class_id: str) -> bytes:
        return await self._reader.run(lambda connection: _class_notes(connection, class_id))

    async def keep_class_notes(self, class_id: str, notes: bytes, instead_of: bytes) -> bool:
        def keep(connection: sqlite3.Connection) -> bool:
            if _class_notes(connection, class_id) != instead_of:
                return False
            connection.execute(KEEP_CLASS_NOTES, (class_id, notes))
            return True

        return await self._writer.run(keep)

    async def append_log(self, kind: LogKind, events: Sequence[tuple[str, bytes]]) -> None:
        given = [event for _, event in events]
        await self._writer.run(lambda connection: batch.log(connection, kind, given))

    async def class_ids(self) -> list[str]:
        return sorted(await self._column("SELECT DISTINCT class FROM membership"))

    async def class_students(self, class_id: str) -> list[str]:
        return sorted(await self._column(CLASS_STUDENTS, class_id))

    async def heads(self) -> Heads:
        return await self._reader.run(_heads)

    async def publish(self, kind: ArtifactKind, version: str, blob: bytes) -> None:
        await self._writer.run(lambda connection: _publish(connection, kind, version, blob))

    async def replace(self, kind: ArtifactKind, version: str, blob: bytes, instead_of: str | None) -> bool:
        def put(connection: sqlite3.Connection) -> bool:
            if getattr(_heads(connection), kind) != instead_of:
                return False
            _publish(connection, kind, version, blob)
            return True

        return await self._writer.run(put)

    async def fetch(self, kind: ArtifactKind, version: str) -> bytes | None:
        def get(connection: sqlite3.Connection) -> bytes | None:
            query = "SELECT blob FROM artifact WHERE kind = ? AND version = ?"
            row = connection.execute(query, (kind, version)).fetchone()
            return bytes(row[0]) if row else None

        return await self._reader.run(get)

    async def discard(self, kind: ArtifactKind, version: str) -> None:
        def drop(connection: sqlite3.Connection) -> None:
            connection.execute(DROP_ARTIFACT, (kind, version))

        await self._writer.run(drop)

    async def log_partitions(self) -> list[str]:
        return [PARTITION]

    async def read_log(self, partition: str, limit: int, *, newest: bool = False) -> list[LogEntry]:
        if partition != PARTITION:
            return []
        query = f"SELECT position, kind, event FROM log ORDER BY position {'DESC' if newest else 'ASC'} LIMIT ?"
        rows = await self._reader.run(lambda connection: connection.execute(query, (limit,)).fetchall())
        rows = rows[::-1] if newest else rows
        return [LogEntry(str(position), KINDS[kind], event) for position, kind, event in rows]

    async def trim_log(self, partition: str, through: str) -> None:
        if partition != PARTITION:
            return
        last = int(through)

        def drop(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM log WHERE position <= ?", (last,))

        await self._writer.run(drop)

    async def ping(self) -> None:
        await self._reader.run(lambda connection: connection.execute("SELECT 1 FROM head LIMIT 1").fetchall())

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()

    async def _column(self, query: str, *values: str) -> list[str]:
        rows = await self._reader.run(lambda connection: connection.execute(query, values).fetchall())
        return [row[0] for row in rows]


def _class_notes(connection: sqlite3.Connection, class_id: str) -> bytes:
    row = connection.execute(CLASS_NOTES, (class_id,)).fetchone()
    return bytes(row[0]) if row else b""


def _publish(connection: sqlite3.Connection, kind: ArtifactKind, version: str, blob: bytes) -> None:
    connection.execute(KEEP_ARTIFACT, (kind, version, blob))
    connection.execute(SET_HEAD, (kind, version))


def _heads(connection: sqlite3.Connection) -> Heads:
    versions = dict(connection.execute("SELECT kind, version FROM head").fetchall())
    return Heads(versions.get("catalog"), versions.get("model"), versions.get("roster"), versions.get("access"))
