"""Minutes of load at 70 % of capacity: memory stays, nothing fails, and the last minute is as quick as the first.

    python -m tests.chaos.soak [--minutes 30] [--students 20000] [--answers 50] [--stores redis sqlite]

One API worker, the archiver beside it as often as in life, POST /v1/responses?next=1 of many students at times of its
own: a slow answer holds up no other, as it is with real callers. The capacity is measured right before, with as many
connections as it takes. The exit code is 1 where memory grew, a request failed or the latency did.

As in schools, students come for a lesson and go: 20,000 at once, each of whom answers every seven seconds or so; after
50 answers another takes the place. What a worker holds of them comes to its bound before memory counts, and must stay
there. With ``--answers 0`` nobody goes: of 2,000 students each then has thousands of answers at the end, years of them,
and states grow all the time that they are watched.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from service.store import open_store
from service.sync import DRAIN_EVERY
from tests.bench import load
from tests.bench.capacity import publish
from tests.bench.parts import ITEMS
from tests.bench.serve import resident
from tests.chaos.installation import Installation, Kind

SHARE, CONNECTIONS, CALIBRATION = 0.7, 16, 10.0
WARM = 1 / 3
"""Share of the time until memory counts: caches fill up to their bounds."""
GROWTH, SLOWER = 1.05, 1.2
KINDS = ("redis", "sqlite")
REWRITTEN_AT = "4gb"
"""As docs/operating.md has it: Redis rewrites its file at night, not while students wait."""


@dataclass
class Watched:
    """Latencies in seconds by the minute they began in, memory in MB by the second, and what failed."""

    latencies: dict[int, list[float]] = field(default_factory=dict)
    memory: list[float] = field(default_factory=list)
    failed: int = 0

    def p99(self, minute: int) -> float:
        """Milliseconds."""
        return float(np.quantile(self.latencies[minute], 0.99)) * 1000

    @property
    def grew(self) -> float:
        """Memory in the last tenth over that after the warm-up: medians."""
        part = max(1, len(self.memory) // 10)
        warm = int(len(self.memory) * WARM)
        return float(np.median(self.memory[-part:]) / np.median(self.memory[warm : warm + part]))


def asked_by(students: int, answers: int) -> load.Ask:
    """A new response of any of so many students at once, and what comes next. After so many answers another student
    takes the place of one; the lessons do not begin together. 0: nobody goes."""
    told = [random.randrange(answers or 1) for _ in range(students)]

    def ask(connection: int, turn: int) -> bytes:
        place = random.randrange(students)
        told[place] += 1
        response = {
            "id": f"{connection}-{turn}-{time.time_ns()}",
            "student_id": f"student-{place}-{told[place] // answers if answers else 0}",
            "class_id": f"class-{connection}",
            "item_id": f"item-{random.randrange(ITEMS)}",
            "correct": random.random() < 0.6,
            "answered_at": time.time(),
        }
        return load.post("/v1/responses?next=1", json.dumps(response).encode())

    return ask


async def soak(kind: Kind, folder: Path, minutes: float, ask: load.Ask) -> tuple[Watched, float]:
    """What was seen, and the requests a second that were sent."""
    with Installation(kind, folder, apis=1, own_disk=False, drain_every=DRAIN_EVERY) as at:
        for server in at.servers:
            server.ask("CONFIG", "SET", "auto-aof-rewrite-min-size", REWRITTEN_AT)
        store = await open_store(at.store_url)
        await publish(store)
        await store.close()
        port, process = at.apis[0].port, at.apis[0].process.pid
        await load.run(port, ask, CONNECTIONS, CALIBRATION / 2)
        rate = SHARE * (await load.run(port, ask, CONNECTIONS, CALIBRATION)).rate
        watched, end = Watched(), time.monotonic() + 60 * minutes
        watching = asyncio.create_task(_watch(watched, process, end))
        await _send(watched, port, ask, rate, minutes)
        await watching
    return watched, rate


async def _watch(watched: Watched, process: int, end: float) -> None:
    while time.monotonic() < end:
        watched.memory.append(resident(process))
        await asyncio.sleep(1)


async def _send(watched: Watched, port: int, ask: load.Ask, rate: float, minutes: float) -> None:
    """Requests at a steady rate; what begins late is counted from when it should have begun."""
    lines: asyncio.Queue[float | None] = asyncio.Queue()
    began = time.perf_counter()

    async def connection(number: int) -> None:
        caller, turn = await load.Caller.open(port), 0
        while (due := await lines.get()) is not None:
            turn += 1
            status = await caller.send(ask(number, turn))
            minute = int((due - began) // 60)
            watched.latencies.setdefault(minute, []).append(time.perf_counter() - due)
            watched.failed += status >= 400
        await caller.close()

    calling = [asyncio.create_task(connection(number)) for number in range(4 * CONNECTIONS)]
    for number in range(int(rate * 60 * minutes)):
        due = began + number / rate
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        lines.put_nowait(due)
    for _ in calling:
        lines.put_nowait(None)
    await asyncio.gather(*calling)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=30.0, help="in all; shared by the stores")
    options.add_argument("--students", type=int, default=20_000, help="at once")
    options.add_argument("--answers", type=int, default=50, help="of a student, then another comes; 0: nobody goes")
    options.add_argument("--stores", nargs="+", choices=KINDS, default=["redis"])
    given = options.parse_args()
    fine = True
    for kind in given.stores:
        with tempfile.TemporaryDirectory(prefix="nextwise-soak-") as folder:
            ask = asked_by(given.students, given.answers)
            seen, rate = asyncio.run(soak(kind, Path(folder), given.minutes / len(given.stores), ask))
        first, last = seen.p99(min(seen.latencies)), seen.p99(max(seen.latencies))
        sent = sum(map(len, seen.latencies.values()))
        print(
            f"{kind}: {sent:,} requests at {rate:.0f}/s, {seen.failed} failed; memory {seen.memory[0]:.0f} MB at the "
            f"start, {seen.memory[-1]:.0f} MB at the end, x{seen.grew:.3f} since it was warm; "
            f"p99 {first:.1f} ms in the first minute, {last:.1f} ms in the last"
        )
        print("p99 by the minute, ms: " + " ".join(f"{seen.p99(minute):.0f}" for minute in sorted(seen.latencies)))
        fine = fine and seen.failed == 0 and seen.grew <= GROWTH and last <= SLOWER * first
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
