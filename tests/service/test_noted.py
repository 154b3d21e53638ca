"""Notes of all students as one table: every kind, from every store, in every form of file."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from service import noted
from service.tutor import Tutor
from tests.service.made import NOW

EVERY_STORE = pytest.mark.parametrize("store_url", ["sqlite", "redis", "cluster"], indirect=True)


async def note(tutor: Tutor) -> None:
    """Of two students, one of whom has never answered; one note is taken back."""
    book = tutor.notebook
    await book.add("ben", "pin", "smith", {"item_id": "add-1"}, 'for "Monday", =1')
    await book.add("ada", "estimate", "jones", {"skill_id": "adding", "mastery": 0.75, "answers": 5.0})
    await book.add("ada", "limits", "jones", {"never": ["carrying"]})
    gone = await book.add("cy", "pin", "smith", {"item_id": "add-2"})
    await book.withdraw("cy", gone.id)


@EVERY_STORE
async def test_every_note_that_stands_is_a_row(tutor: Tutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noted, "AT_ONCE", 1)
    await note(tutor)
    rows = await noted.rows(tutor.store)
    assert [(row["student_id"], row["kind"], row["author"], row["at"]) for row in rows] == [
        ("ada", "estimate", "jones", NOW),
        ("ada", "limits", "jones", NOW),
        ("ben", "pin", "smith", NOW),
    ]
    assert [(row["skill_id"], row["mastery"], row["answers"]) for row in rows] == [
        ("adding", 0.75, 5.0),
        (None, None, None),
        (None, None, None),
    ]
    assert json.loads(rows[1]["limits"]) == {"never": ["carrying"]}
    assert (rows[2]["item_id"], rows[2]["comment"], rows[2]["limits"]) == ("add-1", 'for "Monday", =1', None)


@pytest.mark.parametrize("name", ["notes.parquet", "notes.csv", "notes.tsv"])
async def test_files_hold_the_same(tutor: Tutor, tmp_path: Path, name: str) -> None:
    await note(tutor)
    rows, path = await noted.rows(tutor.store), tmp_path / "out" / name
    noted.write(rows, path)
    if path.suffix == ".parquet":
        assert pq.read_table(path).to_pylist() == rows
    else:
        with path.open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))
        assert [(row["student_id"], row["comment"], row["limits"]) for row in found] == [
            (row["student_id"], row["comment"], row["limits"] or "") for row in rows
        ]
    assert [one.name for one in path.parent.iterdir()] == [name]


def test_without_notes_the_table_is_empty_and_has_its_columns(tmp_path: Path) -> None:
    noted.write([], tmp_path / "notes.csv")
    assert (tmp_path / "notes.csv").read_text().split(",")[:3] == ['"student_id"', '"note_id"', '"kind"']
