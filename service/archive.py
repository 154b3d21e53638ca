"""The event archive: drains the store's log into Parquet files, which training and evidence read.

Nothing is lost and nothing doubled by a death at any moment. What a batch holds is written down before its files are
("the plan"), and that they are complete before the log is trimmed; whoever drains next finishes that batch first.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from models.log import CATALOG
from service import archive_compaction
from service import archive_files as files
from service.store.base import LogEntry, Store

logger = logging.getLogger(__name__)

LIMIT = 20_000
"""Events of a batch: it is held in memory."""
PATIENCE = 120.0
"""Seconds to wait for another process that is draining."""

Rest = Callable[[float], Awaitable[None]]


class ArchiveBusy(Exception):
    """Another process is draining and does not come to an end."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a batch takes from one partition: its oldest ``count`` events, through position ``last``."""

    partition: str
    count: int
    last: str
    digest: str


async def drain(
    store: Store, folder: Path, limit: int = LIMIT, patience: float = PATIENCE, rest: Rest | None = None
) -> dict[str, int]:
    """Move all events that the log has now into the archive. How many of each kind (``unreadable`` is one).

    After each batch that others follow ``rest`` is called with the seconds that it took.
    Raises :class:`ArchiveBusy`, OSError where the disk is full, :class:`~service.store.base.StoreUnavailable`.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    counts: dict[str, int] = {}
    async with locked(folder / ".drain.lock", patience):
        plan = folder / ".plan.json"
        await _finish(store, folder, plan, counts)
        began = time.monotonic()
        while batch := await _batch(store, limit):
            await _archive(store, folder, plan, batch, counts)
            if sum(map(len, batch.values())) < limit:
                break  # what came meanwhile is for the next time: else this has no end where answers keep coming
            if rest is not None:
                await rest(time.monotonic() - began)
            began = time.monotonic()
        await asyncio.to_thread(archive_compaction.compact, folder, time.time())
        await _keep_catalog(store, folder)
    if counts.get(files.UNREADABLE):
        logger.error("%d events could not be read: kept in %s", counts[files.UNREADABLE], folder / files.UNREADABLE)
    return counts


async def _keep_catalog(store: Store, folder: Path) -> None:
    """The current catalog beside the responses, written where it is another one: what builds on what is learnt from,
    too. Its version stands beside it, since the file need not be read for it."""
    version = (await store.heads()).catalog
    path, known = folder / CATALOG, folder / f".{CATALOG}.version"
    if version is None or (path.is_file() and known.is_file() and known.read_text() == version):
        return
    text = await store.fetch("catalog", version)
    if text is not None:
        hidden = folder / f".{CATALOG}.part"
        known.unlink(missing_ok=True)  # written last: without it the catalog is written anew
        await asyncio.to_thread(hidden.write_bytes, text)
        await asyncio.to_thread(files.replace, hidden, path)
        known.write_text(version)


@asynccontextmanager
async def locked(path: Path, patience: float | None = None, stop: asyncio.Event | None = None) -> AsyncIterator[bool]:
    """Hold a lock file, let go of when this process dies; waits, without limit where ``patience`` is None.

    Gives whether it is held: not where ``stop`` was set while waiting. Raises :class:`ArchiveBusy`.
    """
    waited, step = 0.0, 0.1
    with path.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stop is not None and stop.is_set():
                    yield False
                    return
                if patience is not None and waited >= patience:
                    raise ArchiveBusy(f"another process has held {path} for {waited:.0f} s") from None
            await asyncio.sleep(step)
            waited += step
        yield True


def export(folder: Path, destination: Path, kind: Literal["response", "recommendation"] = "response") -> int:
    """Write all events of a kind, each once and in order of time, to one file; CSV by its suffix, else Parquet.

    How many there are. Memory is bounded: what does not fit is sorted on disk. Raises FileNotFoundError where nothing
    was archived.
    """
    import duckdb

    sources = [str(path) for path in sorted((folder / files.FOLDERS[kind]).rglob("*.parquet"))]
    if not sources:
        raise FileNotFoundError(f"nothing is archived in {folder / files.FOLDERS[kind]}")
    csv = destination.suffix.lower() in {".csv", ".tsv"}
    key, first = ("id", "received_at") if kind == "response" else ("recommendation_id", '"at"')
    columns = "* REPLACE (array_to_string(skill_ids, ';') AS skill_ids)" if csv else "*"
    form = f"FORMAT csv, HEADER, DELIMITER '{chr(9) if destination.suffix.lower() == '.tsv' else ','}'"
    hidden = destination.with_name(f".{destination.name}.part")
    destination.parent.mkdir(parents=True, exist_ok=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "1GB",
        "temp_directory": str(folder / ".duckdb"),
        "preserve_insertion_order": False,
    }
    with duckdb.connect(config=config) as database:
        query = f"""COPY (
            SELECT {columns} FROM read_parquet(?, union_by_name = true, hive_partitioning = false)
            QUALIFY row_number() OVER (PARTITION BY student_id, {key} ORDER BY {first}) = 1
            ORDER BY "{files.TIMES[kind]}", student_id, {key}
        ) TO '{str(hidden).replace("'", "''")}' ({form if csv else "FORMAT parquet, COMPRESSION zstd"})"""
        (rows,) = database.execute(query, [sources]).fetchone() or (0,)
    files.replace(hidden, destination)
    return int(rows)


