"""Measure batches of 1,000 responses on both kinds of store: responses a second, and the CPU of each.

    python -m tests.bench.ingest [--seconds 5] [--rounds 3] [--workers 2] [--store redis]

Two shapes: `spread`, every response of a batch is of another student, which is the dearest; `class`, thirty students
with some thirty responses each. Every response is new and is on disk before it is acknowledged. CPU is that of the
API workers and of the server behind them, as the kernel counts it: on a machine that does other things as well it says
more than the rate. The client that asks takes its share of the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from tests.bench.load import Ask, post, run
from tests.bench.parts import ITEMS, SKILLS
from tests.bench.serve import OURS, STUDENTS, publish, served, spent
from tests.servers import RedisServer

BATCH, CLIENTS, CLASS = 1_000, 4, 30


def spread(connection: int, turn: int) -> bytes:
    """As many students as responses."""
    return _batch(connection, turn, lambda n: (connection * 7919 + turn * BATCH + n) % STUDENTS)


def of_class(connection: int, turn: int) -> bytes:
    """A lesson of one class."""
    first = (connection * 7919 + turn * CLASS) % STUDENTS
    return _batch(connection, turn, lambda n: (first + n % CLASS) % STUDENTS)


def _batch(connection: int, turn: int, student: Callable[[int], int]) -> bytes:
    at, first = time.time(), turn * BATCH
    return post(
        "/v1/responses",
        json.dumps(
            [
                {
                    "id": f"{connection}-{first + n}-{at}",
                    "student_id": f"student-{student(n)}",
                    "class_id": f"class-{student(n) // CLASS}",
                    "item_id": f"item-{((first + n) * 31 + connection) % ITEMS}",
                    "correct": n % 3 > 0,
                    "answered_at": at + n / 1000,
                }
                for n in range(BATCH)
            ]
        ).encode(),
    )


SHAPES: dict[str, Ask] = {"spread": spread, "class": of_class}


def tell(name: str, store: str, folder: Path, server: RedisServer | None, given: argparse.Namespace) -> None:
    """A line for each shape."""
    with served(OURS, store, folder, given.workers) as (port, pid, _):
        asyncio.run(publish(store, ITEMS, SKILLS))
        pids = [pid] + ([server.process.pid] if server and server.process else [])
        for shape, ask in SHAPES.items():
            asyncio.run(run(port, ask, CLIENTS, 2.0))  # warm, and with histories
            rates, cpu, failed = [], [], 0
            for _ in range(given.rounds):
                before = [spent(one) for one in pids]
                load = asyncio.run(run(port, ask, CLIENTS, given.seconds))
                responses = len(load.latencies) * BATCH
                rates.append(responses / load.seconds)
                cpu.append([(spent(one) - was) / responses * 1e6 for one, was in zip(pids, before, strict=True)])
                failed += load.failures
            api, behind = (median(some) for some in zip(*(row if server else [*row, 0.0] for row in cpu), strict=True))
            print(
                f"batches of {BATCH:,}, {shape:6} on {name:8} {median(rates):7,.0f} responses/s   CPU of each: workers "
                f"{api:.1f} us, server {behind:.1f} us: two cores' worth of both {2e6 / (api + behind):,.0f}/s   "
                f"failed {failed}",
                flush=True,
            )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=5.0)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--store", choices=("redis", "embedded"), help="one of them alone")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        os.environ["NEXTWISE_SALT"] = "a salt for measuring"
        if given.store != "embedded":
            server = RedisServer(folder / "server").start()
            stack.callback(server.stop)
            tell("redis", server.url, folder / "redis", server, given)
        if given.store != "redis":
            tell("embedded", f"sqlite:///{folder}/embedded.db", folder / "embedded", None, given)
    print(f"{given.workers} workers, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
