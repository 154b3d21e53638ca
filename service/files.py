"""Files of responses: as the dictionaries that an LMS would have sent (:mod:`service.answers`), and as a catalog."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from engine.catalog import Catalog, Item, build
from models import readers
from models.log import DataError, ResponseLog

Rows = Iterator[tuple[int, dict[str, Any]]]

REQUIRED = ("student_id", "item_id")
OPTIONAL = ("id", "class_id", "session_id", "duration_ms", "attempt", "hints")
WHOLE = ("duration_ms", "attempt", "hints")
EXTRA = "extra"  # where an export keeps the fields that have no column: imported again, a response is the same
ORDER_BASE = 946_684_800  # 2000-01-01: where a file has no times, its answers are set a second apart from here
LEAST_MILLISECONDS = 100_000_000_000  # as unix seconds that would be the year 5138
LEAST_TIME = 10_000_000  # smaller numbers are places in a sequence, not unix times


def rows_of(path: Path, format: str, columns: Mapping[str, str], class_id: str | None) -> tuple[int, Rows]:
    """How many responses a file holds, and each with its row (from 1, the header not counted)."""
    kind = readers.detect(path, columns) if format == "auto" else format
    if kind in {"tidy", "archive"}:
        return _tidy(path, columns, class_id)
    log = readers.read(path, kind, columns)
    return len(log), _from_log(log, class_id)


def catalog_of(path: Path, columns: Mapping[str, str]) -> Catalog:
    """The items that a file of responses names, each with the skills that it was last answered with."""
    log = readers.read(path, columns=columns, drop_unskilled=True)
    tags = dict(zip(log.item.tolist(), log.tag.tolist(), strict=True))
    items = [Item(log.items[item], log.tags[tag]) for item, tag in sorted(tags.items())]
    return build([], items, [])[0]


def _tidy(path: Path, columns: Mapping[str, str], class_id: str | None) -> tuple[int, Rows]:
    table = readers.read_table(path).rename(columns={theirs: ours for ours, theirs in columns.items()})
    if "answered_at" not in table and "timestamp" in table:
        table = table.rename(columns={"timestamp": "answered_at"})
    missing = [name for name in REQUIRED if name not in table]
    if missing or not {"correct", "score"} & set(table.columns):
        need = missing or ["correct or score"]
        raise DataError(f"{path}: no column {need[0]}; found {', '.join(table.columns)}. Name it with --column")
    if len(table) == 0:
        raise DataError(f"{path} holds no responses")
    known = [name for name in (*REQUIRED, *OPTIONAL, "score", "correct", "answered_at", EXTRA) if name in table]
    return len(table), _dictionaries(table[known].to_dict("records"), class_id)


def _dictionaries(records: list[Any], class_id: str | None) -> Rows:
    for row, cells in enumerate(records, 1):
        given = {name: _plain(value) for name, value in cells.items() if not _missing(value)}
        found: dict[str, Any] = json.loads(given.get(EXTRA, "{}"))
        found |= {name: str(given[name]) for name in (*REQUIRED, "id", "class_id", "session_id") if name in given}
        found |= {name: _number(given[name], int) for name in WHOLE if name in given}
        score = given.get("score", given.get("correct"))
        found["score"] = float(score) if isinstance(score, bool) else _number(score, float)
        found["answered_at"] = _time(given.get("answered_at", row))
        if class_id is not None:
            found.setdefault("class_id", class_id)
        found.setdefault("id", _made_id(row, found))
        yield row, found


def _from_log(log: ResponseLog, class_id: str | None) -> Rows:
    times = log.at.tolist()
    real = len(times) > 0 and max(times) >= LEAST_TIME * 1000
    for row, (student, item, score, at) in enumerate(zip(log.student, log.item, log.score, times, strict=True), 1):
        found: dict[str, Any] = {
            "student_id": log.students[student],
            "item_id": log.items[item],
            "score": float(score),
            "answered_at": at / 1000 if real else ORDER_BASE + at,
        }
        if class_id is not None:
            found["class_id"] = class_id
        yield row, found | {"id": _made_id(row, found)}


def _made_id(row: int, found: Mapping[str, Any]) -> str:
    content = repr((row, *(found.get(name) for name in ("student_id", "item_id", "score", "answered_at"))))
    return f"import-{blake2b(content.encode(), digest_size=10).hexdigest()}"


def _time(value: Any) -> Any:
    number = _number(value, float)
    if not isinstance(number, float):
        return value
    if number >= LEAST_MILLISECONDS:
        return number / 1000
    return number if number >= LEAST_TIME else ORDER_BASE + number


def _number(value: Any, kind: type[int] | type[float]) -> Any:
    """The value as a number where it is one; else as it is, for the validation to tell of."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return {"true": 1.0, "false": 0.0}.get(str(value).lower(), value)
    return int(number) if kind is int and number.is_integer() else number


def _missing(value: Any) -> bool:
    return value is None or value == "" or value != value  # NaN is not itself


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