# ------------------------------------------------------------------------------------------------------ one batch


async def _batch(store: Store, limit: int) -> dict[str, list[LogEntry]]:
    """The oldest events of the partitions, up to ``limit`` together."""
    batch: dict[str, list[LogEntry]] = {}
    for partition in sorted(await store.log_partitions()):
        entries = await store.read_log(partition, limit)
        if entries:
            batch[partition] = entries
            limit -= len(entries)
        if limit <= 0:
            break
    return batch


async def _archive(
    store: Store, folder: Path, plan: Path, batch: dict[str, list[LogEntry]], counts: dict[str, int]
) -> None:
    parts = [Part(name, len(some), some[-1].position, files.digest(some)) for name, some in batch.items()]
    await asyncio.to_thread(_plan, plan, parts, False)
    entries = [entry for some in batch.values() for entry in some]
    for kind, count in (await asyncio.to_thread(files.write, folder, entries)).items():
        counts[kind] = counts.get(kind, 0) + count
    await asyncio.to_thread(_plan, plan, parts, True)
    await _trim(store, parts)
    await asyncio.to_thread(plan.unlink)


async def _trim(store: Store, parts: Sequence[Part]) -> None:
    """Side by side, which is a few round trips in place of one for each of them."""
    await asyncio.gather(*(store.trim_log(part.partition, part.last) for part in parts))


async def _finish(store: Store, folder: Path, plan: Path, counts: dict[str, int]) -> None:
    """Bring to its end what another process had begun."""
    try:
        written, parts = _read_plan(await asyncio.to_thread(plan.read_bytes))
    except FileNotFoundError:
        return
    # What is in the log now may be something else: another store behind the same folder. Then it is left alone.
    found = {part.partition: await store.read_log(part.partition, part.count) for part in parts}
    same = [part for part in parts if files.digest(found[part.partition]) == part.digest]
    if written:
        await _trim(store, same)
    elif len(same) == len(parts):
        await _archive(store, folder, plan, found, counts)
        return
    await asyncio.to_thread(plan.unlink)


def _plan(path: Path, parts: Sequence[Part], written: bool) -> None:
    hidden = path.with_suffix(".part")
    with hidden.open("wb") as file:
        file.write(orjson.dumps({"written": written, "parts": parts}))
        file.flush()
        os.fsync(file.fileno())
    files.replace(hidden, path)


def _read_plan(text: bytes) -> tuple[bool, list[Part]]:
    plan: dict[str, Any] = orjson.loads(text)
    return bool(plan["written"]), [Part(**part) for part in plan["parts"]]
