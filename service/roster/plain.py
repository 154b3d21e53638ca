"""A plain CSV: one row a student and class. What a school has when it has a spreadsheet.

``student_id, name, class_id, class_title, teacher_id, school`` and any columns of the school's own (groups, support,
language), which are kept as the student's attributes. Only ``student_id`` and ``class_id`` must be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.roster.roster import Class, Enrolment, Person, Roster, School, made
from service.roster.tables import Faults, Row, rows_of

REQUIRED = ("student_id", "class_id")
KNOWN = (*REQUIRED, "name", "class_title", "teacher_id", "school")


OTHER = {
    "name": "another name",
    "attributes": "other attributes",
    "title": "another title",
    "school": "another school",
}


@dataclass
class _Found:
    """What the rows said so far; the first row decides, and a later one that says otherwise is a fault."""

    students: dict[str, Person] = field(default_factory=dict)
    classes: dict[str, Class] = field(default_factory=dict)
    teachers: set[str] = field(default_factory=set)
    schools: set[str] = field(default_factory=set)
    enrolments: dict[Enrolment, int] = field(default_factory=dict)
    rows: dict[tuple[str, str], int] = field(default_factory=dict)


def read_plain(table: str, content: bytes, faults: Faults, columns: Mapping[str, str] | None = None) -> Roster:
    """The roster of a plain CSV; what is wrong goes to ``faults``."""
    found, empty = _Found(), True
    for row in rows_of(table, content, REQUIRED, faults, columns):
        empty = False
        _take(row, found)
    if empty and not faults.found:
        faults.add(table, None, "holds no student: there is no row below the header")
    return made(
        found.students.values(),
        map(Person, found.teachers),
        (School(name, name) for name in found.schools),
        found.classes.values(),
        found.enrolments,
    )


def _take(row: Row, found: _Found) -> None:
    student, class_id = row.id("student_id"), row.id("class_id")
    attributes = {name: row.text(name) for name in row.cells if name not in KNOWN and name and row[name]}
    name, title, school = row.text("name"), row.text("class_title"), row.text("school")
    teachers = [part.strip() for part in row["teacher_id"].split(";") if part.strip()]
    if student is None or class_id is None:
        return
    person = Person(student, name, attributes)
    _same(row, "student", found.students.setdefault(student, person), person, found)
    group = Class(class_id, title, school)
    _same(row, "class", found.classes.setdefault(class_id, group), group, found)
    if school:
        found.schools.add(school)
    enrolment = Enrolment(class_id, student, "student")
    if (before := found.enrolments.setdefault(enrolment, row.number)) != row.number:
        row.fault(f"says what row {before} says: student {student!r} is in class {class_id!r} already")
    for teacher in teachers:
        found.teachers.add(teacher)
        found.enrolments.setdefault(Enrolment(class_id, teacher, "teacher"), row.number)


def _same(row: Row, kind: str, first: Person | Class, now: Person | Class, found: _Found) -> None:
    """Two rows about one student (or class) must agree: which of them is right, nobody here can know."""
    before = found.rows.setdefault((kind, now.id), row.number)
    if first != now:
        fields = ("name", "attributes") if kind == "student" else ("title", "school")
        other = next(name for name in fields if getattr(first, name) != getattr(now, name))
        row.fault(f"{kind} {now.id!r} has {OTHER[other]} than in row {before}: keep one")
