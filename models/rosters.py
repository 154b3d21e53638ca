"""What is known of students beside their answers: the class of each, and one attribute of the roster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from models.log import DataError
from models.readers import detect, parquet_files, read_text
from models.tables import normal_ids


def classes(path: Path, columns: Mapping[str, str] | None = None) -> dict[str, str]:
    """Each student's class in a source of responses: the last that was named. Empty where the source names none."""
    columns = columns or {}
    kind = detect(path, columns)
    if kind == "archive":
        return _of_archive(path)
    if kind != "tidy":
        return {}
    student = columns.get("student_id", "student_id")
    files = parquet_files(path)
    table = read_text(path) if files is None else pd.concat(map(pd.read_parquet, files), ignore_index=True)
    if "class_id" not in table:
        return {}
    last = table.groupby(student, sort=False)["class_id"].last()
    return _named(last.index.tolist(), last.tolist())


def _of_archive(path: Path) -> dict[str, str]:
    import duckdb

    files = [str(file) for file in parquet_files(path) or []]
    with duckdb.connect() as database:
        names = database.execute("SELECT * FROM read_parquet(?, union_by_name = true) LIMIT 0", [files]).df().columns
        if "class_id" not in names:
            return {}
        rows = database.execute(
            """SELECT student_id, arg_max(class_id, answered_at) FILTER (WHERE class_id IS NOT NULL)
            FROM read_parquet(?, union_by_name = true) GROUP BY student_id""",
            [files],
        ).fetchall()
    return _named([row[0] for row in rows], [row[1] for row in rows])


def _named(students: Sequence[Any], values: Sequence[Any]) -> dict[str, str]:
    """By the ids that a log has; who has no value is left out."""
    pairs = zip(normal_ids(students), values, strict=True)
    return {student: str(value).strip() for student, value in pairs if not pd.isna(value) and str(value).strip()}


def attribute(path: Path) -> tuple[str, dict[str, str]]:
    """The name and the values of the one column beside ``student_id`` in a CSV. Raises :class:`DataError`."""
    table = read_text(path)
    others = [str(name) for name in table.columns if name != "student_id"]
    if "student_id" not in table or len(others) != 1:
        raise DataError(f"{path}: needs the columns 'student_id' and one more; found {list(map(str, table.columns))}")
    if table["student_id"].isna().to_numpy().any():
        row = int(table["student_id"].isna().to_numpy().argmax()) + 1
        raise DataError(f"{path}, row {row}: column 'student_id' is empty; remove the row or fill it in")
    students = normal_ids(table["student_id"].tolist())
    found: dict[str, str] = {}
    for row, (student, value) in enumerate(zip(students, table[others[0]].tolist(), strict=True), 1):
        text = "" if pd.isna(value) else str(value).strip()
        if found.setdefault(student, text) != text:
            raise DataError(f"{path}, row {row}: student {student!r} has {found[student]!r} and {text!r}: keep one")
    return others[0], {student: value for student, value in found.items() if value}
