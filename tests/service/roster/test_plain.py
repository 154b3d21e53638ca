"""A plain CSV, as a spreadsheet writes it."""

from __future__ import annotations

import pytest

from service.roster.plain import read_plain
from service.roster.roster import Class, Enrolment, Person, Roster, School
from service.roster.tables import Faults

TEXT = """student_id,name,class_id,class_title,teacher_id,school,Support
ada,Ada Lovelace,4a,Maths 4a,smith;jones,Hill School,reading
ada,Ada Lovelace,club,,,Hill School,reading
ben,,4a,Maths 4a,smith,Hill School,
"""


def read(text: str, **columns: str) -> tuple[Roster, list[str]]:
    faults = Faults()
    found = read_plain("list.csv", text.encode(), faults, columns)
    return found, list(map(str, faults.found))


def test_everything_that_a_row_says() -> None:
    found, faults = read(TEXT)
    assert faults == []
    assert found.students == (Person("ada", "Ada Lovelace", {"Support": "reading"}), Person("ben"))
    assert [one.id for one in found.teachers] == ["jones", "smith"]
    assert found.classes == (Class("4a", "Maths 4a", "Hill School"), Class("club", "", "Hill School"))
    assert found.schools == (School("Hill School", "Hill School"),)
    assert Enrolment("club", "ada", "student") in found.enrolments
    assert len(found.enrolments) == 5


def test_two_columns_are_enough_and_a_sheet_may_use_semicolons_and_other_names() -> None:
    assert read("student_id,class_id\nada,4a\n")[0].on("2026-01-01").students == {"4a": ("ada",)}
    found, faults = read("\ufeffPupil;class_id\nada;4a\n\n", student_id="Pupil")
    assert (list(found.student), faults) == (["ada"], [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("student_id,class_id\n", "list.csv: holds no student"),
        ("", "list.csv: is empty"),
        ("student_id,group\nada,1\n", "list.csv: lacks the column 'class_id'; found: 'student_id', 'group'"),
        ("student_id,class_id,class_id\nada,1,2\n", "list.csv: has the column 'class_id' twice"),
        ("student_id,class_id\nada,\n", "list.csv, row 1: class_id is empty"),
        ("student_id,class_id\nada,4a,x\n", "list.csv, row 1: has 3 cells, and the header 2"),
        ("student_id,class_id\nada,4a\nada,4a\n", "list.csv, row 2: says what row 1 says"),
        ("student_id,class_id,name\na,1,Ada\na,2,Eve\n", "row 2: student 'a' has another name than in row 1"),
        ("student_id,class_id,set\na,1,x\na,2,y\n", "row 2: student 'a' has other attributes than in row 1"),
        ("student_id,class_id,school\na,1,x\nb,1,y\n", "row 2: class '1' has another school than in row 1"),
        (f"student_id,class_id,name\na,1,{'x' * 1001}\n", "row 1: name is not text of at most 1000"),
    ],
)
def test_a_fault_is_told_with_its_row(text: str, says: str) -> None:
    told = read(text)[1]
    assert any(says in one for one in told), told


def test_a_column_that_is_named_and_missing_is_told() -> None:
    assert "has no column 'Pupil'" in read("student_id,class_id\nada,4a\n", student_id="Pupil")[1][0]
