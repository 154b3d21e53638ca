"""Measure what service/capacity.py says of bytes and CPU, on both kinds of store.

    python -m tests.bench.capacity [--students 100] [--seconds 3]

The mastery model with 10,000 items and 50 skills, and a graph model beside it. Bytes come from two lengths of history:
what is the same in both is the student's, the rest the responses'. CPU is that of the processes, as the kernel counts
it, under requests of `POST /v1/responses?next=1` over 16 connections.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from redis import Redis

from engine import bundle
from engine.catalog import to_json
from engine.graph.model import unlearnt
from engine.responses import unpack
from service import archive, capacity
from service import archive_files as files
from service.answers import parse
from service.runtime import now, tutoring
from service.settings import Settings
from service.store import open_store
from service.store.base import Snapshot, Store
from service.tutor import Tutor
from tests.bench.parts import ITEMS, catalog, model
from tests.bench.serve import OURS, measured, resident, served, spent
from tests.servers import RedisServer

FIRST, SHORT, LONG = 20, 100, 500
"""Responses of each student: sent one by one, each with ?next=1; then in batches, which is faster; and all of them."""
AT_ONCE = 50
SLOT = 24
"""Bytes of a key's entry in Redis's own table, and its share of the table: MEMORY USAGE leaves them out."""


@dataclass(frozen=True)
class Bytes:
    """Of a student, of a response, and of the events of one with ?next=1 (the recommendation's too) in the log."""

    student: float
    response: float
    event: float


@dataclass(frozen=True)
class Archived:
    """Bytes of an event in Parquet."""

    response: float
    recommendation: float


async def fill(tutor: Tutor, students: int, first: int, last: int, batch: int) -> None:
    """Responses number ``first`` to ``last`` of every student, so many in a call."""
    for number in range(first, last, batch):
        for low in range(0, students, AT_ONCE):
            some = range(low, min(students, low + AT_ONCE))
            calls = [[parse(_raw(who, number + n), now()) for n in range(batch)] for who in some]
            await asyncio.gather(*(tutor.record(answers, 1) for answers in calls))


def _raw(student: int, number: int) -> dict[str, object]:
    return {
        "id": f"attempt-{student}-{number}",
        "student_id": f"student-{student:05}",
        "class_id": f"class-{student // 25}",
        "item_id": f"item-{(number * 31 + student * 17) % ITEMS}",
        "correct": (number + student) % 3 > 0,
        "answered_at": time.time() - 8_000_000 + number * 10_000 + student,
        "duration_ms": 4000 + number * 37 % 20_000,
    }


async def snapshots(tutor: Tutor, students: int) -> None:
    """A snapshot of each that holds all of it."""
    names, serving = [f"student-{student:05}" for student in range(students)], tutor.serving
    stored, _ = await tutor.store.read(names, b"")
    folded = [serving.tracer.dump(serving.tracer.fold(unpack(one.records))) for one in stored]
    given = zip(names, stored, folded, strict=True)
    await tutor.store.save_snapshots([Snapshot(name, serving.tag, one.length, blob) for name, one, blob in given])


async def publish(store: Store) -> None:
    """The mastery model with a graph model beside it, as training leaves them."""
    known = model()
    graph = replace(unlearnt(), difficulty=np.zeros(len(known.items)))
    await store.publish("catalog", catalog().version, to_json(catalog()).encode())
    await store.publish("model", "1", bundle.dump(replace(known, graph=graph)))


async def stored_bytes(url: str, folder: Path, students: int, size: Callable[[], int]) -> tuple[Bytes, Archived]:
    """What the store takes; ``size`` gives its bytes now. What was archived is in ``folder``."""
    store, events = await open_store(url), Counter[str]()
    try:
        await publish(store)
        empty, sizes = size(), [0]
        for first, last, batch in ((0, FIRST, 1), (FIRST, SHORT, FIRST), (SHORT, LONG, FIRST)):
            async with tutoring(Settings(data=folder, store=url), store) as tutor:  # its end writes what is behind
                await fill(tutor, students, first, last, batch)
            with_log = size() - empty
            events.update(await archive.drain(store, folder))
            if last == FIRST:
                event = (with_log - (size() - empty)) / students / FIRST
            await snapshots(tutor, students)
            sizes.append(size() - empty)
    finally:
        await store.close()
    response = (sizes[-1] - sizes[-2]) / (LONG - SHORT) / students
    found = Bytes(sizes[-1] / students - LONG * response, response, event)
    return found, Archived(*(_archived(folder / files.FOLDERS[kind], events[kind]) for kind in files.FOLDERS))


def _archived(folder: Path, events: int) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet")) / events


def redis_size(url: str) -> int:
    """Bytes of all keys; those of the process vary by what its connections and its file are about."""
    with Redis.from_url(url) as asking:
        keys = list(asking.scan_iter(count=1000))
        with asking.pipeline(transaction=False) as many:
            for key in keys:
                many.memory_usage(key, samples=0)
            return sum(size + SLOT for size in many.execute())


def file_size(path: Path) -> int:
    """Bytes of the pages that are in use."""
    with sqlite3.connect(path) as database:
        values = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count")]
        (page,) = database.execute("PRAGMA page_size").fetchone()
    database.close()
    return int((values[0] - values[1]) * page)


def redis(folder: Path, students: int) -> tuple[Bytes, Archived]:
    server = RedisServer(folder / "redis", "--set-max-intset-entries", "8192").start()
    try:
        return asyncio.run(stored_bytes(server.url, folder / "archive", students, lambda: redis_size(server.url)))
    finally:
        server.stop()


def embedded(folder: Path, students: int) -> tuple[Bytes, Archived]:
    path = folder / "store.db"
    return asyncio.run(stored_bytes(f"sqlite:///{path}", folder / "archive", students, lambda: file_size(path)))


def cpu(url: str, folder: Path, seconds: float, server: RedisServer | None = None) -> tuple[float, float, float]:
    """Microseconds of an API worker and of the server behind it, for a request; and the worker's MB."""

    async def prepared() -> None:
        store = await open_store(url)
        await publish(store)
        await store.close()

    asyncio.run(prepared())
    with served(OURS, url, folder) as (port, pid, _):
        measured((port, pid), 16, seconds)  # warm, and with histories
        behind = spent(server.process.pid) if server and server.process else 0.0
        load, worker = measured((port, pid), 16, seconds)
        if server and server.process:
            behind = (spent(server.process.pid) - behind) / len(load.latencies)
        return worker * 1e6, behind * 1e6, resident(pid)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--students", type=int, default=100)
    options.add_argument("--seconds", type=float, default=3.0)
    given = options.parse_args()
    for name, held, said in (("redis", redis, capacity.REDIS), ("embedded", embedded, capacity.EMBEDDED)):
        with tempfile.TemporaryDirectory() as folder:
            found, archived = held(Path(folder), given.students)
        print(f"{name:9} student {found.student:,.0f} bytes (said {said.student:,})", end="  ")
        print(
            f"response {found.response:.1f} (said {said.response})  log {found.event:.0f} (said {said.event})", end="  "
        )
        print(f"archived: response {archived.response:.1f} (said {capacity.ARCHIVED_RESPONSE})", end="  ")
        print(f"recommendation {archived.recommendation:.1f} (said {capacity.ARCHIVED_RECOMMENDATION})")
    print(f"a student of 50 skills and 500 responses: redis {capacity.REDIS.student + 500 * capacity.REDIS.response:,}")
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder) / "redis").start()
        try:
            worker, behind, memory = cpu(server.url, Path(folder), given.seconds, server)
        finally:
            server.stop()
        said = capacity.REDIS
        print(f"redis     worker {worker:.0f} us (said {said.worker_us:.0f})  server {behind:.0f} us ", end="")
        print(f"(said {said.store_us:.0f})  worker's memory {memory:.0f} MB (said {capacity.WORKER_BYTES / 1e6:.0f})")
        worker, _, memory = cpu(f"sqlite:///{folder}/store.db", Path(folder), given.seconds)
        print(f"embedded  worker {worker:.0f} us (said {capacity.EMBEDDED.worker_us:.0f})  memory {memory:.0f} MB")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
