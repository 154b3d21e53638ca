"""What the embedded store does for many students at once, inside a transaction of the caller's.

Python lets go of its lock at every step of a statement, and a busy event loop keeps it for milliseconds before it gives
it back: thousands of small statements would hold the file for as long. So the responses of a call go in as one
document, which SQLite takes apart by itself: one step a table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from service.store.base import Held, LogKind, Outcome, Recorded, Write
from service.store.records import KINDS, SIZE, key_of
from service.store.sqlite_student import NEWEST, Student, find, state_of

MANY = 8
"""Responses from which this is faster than one after the other."""

# The records that the callers know stand one after the other in ?2.
FIND = f"""
SELECT json_group_array(json_array(student.id, {NEWEST}, hex(student.notes),
    (SELECT record FROM response WHERE student = student.id AND n = asked.value ->> 1)
        = substr(?2, 1 + {SIZE} * asked.key, {SIZE})))
FROM json_each(?1) AS asked LEFT JOIN student ON student.name = asked.value ->> 0"""
ADD_STUDENTS = "INSERT INTO student (name) SELECT value FROM json_each(?)"
ADD_RESPONSES = f"""
INSERT INTO response (student, n, key, record)
SELECT one.value ->> 0, one.value ->> 1, one.value ->> 2, substr(?2, 1 + {SIZE} * one.key, {SIZE})
FROM json_each(?1) AS one WHERE true
ON CONFLICT (student, key) DO NOTHING"""
ADD_LOGS = """
INSERT INTO log (kind, event) SELECT ?3, substr(?2, one.value ->> 0, one.value ->> 1) FROM json_each(?1) AS one"""
ADD_MEMBERS = """
INSERT INTO membership (class, student) SELECT one.value ->> 0, one.value ->> 1 FROM json_each(?) AS one WHERE true
ON CONFLICT DO NOTHING"""


def record(
    connection: sqlite3.Connection, writes: Sequence[Write], tag: bytes, held: Mapping[str, Held]
) -> list[Recorded] | None:
    """As :meth:`service.store.base.Store.record`; None, and nothing is written, where they must be taken one after the
    other: few, an id that was seen before, a student twice, a text that no document holds."""
    if sum(len(write.responses) for write in writes) < MANY or len({write.student_id for write in writes}) < len(
        writes
    ):
        return None
    connection.execute("SAVEPOINT batch")
    students = _found(connection, writes, tag, held)
    if students is None or not _added(connection, writes, students):
        connection.execute("ROLLBACK TO batch")
        connection.execute("RELEASE batch")
        return None
    connection.execute("RELEASE batch")
    log(connection, "response", [one.event for write in writes for one in write.responses])
    recorded = []
    for write, student in zip(writes, students, strict=True):
        fresh, n = b"".join([one.record for one in write.responses]), len(write.responses)
        recorded.append(Recorded([Outcome.RECORDED] * n, state_of(connection, student, student.length + n, fresh)))
    return recorded


def log(connection: sqlite3.Connection, kind: LogKind, events: Sequence[bytes]) -> None:
    """Append events to the log, in this order."""
    places, start = [], 1
    for event in events:
        places.append((start, len(event)))
        start += len(event)
    connection.execute(ADD_LOGS, (_document(places), b"".join(events), KINDS.index(kind)))


def _found(
    connection: sqlite3.Connection, writes: Sequence[Write], tag: bytes, held: Mapping[str, Held]
) -> list[Student] | None:
    """The students of the writes, made where they are new."""
    known = [held.get(write.student_id) for write in writes]
    asked = _document([(write.student_id, one.covers if one else 0) for write, one in zip(writes, known, strict=True)])
    if asked is None:
        return None
    lasts = b"".join([one.last if one else bytes(SIZE) for one in known])
    rows = _rows(connection, asked, lasts)
    new = [write.student_id for write, row in zip(writes, rows, strict=True) if row[0] is None and write.responses]
    if new:
        connection.execute(ADD_STUDENTS, (_document(new),))
        rows = _rows(connection, asked, lasts)
    students = []
    for write, one, (number, newest, notes, same) in zip(writes, known, rows, strict=True):
        if one is not None and same:
            students.append(Student((number, newest, one.covers, None, bytes.fromhex(notes)), held=True))
        elif newest is None:
            students.append(Student(number and (number, None, None, None, bytes.fromhex(notes))))
        else:  # the history is not the one that the caller knew; or there may be a snapshot
            students.append(find(connection, write.student_id, tag))
    return students


def _rows(connection: sqlite3.Connection, asked: str, lasts: bytes) -> list[list[Any]]:
    """Number, newest record, notes (hexadecimal) of each student, and whether the caller knew its record."""
    (found,) = connection.execute(FIND, (asked, lasts)).fetchone()
    rows: list[list[Any]] = orjson.loads(found)
    return rows


def _added(connection: sqlite3.Connection, writes: Sequence[Write], students: Sequence[Student]) -> bool:
    """Whether all responses were new; they are in the histories then, and the students in the classes."""
    rows, members = [], dict[tuple[str, int | None], None]()
    for write, student in zip(writes, students, strict=True):
        for n, one in enumerate(write.responses, student.length + 1):
            rows.append((student.id, n, key_of(one.record)))
            if one.class_id is not None:
                members[one.class_id, student.id] = None
    document = _document(list(members))
    if document is None:
        return False
    records = b"".join([one.record for write in writes for one in write.responses])
    if connection.execute(ADD_RESPONSES, (_document(rows), records)).rowcount < len(rows):
        return False
    if members:
        connection.execute(ADD_MEMBERS, (document,))
    return True


def _document(rows: Sequence[object]) -> str | None:
    """Rows as JSON; None where a text is none, or ends in SQLite where it holds a zero."""
    try:
        document = orjson.dumps(rows).decode()
    except TypeError:  # half of a surrogate pair
        return None
    return None if "\\u0000" in document else document
