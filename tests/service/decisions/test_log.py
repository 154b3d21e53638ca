"""The log is read the same from an archive, an export and JSON lines; other files are refused with the reason."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.log import DataError
from service.archive import export
from service.decisions.log import read
from tests.service.decisions.school import School


def test_archive_export_and_lines_hold_the_same(school: School, tmp_path: Path) -> None:
    archived = read(school.archive)
    assert read(school.archive / "recommendations") == archived
    export(school.archive, tmp_path / "all.parquet", "recommendation")
    assert read(tmp_path / "all.parquet") == archived
    rows = pq.read_table(tmp_path / "all.parquet").to_pylist()
    lines = [json.dumps({**row, **json.loads(row.pop("extra"))}) for row in rows]
    (tmp_path / "all.jsonl").write_text("\n".join([*lines, "", lines[0]]))  # one delivered twice
    assert read(tmp_path / "all.jsonl") == archived
    assert [one.student_id for one in archived] == sorted(one.student_id for one in archived)


def test_nothing_was_given(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no recommendation"):
        read(tmp_path)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "a.jsonl").write_text('{"recommendation_id": "q"}')
    (tmp_path / "b.jsonl").write_text("{}\n{")
    (tmp_path / "c.jsonl").write_text("[]")
    pq.write_table(pa.table({"x": [1]}), tmp_path / "a.parquet")
    for name, told in {
        "a.csv": "give an archive folder",
        "a.jsonl": "line 1 is no decision log: it lacks student_id, item_id",
        "b.jsonl": "line 1 is no decision log",
        "c.jsonl": "line 1 is no decision log",
        "a.parquet": "it lacks recommendation_id",
    }.items():
        with pytest.raises(DataError, match=told):
            read(tmp_path / name)


def test_a_line_that_is_no_json(tmp_path: Path, school: School) -> None:
    (tmp_path / "a.jsonl").write_text("{")
    with pytest.raises(DataError, match="line 1: not JSON"):
        read(tmp_path / "a.jsonl")
