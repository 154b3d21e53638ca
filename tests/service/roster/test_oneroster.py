"""OneRoster exports of both versions; every fault by file and row."""

from __future__ import annotations

import pytest

from service.roster.oneroster import read_oneroster
from service.roster.roster import Enrolment, Person, Roster
from service.roster.tables import Faults
from tests.service.roster.made import CLASSES, ENROLLMENTS, ORGS, USERS_12, export


def roster(user_id: str = "sourcedId", version: str = "1.2", **changed: str) -> Roster:
    faults = Faults()
    found = read_oneroster(export(version, **changed), faults, user_id)
    assert faults.found == []
    return found


def faults_of(user_id: str = "sourcedId", **changed: str) -> list[str]:
    faults = Faults()
    files = {name: content for name, content in export(**changed).items() if content != b"-"}
    read_oneroster(files, faults, user_id)
    return list(map(str, faults.found))


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_both_versions_say_the_same(version: str) -> None:
    found = roster(version=version)
    assert [one.name for one in found.students] == ["Ada Lovelace", "Ben Bova"]
    assert [one.id for one in found.teachers] == ["jones", "smith"]
    assert [(one.id, one.title, one.school) for one in found.classes] == [
        ("4a", "Maths 4a", "hill"),
        ("4b", "Maths 4b", "hill"),
    ]
    assert [one.id for one in found.schools] == ["hill"]
    assert Enrolment("4b", "ben", "student", "2027-01-01", "2027-06-30") in found.enrolments
    assert len(found.enrolments) == 4  # an administrator sees nothing by enrolment


def test_the_ids_can_be_another_column() -> None:
    assert list(roster("identifier", enrollments=only("e1", "e2")).student) == ["100", "101"]
    assert list(roster("username").student) == ["ada1", "ben1"]


def only(*ids: str) -> str:
    lines = ENROLLMENTS.splitlines()
    return "\n".join([lines[0], *(line for line in lines if line.split(",")[0] in ids)]) + "\n"


def test_who_is_enrolled_without_the_id_asked_for_is_told() -> None:
    told = faults_of("identifier")
    assert told == [
        "enrollments.csv, row 3: user 'smith' has no identifier (users.csv, row 3)",
        "enrollments.csv, row 4: user 'jones' has no identifier (users.csv, row 4)",
    ]


def test_what_is_marked_as_gone_is_gone() -> None:
    found = roster(users=USERS_12.replace("ben,,", "ben,tobedeleted,"))
    assert [one.id for one in found.students] == ["ada"]
    found = roster(enrollments=ENROLLMENTS.replace("e2,,", "e2,tobedeleted,"))
    assert [one.id for one in found.students] == ["ada"]
    found = roster(classes=CLASSES.replace("4b,,", "4b,inactive,"))
    assert [one.id for one in found.classes] == ["4a"]


def test_a_teacher_who_may_not_sign_in_sees_no_class_and_a_student_stays() -> None:
    found = roster(users=USERS_12.replace("smith,,,true", "smith,,,false").replace("ada,,,true", "ada,,,FALSE"))
    assert [one.id for one in found.teachers] == ["jones"]
    assert Person("ada", "Ada Lovelace", {"grades": "4"}) in found.students


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"users": "-"}, "users.csv: is missing"),
        ({"manifest": "propertyName,value\noneroster.version,1.0\n"}, "manifest.csv, row 1: is of OneRoster '1.0'"),
        ({"manifest": "propertyName,value\nfile.users,delta\n"}, "manifest.csv, row 1: file.users holds changes alone"),
        ({"orgs": ORGS.replace("sourcedId", "id")}, "orgs.csv: lacks the column 'sourcedId'"),
        ({"orgs": ""}, "orgs.csv: is empty"),
        ({"orgs": ORGS + "x,y\n"}, "orgs.csv, row 3: has 2 cells, and the header 7"),
        ({"classes": CLASSES.replace("hill,t\n4b", "moor,t\n4b")}, "classes.csv, row 1: schoolSourcedId 'moor'"),
        ({"enrollments": ENROLLMENTS.replace("4a,hill,ada", "9z,hill,ada")}, "row 1: classSourcedId '9z' is not in"),
        ({"enrollments": ENROLLMENTS.replace("hill,ada", "hill,eve")}, "row 1: userSourcedId 'eve' is not in"),
        ({"enrollments": ENROLLMENTS.replace("ada,student", "ada,pupil")}, "row 1: role must be student, teacher"),
        ({"enrollments": ENROLLMENTS.replace("2027-01-01", "1/1/27")}, "row 2: beginDate must be a date"),
        ({"enrollments": ENROLLMENTS.replace("e2,", "e1,")}, "row 2: sourcedId 'e1' stands in row 1 too"),
        ({"enrollments": ENROLLMENTS.splitlines()[0]}, "enrollments.csv: enrols no student"),
        ({"users": USERS_12.replace("ben,", "ada,", 1)}, "users.csv, row 2: sourcedId 'ada' stands in row 1 too"),
        ({"users": USERS_12.replace("ben,", "b\x07n,", 1)}, "users.csv, row 2: sourcedId holds the control character"),
    ],
)
def test_a_fault_is_told_with_file_and_row(changed: dict[str, str], says: str) -> None:
    told = faults_of(**changed)
    assert any(says in one for one in told), told


def test_all_faults_are_told_at_once() -> None:
    told = faults_of(
        classes=CLASSES.replace("hill", "moor"), enrollments=ENROLLMENTS.replace("ada,student", "ada,pupil")
    )
    assert len(told) == 3


def test_a_text_that_is_not_utf_8_is_told() -> None:
    faults = Faults()
    read_oneroster(export() | {"users.csv": USERS_12.encode("utf-16")}, faults)
    assert str(faults.found[0]) == "users.csv: is not UTF-8 (byte 0): save it as 'CSV UTF-8'"
