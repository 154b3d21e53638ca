"""OneRoster CSV, versions 1.1 and 1.2: the files that say who is in which class. Others are not opened.

Read are orgs, users, classes and enrollments. Birth dates, sex, addresses and telephone numbers stand in
files and columns that this does not look at: the reports need none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from service.roster.roster import Class, Enrolment, Person, Role, Roster, School, made
from service.roster.tables import Faults, Row, rows_of

MANIFEST = "manifest.csv"
VERSIONS = ("1.1", "1.2")
REQUIRED = {
    "orgs.csv": ("sourcedId", "name"),
    "users.csv": ("sourcedId", "givenName", "familyName"),
    "classes.csv": ("sourcedId", "title", "schoolSourcedId"),
    "enrollments.csv": ("classSourcedId", "userSourcedId", "role"),
}
IDS = ("sourcedId", "username", "identifier", "email")
"""Columns of users.csv that may hold the id which the learning platform sends as ``student_id``."""

GONE = ("tobedeleted", "inactive")
TAUGHT_BY: Mapping[str, Role] = {"student": "student", "teacher": "teacher"}
OTHERS = (
    "administrator",
    "proctor",
    "aide",
    "guardian",
    "parent",
    "relative",
)  # roles that see and answer nothing here


@dataclass
class _School:
    """The tables as they are read, each by its sourcedId."""

    schools: dict[str, School] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    without: dict[str, int] = field(default_factory=dict)  # users whose id for the platform is empty, and their row
    classes: dict[str, Class] = field(default_factory=dict)
    gone: set[tuple[str, str]] = field(default_factory=set)  # (file, sourcedId) of rows that say so
    enrolments: list[Enrolment] = field(default_factory=list)


def read_oneroster(files: Mapping[str, bytes], faults: Faults, user_id: str = "sourcedId") -> Roster:
    """The roster of these files (by name); what is wrong goes to ``faults``."""
    _check_manifest(files, faults)
    for name in REQUIRED:
        if name not in files:
            faults.add(name, None, "is missing")
    if faults.found:
        return Roster()
    found = _School()
    _read_orgs(files, found, faults)
    _read_users(files, found, faults, user_id)
    _read_classes(files, found, faults)
    _read_enrollments(files, found, faults, user_id)
    teaching = {one.person for one in found.enrolments if one.role == "teacher"}
    learning = {one.person for one in found.enrolments if one.role == "student"}
    if not learning and not faults.found:
        faults.add("enrollments.csv", None, "enrols no student")
    people = {person.id: person for person in found.people.values()}
    used = {group.school for group in found.classes.values()}
    return made(
        (people[name] for name in learning),
        (people[name] for name in teaching),
        (school for school in found.schools.values() if school.id in used),
        found.classes.values(),
        found.enrolments,
    )


def _check_manifest(files: Mapping[str, bytes], faults: Faults) -> None:
    """A manifest may be missing; where it is there, it must not say that these files are something else."""
    if MANIFEST not in files:
        return
    for row in rows_of(MANIFEST, files[MANIFEST], ("propertyName", "value"), faults):
        name, value = row["propertyName"], row["value"]
        if name == "oneroster.version" and value not in VERSIONS:
            row.fault(f"is of OneRoster {value[:20]!r}: 1.1 and 1.2 are read")
        if value.lower() == "delta" and f"{name.removeprefix('file.')}.csv" in REQUIRED:
            row.fault(f"{name} holds changes alone (delta): export all of it (bulk)")


def _current(name: str, files: Mapping[str, bytes], found: _School, faults: Faults) -> Iterator[Row]:
    """The rows that are not marked as gone. A sourcedId that stands twice is told."""
    seen: dict[str, int] = {}
    for row in rows_of(name, files[name], REQUIRED[name], faults):
        source = row["sourcedId"]
        if source and (before := seen.setdefault(source, row.number)) != row.number:
            row.fault(f"sourcedId {source!r} stands in row {before} too")
        elif row["status"].lower() in GONE:
            found.gone.add((name, source))
        else:
            yield row


def _read_orgs(files: Mapping[str, bytes], found: _School, faults: Faults) -> None:
    for row in _current("orgs.csv", files, found, faults):
        if (source := row.id("sourcedId")) is not None:
            found.schools[source] = School(source, row.text("name"))


def _read_users(files: Mapping[str, bytes], found: _School, faults: Faults, user_id: str) -> None:
    taken: dict[str, int] = {}
    for row in _current("users.csv", files, found, faults):
        source = row.id("sourcedId")
        if source is not None and not row[user_id]:  # a parent may have none; told where somebody enrolled has none
            found.without[source] = row.number
            continue
        own = row.id(user_id)
        if source is None or own is None:
            continue
        if (before := taken.setdefault(own, row.number)) != row.number:
            row.fault(f"{user_id} {own!r} stands in row {before} too")
        given = row.text("preferredGivenName") or row.text("givenName")
        family = row.text("preferredFamilyName") or row.text("familyName")
        grades = {"grades": row.text("grades")} if row["grades"] else {}
        found.people[source] = Person(own, f"{given} {family}".strip(), grades)
        if row["enabledUser"].lower() == "false":
            found.disabled.add(source)


def _read_classes(files: Mapping[str, bytes], found: _School, faults: Faults) -> None:
    for row in _current("classes.csv", files, found, faults):
        source, school = row.id("sourcedId"), row["schoolSourcedId"]
        if source is None:
            continue
        if school not in found.schools:
            row.fault(f"schoolSourcedId {school[:100]!r} is not in orgs.csv")
        found.classes[source] = Class(source, row.text("title"), school)


def _read_enrollments(files: Mapping[str, bytes], found: _School, faults: Faults, user_id: str) -> None:
    for row in _current("enrollments.csv", files, found, faults):
        group, user, word = row["classSourcedId"], row["userSourcedId"], row["role"].lower()
        gone = ("classes.csv", group) in found.gone or ("users.csv", user) in found.gone
        if gone or word in OTHERS:
            continue
        begin, end = row.day("beginDate"), row.day("endDate")
        if group not in found.classes:
            row.fault(f"classSourcedId {group[:100]!r} is not in classes.csv")
        elif user in found.without:
            row.fault(f"user {user[:100]!r} has no {user_id} (users.csv, row {found.without[user]})")
        elif user not in found.people:
            row.fault(f"userSourcedId {user[:100]!r} is not in users.csv")
        elif word not in TAUGHT_BY:
            row.fault(f"role must be student, teacher, administrator or proctor, not {row['role'][:50]!r}")
        elif not (word == "teacher" and user in found.disabled):  # who may not sign in sees no class
            found.enrolments.append(Enrolment(group, found.people[user].id, TAUGHT_BY[word], begin, end))
