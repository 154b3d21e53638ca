"""The decision log as it is archived or exported: one row a recommendation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from models.log import DataError
from service.archive_files import FOLDERS, RECOMMENDATIONS, row_of

NEEDED = "recommendation_id", "student_id", "item_id", "at", "propensity", "policy", "history_length"


@dataclass(frozen=True, slots=True)
class Logged:
    """A recommendation that was given.

    ``question``, ``draws`` (a uniform number for this slot and each before it) and ``policy_digest`` are empty where it
    was logged before they were kept: it cannot be made again.
    """

    id: str
    student_id: str
    item_id: str
    at: int
    slot: int
    propensity: float | None
    policy: str
    policy_digest: str
    model_version: str
    catalog_version: str
    length: int
    question: dict[str, Any]
    draws: tuple[float, ...]


def read(source: Path) -> list[Logged]:
    """Decisions of an archive folder, a Parquet export or a file of JSON lines: each once, by student and time.

    Raises :class:`~models.log.DataError` where there are none, and for what is no decision log.
    """
    found = {(one.student_id, one.id): one for one in map(_logged, _rows(source))}
    if not found:
        raise DataError(f"{source} holds no recommendation: none was given yet, or the log was not archived")
    return sorted(found.values(), key=lambda one: (one.student_id, one.at, one.length, one.slot))


def _rows(source: Path) -> Iterator[dict[str, Any]]:
    if source.is_dir() or not source.exists():  # an archive has no folder before its first recommendation
        inner = source / FOLDERS["recommendation"]
        for file in sorted((inner if inner.is_dir() else source).rglob("*.parquet")):
            yield from _of_parquet(file)
    elif source.suffix.lower() == ".parquet":
        yield from _of_parquet(source)
    elif source.suffix.lower() in {".jsonl", ".ndjson", ".json"}:
        yield from _of_lines(source)
    else:
        raise DataError(f"{source} is no decision log: give an archive folder, a .parquet or a .jsonl file")


def _of_parquet(file: Path) -> Iterator[dict[str, Any]]:
    parquet = pq.ParquetFile(file)
    names = set(parquet.schema_arrow.names)
    _must_have(names, f"{file}")
    wanted = [name for name in RECOMMENDATIONS.names if name in names]
    for batch in parquet.iter_batches(columns=wanted):
        yield from batch.to_pylist()


def _of_lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                event = orjson.loads(line)
            except orjson.JSONDecodeError as fault:
                raise DataError(f"{file}, line {number}: not JSON ({fault})") from None
            _must_have(event if isinstance(event, dict) else (), f"{file}, line {number}")
            yield dict(zip(RECOMMENDATIONS.names, row_of(event, "recommendation"), strict=True))


def _must_have(names: Iterable[str], where: str) -> None:
    if missing := [name for name in NEEDED if name not in set(names)]:
        raise DataError(f"{where} is no decision log: it lacks {', '.join(missing)}")


def _logged(row: dict[str, Any]) -> Logged:
    extra = orjson.loads(row.get("extra") or b"{}")
    return Logged(
        id=row["recommendation_id"],
        student_id=row["student_id"],
        item_id=row["item_id"],
        at=row["at"],
        slot=row.get("slot") or 0,
        propensity=row["propensity"],
        policy=row["policy"] or "",
        policy_digest=extra.get("policy_digest", ""),
        model_version=row.get("model_version") or "",
        catalog_version=row.get("catalog_version") or "",
        length=row["history_length"],
        question=extra.get("question", {}),
        draws=tuple(extra.get("draws", ())),
    )
