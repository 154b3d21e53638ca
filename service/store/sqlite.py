"""The embedded store: one SQLite file, shared by the worker processes of one machine."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
from service.store.sqlite_apart import Apart
from service.store.sqlite_jobs import Runner, reading, writing
from service.store.sqlite_schema import migrate
from service.store.sqlite_worker import Worker

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
    """See :class:`service.store.base.Store`. What runs on the file stands below: it may run in another process."""

    def __init__(self, path: Path, patience: float = PATIENCE, *, apart: bool = False) -> None:
        """Use :meth:`open`, which also makes the tables."""
        self.apart = apart and os.name == "posix"  # elsewhere no process is handed an open socket
        self._writer: Runner
        self._reader: Runner
        if self.apart:
            self._writer, self._reader = Apart("writing", path, patience), Apart("reading", path, patience)
        else:
            self._writer = Worker("store-writer", writing(path, patience))
            self._reader = Worker("store-reader", reading(path, patience))

    @classmethod
    async def open(cls, path: Path, patience: float = PATIENCE, *, apart: bool = False) -> SQLiteStore:
        """The store in this file, made or migrated where needed."""
        store = cls(path, patience, apart=apart)
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
        return await self._writer.run(_record, writes, tag, _bare(held))

    async def read(
        self, student_ids: Sequence[str], tag: bytes, held: Mapping[str, Held] = NOTHING
    ) -> tuple[list[StudentState], Heads]:
        return await self._reader.run(_read, student_ids, tag, _bare(held))

    async def save_snapshots(self, snapshots: Sequence[Snapshot]) -> None:
        require_tags(snapshots)
        await self._writer.run(_save, snapshots)

    async def outdated(self, tag: bytes, after: str, limit: int) -> tuple[list[str], str]:
        rows = await self._reader.run(_rows, SNAPSHOTS_AFTER, int(after or 0), limit)
        return [name for _, name, kept in rows if kept != tag], str(rows[-1][0]) if len(rows) == limit else ""

    async def keep_notes(self, student_id: str, notes: bytes, instead_of: bytes) -> bool:
        return await self._writer.run(_keep_notes, student_id, notes, instead_of)

    async def noted(self) -> list[str]:
        return sorted(await self._column("SELECT name FROM student WHERE notes <> x''"))

    async def class_notes(self, class_id: str) -> bytes:
        return await self._reader.run(_class_notes, class_id)

    async def keep_class_notes(self, class_id: str, notes: bytes, instead_of: bytes) -> bool:
        return await self._writer.run(_keep_class_notes, class_id, notes, instead_of)

    async def append_log(self, kind: LogKind, events: Sequence[tuple[str, bytes]]) -> None:
        await self._writer.run(batch.log, kind, [event for _, event in events])

    async def class_ids(self) -> list[str]:
        return sorted(await self._column("SELECT DISTINCT class FROM membership"))

    async def class_students(self, class_id: str) -> list[str]:
        return sorted(await self._column(CLASS_STUDENTS, class_id))

    async def heads(self) -> Heads:
        return await self._reader.run(_heads)

    async def publish(self, kind: ArtifactKind, version: str, blob: bytes) -> None:
        await self._writer.run(_publish, kind, version, blob)

    async def replace(self, kind: ArtifactKind, version: str, blob: bytes, instead_of: str | None) -> bool:
        return await self._writer.run(_replace, kind, version, blob, instead_of)

    async def fetch(self, kind: ArtifactKind, version: str) -> bytes | None:
        rows = await self._reader.run(_rows, "SELECT blob FROM artifact WHERE kind = ? AND version = ?", kind, version)
        return bytes(rows[0][0]) if rows else None

    async def discard(self, kind: ArtifactKind, version: str) -> None:
        await self._writer.run(_rows, DROP_ARTIFACT, kind, version)

    async def log_partitions(self) -> list[str]:
        return [PARTITION]

    async def read_log(self, partition: str, limit: int, *, newest: bool = False) -> list[LogEntry]:
        if partition != PARTITION:
            return []
        query = f"SELECT position, kind, event FROM log ORDER BY position {'DESC' if newest else 'ASC'} LIMIT ?"
        rows = await self._reader.run(_rows, query, limit)
        rows = rows[::-1] if newest else rows
        return [LogEntry(str(position), KINDS[kind], event) for position, kind, event in rows]

    async def trim_log(self, partition: str, through: str) -> None:
        if partition == PARTITION:
            await self._writer.run(_rows, "DELETE FROM log WHERE position <= ?", int(through))

    async def ping(self) -> None:
        await self._reader.run(_rows, "SELECT 1 FROM head LIMIT 1")

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()

    async def _column(self, query: str, *values: str) -> list[str]:
        return [row[0] for row in await self._reader.run(_rows, query, *values)]


def _bare(held: Mapping[str, Held]) -> dict[str, Held]:
    """What callers hold without what else they know of it, which is large."""
    return {student: Held(one.covers, one.last) for student, one in held.items()}


def _record(
    connection: sqlite3.Connection, writes: Sequence[Write], tag: bytes, held: Mapping[str, Held]
) -> tuple[list[Recorded], Heads]:
    recorded = batch.record(connection, writes, tag, held)
    if recorded is None:
        recorded = [students.record(connection, one, tag, held.get(one.student_id)) for one in writes]
    return recorded, _heads(connection)


def _read(
    connection: sqlite3.Connection, student_ids: Sequence[str], tag: bytes, held: Mapping[str, Held]
) -> tuple[list[StudentState], Heads]:
    return [students.read(connection, name, tag, held.get(name)) for name in student_ids], _heads(connection)


def _save(connection: sqlite3.Connection, snapshots: Sequence[Snapshot]) -> None:
    for snapshot in snapshots:
        student = students.find(connection, snapshot.student_id, b"")
        if snapshot.covers <= student.length:
            number = student.id or students.add(connection, snapshot.student_id)
            connection.execute(SAVE_SNAPSHOT, (number, snapshot.tag, snapshot.covers, snapshot.blob))


def _keep_notes(connection: sqlite3.Connection, student_id: str, notes: bytes, instead_of: bytes) -> bool:
    number = students.find(connection, student_id, b"").id or students.add(connection, student_id)
    return bool(connection.execute(KEEP_NOTES, (notes, number, instead_of)).rowcount)


def _keep_class_notes(connection: sqlite3.Connection, class_id: str, notes: bytes, instead_of: bytes) -> bool:
    if _class_notes(connection, class_id) != instead_of:
        return False
    connection.execute(KEEP_CLASS_NOTES, (class_id, notes))
    return True


def _replace(
    connection: sqlite3.Connection, kind: ArtifactKind, version: str, blob: bytes, instead_of: str | None
) -> bool:
    if getattr(_heads(connection), kind) != instead_of:
        return False
    _publish(connection, kind, version, blob)
    return True


def _rows(connection: sqlite3.Connection, query: str, *values: Any) -> list[Any]:
    return connection.execute(query, values).fetchall()


def _class_notes(connection: sqlite3.Connection, class_id: str) -> bytes:
    row = connection.execute(CLASS_NOTES, (class_id,)).fetchone()
    return bytes(row[0]) if row else b""


def _publish(connection: sqlite3.Connection, kind: ArtifactKind, version: str, blob: bytes) -> None:
    connection.execute(KEEP_ARTIFACT, (kind, version, blob))
    connection.execute(SET_HEAD, (kind, version))


def _heads(connection: sqlite3.Connection) -> Heads:
    versions = dict(connection.execute("SELECT kind, version FROM head").fetchall())
    return Heads(versions.get("catalog"), versions.get("model"), versions.get("roster"), versions.get("access"))
