"""What a roster says, and who belongs where on a day. Pure: no files, no store, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal

import orjson

from engine.catalog import Fault

Role = Literal["student", "teacher"]


class RosterError(ValueError):
    """A roster that was refused, with every fault found (``table`` of a fault is the file's name)."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Person:
    """A student or a teacher, by the id that the learning platform sends; ``attributes`` are a school's own columns."""

    id: str
    name: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class School:
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Class:
    id: str
    title: str = ""
    school: str = ""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """``begin`` is the first day (2026-08-31), ``end`` the first day after it; empty: no such limit."""

    class_id: str
    person: str
    role: Role
    begin: str = ""
    end: str = ""

    def holds(self, day: str) -> bool:
        return (not self.begin or self.begin <= day) and (not self.end or day < self.end)


@dataclass(frozen=True)
class Members:
    """Who belongs where on one day."""

    students: Mapping[str, tuple[str, ...]]  # by class, sorted
    taught: Mapping[str, frozenset[str]]  # by teacher: their classes
    attends: Mapping[str, frozenset[str]]  # by student: their classes


@dataclass(frozen=True)
class Roster:
    """Immutable, and equal to another with the same content whatever the order of its rows."""

    students: tuple[Person, ...] = ()
    teachers: tuple[Person, ...] = ()
    schools: tuple[School, ...] = ()
    classes: tuple[Class, ...] = ()
    enrolments: tuple[Enrolment, ...] = ()

    @cached_property
    def version(self) -> str:
        """Name of this content."""
        return sha256(to_json(self)).hexdigest()[:12]

    @cached_property
    def student(self) -> Mapping[str, Person]:
        return {one.id: one for one in self.students}

    @cached_property
    def a_class(self) -> Mapping[str, Class]:
        return {one.id: one for one in self.classes}

    @cached_property
    def school(self) -> Mapping[str, School]:
        return {one.id: one for one in self.schools}

    def on(self, day: str) -> Members:
        """Who belongs where on this day (``2026-08-31``)."""
        students: dict[str, set[str]] = {one.id: set() for one in self.classes}
        taught: dict[str, set[str]] = {}
        attends: dict[str, set[str]] = {}
        for one in self.enrolments:
            if not one.holds(day):
                continue
            if one.role == "teacher":
                taught.setdefault(one.person, set()).add(one.class_id)
            else:
                students[one.class_id].add(one.person)
                attends.setdefault(one.person, set()).add(one.class_id)
        return Members(
            {name: tuple(sorted(found)) for name, found in students.items()},
            {name: frozenset(found) for name, found in taught.items()},
            {name: frozenset(found) for name, found in attends.items()},
        )


EMPTY = Roster()


def made(
    students: Iterable[Person],
    teachers: Iterable[Person],
    schools: Iterable[School],
    classes: Iterable[Class],
    enrolments: Iterable[Enrolment],
) -> Roster:
    """A roster in its one order, so that the same content has the same version."""
    by_id: Any = lambda one: one.id  # noqa: E731
    return Roster(
        tuple(sorted(students, key=by_id)),
        tuple(sorted(teachers, key=by_id)),
        tuple(sorted(schools, key=by_id)),
        tuple(sorted(classes, key=by_id)),
        tuple(sorted(set(enrolments), key=lambda one: (one.class_id, one.role, one.person, one.begin, one.end))),
    )


def to_json(roster: Roster) -> bytes:
    """The document that the store keeps; sorted keys, so that its digest names its content."""
    document = {name: [asdict(one) for one in getattr(roster, name)] for name in Roster.__dataclass_fields__}
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def from_json(document: bytes) -> Roster:
    """The roster of a document made by :func:`to_json`. Raises ValueError and TypeError on any other."""
    found = orjson.loads(document)
    kinds: dict[str, Any] = {
        "students": Person,
        "teachers": Person,
        "schools": School,
        "classes": Class,
        "enrolments": Enrolment,
    }
    return Roster(**{name: tuple(kind(**row) for row in found[name]) for name, kind in kinds.items()})
