"""What a number of students and responses needs: memory, processes, nodes and disk, from bytes and microseconds.

What a student, a response and a request cost was measured, by `make bench-capacity` on the mastery model with 50 skills
and 10,000 items, and a graph model beside it; a test holds the bytes to what the stores take now. CPU was measured on
two cores that were busy with other things, which makes it more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from service.settings import Settings

GB = 1_000_000_000


@dataclass(frozen=True)
class Cost:
    """What one kind of store takes. Bytes are in memory for Redis, and on disk for the file."""

    student: int  # its keys or rows, and a snapshot of 50 skills
    response: int  # in the history, its id included, and what the snapshot remembers of its item
    event: int  # of a response and of the recommendation with it, in the log until they are archived
    worker_us: float  # CPU of an API worker, and of what works for it alone, for a response with ?next=1
    store_us: float  # CPU of the server behind it
    beside: int  # bytes in memory of the processes that work for one API worker alone


REDIS = Cost(student=2_600, response=46, event=980, worker_us=280.0, store_us=75.0, beside=0)
EMBEDDED = Cost(student=1_500, response=91, event=910, worker_us=320.0, store_us=0.0, beside=65_000_000)
ARCHIVED_RESPONSE, ARCHIVED_RECOMMENDATION = 12, 75
"""Bytes in Parquet."""
WORKER_BYTES = 260_000_000
"""Resident memory of an API worker that holds few states."""
ROOM = Settings.model_fields["states_mb"].default * 2**20
"""Bytes of states that it holds at the most."""
STATE, STATE_RESPONSE = 9_000, 30
"""Bytes of one: with few answers, and what an answer to a new item adds."""
WRITES = 3_000.0
"""Requests a second that one file takes from all workers together: there is one writer."""

BUSY = 0.7
"""Share of its time that a worker may be busy: beyond it answers wait for each other."""
STORE_BUSY = 0.4
"""Share for Redis, where all wait for one thread, which also writes its file anew."""
NODE = 16 * GB
"""Memory of a machine for one Redis."""
FULL = 0.5
"""Share of it that may hold data: while the append-only file is written anew, what changes is there twice."""
REWRITTEN_AT = 4 * 2**30
"""Bytes of an append-only file below which Redis does not write it anew (docs/operating.md); then at every doubling."""
BUSIEST_HOUR, BUSIEST_MINUTE = 0.25, 2.0
"""Share of a day's responses in its busiest hour; how much the busiest minute lies above that hour's mean."""


@dataclass(frozen=True)
class Load:
    """What is asked: ``days`` with so many responses are kept; ``peak`` a second, or what is usual for so many."""

    students: int
    responses_per_day: int
    days: int
    peak: float | None = None

    @property
    def responses(self) -> int:
        return self.responses_per_day * self.days

    @property
    def per_second(self) -> float:
        """At the busiest minute."""
        return self.peak or self.responses_per_day * BUSIEST_HOUR * BUSIEST_MINUTE / 3600


@dataclass(frozen=True)
class Plan:
    """What it takes. ``way`` is the smallest of `file`, `redis` and `cluster` that carries it."""

    way: str
    per_second: float
    responses_kept: int
    bytes_per_student: int
    store_bytes: int
    workers: int
    worker_bytes: int
    store_nodes: int
    node_bytes: int
    store_cores: float
    store_disk_bytes: int
    archive_bytes: int


def plan(load: Load) -> Plan:
    """The smallest installation for a load. Raises ValueError on a load that is none.

    >>> plan(Load(students=500, responses_per_day=10_000, days=180)).way
    'file'
    """
    if min(load.students, load.days) < 1 or load.responses_per_day < 1 or (load.peak is not None and load.peak <= 0):
        raise ValueError("students, responses a day, days and the peak must be more than 0")
    if load.per_second <= BUSY * WRITES:
        return _planned(load, EMBEDDED, "file", 0)
    nodes = max(
        math.ceil(_held(load, REDIS) / (NODE * FULL)),
        math.ceil(load.per_second * REDIS.store_us / 1e6 / STORE_BUSY),
    )
    if nodes == 1:
        return _planned(load, REDIS, "redis", 1)
    return _planned(load, REDIS, "cluster", max(3, nodes))  # fewer than three primaries cannot agree that one is lost


def _planned(load: Load, cost: Cost, way: str, nodes: int) -> Plan:
    held, per_student = _held(load, cost), cost.student + cost.response * load.responses / load.students
    workers = max(1, math.ceil(load.per_second * cost.worker_us / 1e6 / BUSY))
    states = min(ROOM, load.students * STATE + load.responses * STATE_RESPONSE)
    return Plan(
        way=way,
        per_second=round(load.per_second, 1),
        responses_kept=load.responses,
        bytes_per_student=round(per_student),
        store_bytes=held,
        workers=workers,
        worker_bytes=workers * (WORKER_BYTES + cost.beside + states),
        store_nodes=nodes,
        node_bytes=math.ceil(held / nodes / FULL) if nodes else 0,
        store_cores=round(load.per_second * cost.store_us / 1e6, 2),
        store_disk_bytes=held + max(2 * held, nodes * REWRITTEN_AT) if nodes else held,  # the new file beside the old
        archive_bytes=load.responses * (ARCHIVED_RESPONSE + ARCHIVED_RECOMMENDATION),
    )


def _held(load: Load, cost: Cost) -> int:
    """Bytes in the store, with the log of the busiest hour: so long nobody may archive."""
    log = round(load.responses_per_day * BUSIEST_HOUR) * cost.event
    return load.students * cost.student + load.responses * cost.response + log
