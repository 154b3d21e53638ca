"""Classes and attributes of students, from files as people have them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from models.log import DataError
from models.rosters import attribute, classes


def test_the_last_class_that_was_named_counts(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("student_id,skill_ids,correct,class_id\n1.0,a,1,6a\n2.0,a,1,6b\n1.0,a,0,7a\n1.0,a,0,\n3.0,a,0,\n")
    assert classes(path) == {"1": "7a", "2": "6b"}
    table = pd.read_csv(path).rename(columns={"student_id": "user"})
    table.to_parquet(tmp_path / "answers.parquet")
    assert classes(tmp_path / "answers.parquet", {"student_id": "user"}) == {"1": "7a", "2": "6b"}


def test_in_the_archive_the_last_in_time(tmp_path: Path) -> None:
    columns = ["student_id", "id", "item_id", "skill_ids", "score", "answered_at", "received_at", "class_id"]
    rows = [("s", "2", "i", ["a"], 1.0, 20, 20, "7a"), ("s", "1", "i", ["a"], 1.0, 10, 30, "6a")]
    pd.DataFrame(rows, columns=columns).to_parquet(tmp_path / "one.parquet")
    pd.DataFrame([("s", "3", "i", ["a"], 1.0, 40, 40, None)], columns=columns).to_parquet(tmp_path / "two.parquet")
    assert classes(tmp_path) == {"s": "7a"}


def test_a_source_without_classes(tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    path.write_text("student_id,skill_ids,correct\n1,a,1\n")
    assert classes(path) == {}
    path.write_text("user_id,order_id,correct,skill_id,problem_id\n1,1,1,a,p\n")
    assert classes(path) == {}


def test_an_attribute_is_the_one_other_column(tmp_path: Path) -> None:
    path = tmp_path / "roster.csv"
    path.write_text("student_id,first_language\n1.0, German\n2.0,\n3.0,Turkish\n1.0,German\n")
    assert attribute(path) == ("first_language", {"1": "German", "3": "Turkish"})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("student_id,a,b\n1,x,y\n", "one more"),
        ("student,a\n1,x\n", "'student_id'"),
        ("student_id,a\n1,x\n1,y\n", "row 2: student '1' has 'x' and 'y'"),
        ("student_id,a\n1,x\n,y\n", "row 2: column 'student_id' is empty"),
    ],
)
def test_a_bad_roster_is_told(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "roster.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=says):
        attribute(path)
