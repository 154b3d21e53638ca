"""The archive's files: which columns they have, and how events become rows of them.

``<archive>/responses/month=YYYY-MM/<digest>.parquet`` and ``<archive>/recommendations/...``, by UTC month of the event;
``<archive>/unreadable/`` keeps what is no JSON object of the form that we write. A file is named by what it holds and
appears whole: written under another name, flushed to the disk, then renamed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from engine.mastery import DAY_MS
from service.store.base import LogEntry, LogKind

Row = list[Any]

FOLDERS: Mapping[str, str] = {"response": "responses", "recommendation": "recommendations"}
UNREADABLE = "unreadable"
TEXT, NAMES, MS = pa.string(), pa.list_(pa.string()), pa.int64()

RESPONSES = pa.schema(
    [
        ("student_id", TEXT),
        ("id", TEXT),
        ("item_id", TEXT),
        ("skill_ids", NAMES),  # of the catalog at that time; null where it did not hold the item
        ("score", pa.float64()),
        ("answered_at", MS),
        ("received_at", MS),
        ("class_id", TEXT),
        ("session_id", TEXT),
        ("duration_ms", pa.int64()),
        ("attempt", pa.int32()),
        ("hints", pa.int32()),
        ("extra", TEXT),  # JSON object of all other fields
    ]
)
RECOMMENDATIONS = pa.schema(
    [
        ("recommendation_id", TEXT),
        ("student_id", TEXT),
        ("item_id", TEXT),
        ("skill_ids", NAMES),
        ("at", MS),
        ("slot", pa.int32()),
        ("policy", TEXT),
        ("propensity", pa.float64()),
        ("p_correct", pa.float64()),
        ("expected_gain", pa.float64()),
        ("reason", TEXT),  # its code; the text is in extra
        ("outcome", TEXT),
        ("candidates", pa.int32()),
        ("history_length", pa.int64()),
        ("model_version", TEXT),
        ("catalog_version", TEXT),
        ("extra", TEXT),
    ]
)
RAW = pa.schema([("kind", TEXT), ("position", TEXT), ("event", pa.binary())])
SCHEMAS = {"response": RESPONSES, "recommendation": RECOMMENDATIONS}
TIMES = {"response": "answered_at", "recommendation": "at"}
REQUIRED = {"response": ("student_id", "id", "item_id", "score", "answered_at"), "recommendation": ("student_id", "at")}

# A million events are made rows of in a day: what is the same for all of a kind is looked up once.
_NAMES = {kind: [name for name in schema.names if name != "extra"] for kind, schema in SCHEMAS.items()}
_PLACES = {kind: [_NAMES[kind].index(name) for name in REQUIRED[kind]] for kind in SCHEMAS}
_TIME = {kind: _NAMES[kind].index(name) for kind, name in TIMES.items()}
_REASON = _NAMES["recommendation"].index("reason")


def write(folder: Path, entries: Iterable[LogEntry]) -> dict[str, int]:
    """Archive log entries; the same entries give the same files. How many there were of each kind."""
    groups: dict[tuple[LogKind, str], list[tuple[LogEntry, Row]]] = {}
    unreadable: list[LogEntry] = []
    for entry in entries:
        try:
            row, month = _row(entry)
        except (ValueError, TypeError, AttributeError, OverflowError, OSError):
            unreadable.append(entry)
        else:
            groups.setdefault((entry.kind, month), []).append((entry, row))
    counts: dict[str, int] = {}
    for (kind, month), pairs in groups.items():
        fitting, table = _fitting(SCHEMAS[kind], pairs, unreadable)
        _write(folder / FOLDERS[kind] / f"month={month}", fitting, table)
        counts[kind] = counts.get(kind, 0) + len(fitting)
    if unreadable:
        rows = [[entry.kind, entry.position, entry.event] for entry in unreadable]
        _write(folder / UNREADABLE, unreadable, _table(RAW, rows))
        counts[UNREADABLE] = len(rows)
    return counts


def _row(entry: LogEntry) -> tuple[Row, str]:
    """The event as a row, and its month. Raises ValueError and its like for what we did not write."""
    row = row_of(orjson.loads(entry.event), entry.kind)
    for place in _PLACES[entry.kind]:
        if row[place] is None:
            raise ValueError("a field is missing")
    return row, _month(row[_TIME[entry.kind]] // DAY_MS)


@lru_cache(4096)
def _month(day: float) -> str:
    return datetime.fromtimestamp(day * DAY_MS / 1000, UTC).strftime("%Y-%m")


def _fitting(
    schema: Any, pairs: Sequence[tuple[LogEntry, Row]], unreadable: list[LogEntry]
) -> tuple[list[LogEntry], Any]:
    """The entries whose values have their columns' types, and their table; the others are added to ``unreadable``."""
    table = _table(schema, [row for _, row in pairs])
    if table is not None:
        return [entry for entry, _ in pairs], table
    fitting: list[tuple[LogEntry, Row]] = []
    for entry, row in pairs:
        if _table(schema, [row]) is None:
            unreadable.append(entry)
        else:
            fitting.append((entry, row))
    return [entry for entry, _ in fitting], _table(schema, [row for _, row in fitting])


def _table(schema: Any, rows: list[Row]) -> Any | None:
    values = zip(*rows, strict=True) if rows else [()] * len(schema)
    try:
        columns = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return None
    return pa.Table.from_arrays(columns, schema=schema)


def row_of(event: dict[str, Any], kind: LogKind) -> Row:
    """The event's fields in the order of the kind's columns, taken out of it; what has no column is the last."""
    take = event.pop
    row = [take(name, None) for name in _NAMES[kind]]
    if kind == "recommendation" and isinstance(reason := row[_REASON], dict):
        event["reason"], row[_REASON] = reason, reason.get("code")
    row.append(orjson.dumps(event).decode() if event else None)
    return row


def _write(folder: Path, entries: Sequence[LogEntry], table: Any) -> None:
    """The table of some entries, under a name that tells which they are."""
    if not entries:
        return
    folder.mkdir(parents=True, exist_ok=True)
    save(folder / f"{digest(entries)[:24]}.parquet", table)


def digest(entries: Sequence[LogEntry]) -> str:
    """Tells entries of the log from any others: the same event at another place is another entry."""
    found = sha256()
    for entry in entries:
        found.update(f"{entry.position} {entry.kind} {len(entry.event)} ".encode())
        found.update(entry.event)
    return found.hexdigest()


def save(path: Path, table: Any) -> None:
    """Write a Parquet file that appears whole or not at all."""
    hidden = path.with_suffix(".part")
    with hidden.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    replace(hidden, path)


def replace(hidden: Path, path: Path) -> None:
    """Rename, and let the name reach the disk as well."""
    hidden.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
