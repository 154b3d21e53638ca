"""Everything that teachers noted of students, as a table to take away: one row a note."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from service import archive_files as files
from service.notes import Note, Notes
from service.store.base import Store

AT_ONCE = 250
"""Students read from the store at once."""


COLUMNS = (
    *("student_id", "note_id", "kind", "author", "at", "comment"),
    *("item_id", "skill_id", "mastery", "answers", "limits"),
)


async def rows(store: Store) -> list[dict[str, Any]]:
    """By student, the oldest note first; ``at`` in ms. What a note's kind does not say is None; ``limits`` are JSON."""
    found, students = list[dict[str, Any]](), await store.noted()
    for low in range(0, len(students), AT_ONCE):
        part = students[low : low + AT_ONCE]
        states, _ = await store.read(part, b"")
        for student, state in zip(part, states, strict=True):
            found += [_row(student, note) for note in Notes.read(state.notes).notes]
    return found


def _row(student_id: str, note: Note) -> dict[str, Any]:
    said: Mapping[str, Any] = {} if note.kind == "limits" else note.said
    return {
        "student_id": student_id,
        "note_id": note.id,
        "kind": note.kind,
        "author": note.author,
        "at": note.at,
        "comment": note.comment,
        "item_id": said.get("item_id"),
        "skill_id": said.get("skill_id"),
        "mastery": said.get("mastery"),
        "answers": said.get("answers"),
        "limits": orjson.dumps(note.said).decode() if note.kind == "limits" else None,
    }


def write(table: Sequence[Mapping[str, Any]], path: Path) -> None:
    """As Parquet, or as CSV (TSV) where the name ends so; the whole file or none."""
    import pyarrow as pa
    from pyarrow import csv

    kinds = {"at": pa.int64(), "mastery": pa.float64(), "answers": pa.float64()}
    schema = pa.schema({name: kinds.get(name, pa.string()) for name in COLUMNS})
    made = pa.Table.from_pylist(list(table), schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() not in {".csv", ".tsv"}:
        files.save(path, made)
        return
    hidden = path.with_name(f".{path.name}.part")
    csv.write_csv(made, hidden, csv.WriteOptions(delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
    files.replace(hidden, path)
