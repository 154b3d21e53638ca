"""What the embedded store does for one student, inside a transaction of the caller's."""

from __future__ import annotations

import sqlite3

from service.store.base import Held, NewResponse, Outcome, Recorded, StudentState, Write
from service.store.records import KINDS, judge, key_of

NEWEST = "(SELECT n FROM response WHERE student = student.id ORDER BY n DESC LIMIT 1)"
FIND_STUDENT = f"""
SELECT student.id, {NEWEST}, snapshot.covers, snapshot.blob, student.notes
FROM student LEFT JOIN snapshot ON snapshot.student = student.id AND snapshot.tag = ?2
WHERE student.name = ?1"""
FIND_HELD = f"""
SELECT student.id, {NEWEST}, ?2, NULL, student.notes
FROM student JOIN response ON response.student = student.id AND response.n = ?2 AND response.record = ?3
WHERE student.name = ?1"""
ADD_STUDENT = "INSERT INTO student (name) VALUES (?)"
ADD_RESPONSE = (
    "INSERT INTO response (student, n, key, record) VALUES (?, ?, ?, ?) ON CONFLICT (student, key) DO NOTHING"
)
FIND_RESPONSE = "SELECT record FROM response WHERE student = ? AND key = ?"
RECORDS_AFTER = "SELECT record FROM response WHERE student = ? AND n > ? ORDER BY n"
ADD_LOG = "INSERT INTO log (kind, event) VALUES (?, ?)"
ADD_MEMBER = "INSERT INTO membership (class, student) VALUES (?, ?) ON CONFLICT DO NOTHING"


class Student:
    """What is stored of a student; ``id`` is None where nothing is. ``covers`` are the records that a snapshot, or the
    caller, holds."""

    __slots__ = ("blob", "covers", "held", "id", "length", "notes")

    def __init__(self, row: tuple[int, int | None, int | None, bytes | None, bytes] | None, held: bool = False) -> None:
        self.held = held
        self.id: int | None = row[0] if row else None
        self.length: int = (row and row[1]) or 0
        self.covers: int | None = row[2] if row else None
        self.blob: bytes | None = row[3] if row else None
        self.notes: bytes = row[4] if row else b""
        if self.covers is not None and self.covers > self.length:
            self.covers = self.blob = None  # a snapshot of what is not there is no snapshot


def find(connection: sqlite3.Connection, name: str, tag: bytes, held: Held | None = None) -> Student:
    if held is not None:
        row = connection.execute(FIND_HELD, (name, held.covers, held.last)).fetchone()
        if row is not None:
            return Student(row, held=True)
    return Student(connection.execute(FIND_STUDENT, (name, tag)).fetchone())


def add(connection: sqlite3.Connection, name: str) -> int:
    student = connection.execute(ADD_STUDENT, (name,)).lastrowid
    assert student is not None
    return student


def read(connection: sqlite3.Connection, name: str, tag: bytes, held: Held | None) -> StudentState:
    student = find(connection, name, tag, held)
    return state_of(connection, student, student.length, b"")


def record(connection: sqlite3.Connection, write: Write, tag: bytes, held: Held | None) -> Recorded:
    student = find(connection, write.student_id, tag, held)
    if student.id is None and write.responses:
        student.id = add(connection, write.student_id)
    fresh: list[NewResponse] = []
    outcomes: list[Outcome] = []
    for response in write.responses:
        record, key = response.record, key_of(response.record)
        row = (student.id, student.length + len(fresh) + 1, key, record)
        if connection.execute(ADD_RESPONSE, row).rowcount:
            fresh.append(response)
            outcomes.append(Outcome.RECORDED)
        else:
            (stored,) = connection.execute(FIND_RESPONSE, (student.id, key)).fetchone()
            outcomes.append(judge(record, stored))
    if fresh:
        connection.executemany(ADD_LOG, [(KINDS.index("response"), response.event) for response in fresh])
        classes = {response.class_id for response in fresh if response.class_id is not None}
        connection.executemany(ADD_MEMBER, [(class_id, student.id) for class_id in classes])
    tail = b"".join(response.record for response in fresh)
    return Recorded(outcomes, state_of(connection, student, student.length + len(fresh), tail))


def state_of(connection: sqlite3.Connection, student: Student, length: int, fresh: bytes) -> StudentState:
    """The student's state now; ``fresh`` are the records added since ``student`` was read."""
    covers = student.covers or 0
    if covers < student.length:  # else nothing to fetch: the snapshot holds all but the fresh ones
        rows = connection.execute(RECORDS_AFTER, (student.id, covers)).fetchall()
        return StudentState(b"".join([row[0] for row in rows]), student.blob, length, student.held, student.notes)
    return StudentState(fresh, student.blob, length, student.held, student.notes)
