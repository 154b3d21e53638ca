"""Measure the service: requests a second beside the yardsticks, and what one student costs.

    python -m tests.bench.serve [--seconds 3] [--rounds 7]     (batches: tests.bench.ingest)

What is served is the mastery model, with 10,000 items and 50 skills; for what comes next alone, 100,000 and 500. All
servers run in turn, in the same minutes, each in one worker process on this machine; what counts is the ratio of a
round to the same round of a yardstick, and the CPU of a request as the kernel counts it.

    A   what a team would write: a typed FastAPI endpoint, one round trip through redis-py's pool, and nothing else
    B   the same over one connection that many requests share (ours)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from engine import bundle
from engine.catalog import to_json
from service.api.wire import WIRE
from service.store import open_store
from tests.bench import parts
from tests.bench.load import Ask, Load, get, post, run
from tests.bench.parts import ITEMS, SKILLS, catalog, model
from tests.servers import RedisServer, free_port

STUDENTS = 2_000
OURS = "service.api.app:create_app"


@contextmanager
def served(app: str, store: str, folder: Path, workers: int = 1) -> Iterator[tuple[int, int, float]]:
    """A server of an application factory: its port, its process id, and the seconds until it answered."""
    port = free_port()
    environment = os.environ | {"NEXTWISE_STORE": store, "NEXTWISE_DATA": str(folder), "NEXTWISE_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "uvicorn", "--factory", app, "--port", str(port), "--log-level", "warning"]
    command += ["--workers", str(workers), "--http", WIRE if app == OURS else "auto"]
    began = time.perf_counter()
    process = subprocess.Popen([*command, "--no-access-log"], env=environment)
    try:
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2):
                    break
            except OSError:
                if process.poll() is not None:
                    raise RuntimeError(f"{app} did not start") from None
                time.sleep(0.01)
        yield port, process.pid, time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def resident(pid: int) -> float:
    """Resident memory in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmRSS")


def spent(pid: int) -> float:
    """Seconds of CPU that a process and its workers have used, as the kernel counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(spent(int(one)) for one in children)


def measured(server: tuple[int, int], clients: int, seconds: float, ask: Ask | None = None) -> tuple[Load, float]:
    """A load on a server (port, process id), and its CPU seconds a request."""
    port, pid = server
    before = spent(pid)
    load = asyncio.run(run(port, ask or answered, clients, seconds))
    return load, (spent(pid) - before) / len(load.latencies)


def answered(connection: int, turn: int) -> bytes:
    """A response of one of many students, every one new, and the question what comes next."""
    return post("/v1/responses?next=1", json.dumps(response(connection, turn)).encode())


def asked(connection: int, turn: int) -> bytes:
    """What comes next for one of many students."""
    return get(f"/v1/students/{student(connection, turn)}/next")


def student(connection: int, turn: int) -> str:
    return f"student-{(connection * 7919 + turn) % STUDENTS}"


def response(connection: int, turn: int) -> dict[str, object]:
    at = time.time()
    return {
        "id": f"{connection}-{turn}-{at}",
        "student_id": student(connection, turn),
        "item_id": f"item-{(turn * 31 + connection) % ITEMS}",
        "correct": turn % 3 > 0,
        "answered_at": at,
    }


Server = tuple[int, int]  # port, process id
Loads = dict[str, list[tuple[Load, float]]]


def ours(stack: ExitStack, store: str, folder: Path, items: int = ITEMS, skills: int = SKILLS) -> Server:
    """The service on a store of its own, with a catalog and a model."""
    port, pid, took = stack.enter_context(served(OURS, store, folder))
    print(f"{store.partition(':')[0]}: ready after {took:.2f} s, resident {resident(pid):.0f} MB", flush=True)
    asyncio.run(publish(store, items, skills))
    return port, pid


def in_turn(servers: Mapping[str, tuple[Server, Ask]], clients: int, seconds: float, rounds: int) -> Loads:
    """The same load on each in turn, round by round."""
    loads: Loads = {name: [] for name in servers}
    for server, ask in servers.values():
        measured(server, clients, 1.0, ask)  # warm
    for _ in range(rounds):
        for name, (server, ask) in servers.items():
            loads[name].append(measured(server, clients, seconds, ask))
    return loads


def beside(loads: Loads, name: str, yardstick: str) -> float:
    """Requests a second over those of a yardstick: median over the rounds."""
    pairs = zip(loads[name], loads[yardstick], strict=True)
    return median(mine.rate / theirs.rate for (mine, _), (theirs, _) in pairs)


def tell(what: str, clients: int, loads: Loads) -> None:
    """A line for each server."""
    for name, measurements in loads.items():
        some, cpu = [load for load, _ in measurements], median(cpu for _, cpu in measurements)
        p50, p99 = (median(load.percentile(share) for load in some) for share in (0.5, 0.99))
        ratios = "  ".join(
            f"/ {one} {beside(loads, name, one):.2f}" for one in ("A", "B") if one in loads and one != name
        )
        print(
            f"{what:14} {clients:2} clients  {name:8} {median(load.rate for load in some):7.0f} requests/s  "
            f"p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  CPU {cpu * 1e6:4.0f} us  "
            f"failed {sum(load.failures for load in some)}  {ratios}",
            flush=True,
        )


async def publish(url: str, items: int, skills: int) -> None:
    """Let the running service serve the catalog and the mastery model."""
    store, held = await open_store(url), catalog(items, skills)
    await store.publish("catalog", held.version, to_json(held).encode())
    await store.publish("model", "1", bundle.dump(model(items, skills)))
    await store.close()


def serving(server: RedisServer, folder: Path, seconds: float, rounds: int) -> Loads:
    """Responses, at 1, 16 and 64 clients, on both stores beside the yardsticks; the loads at 16."""
    with ExitStack() as stack:
        servers = {
            "redis": ours(stack, server.url, folder / "redis"),
            "embedded": ours(stack, f"sqlite:///{folder}/embedded.db", folder / "embedded"),
            "A": stack.enter_context(served("tests.bench.bare:create_pool_app", server.url, folder))[:2],
            "B": stack.enter_context(served("tests.bench.bare:create_app", server.url, folder))[:2],
        }
        both = {name: (server, answered) for name, server in servers.items()}
        loads = {clients: in_turn(both, clients, seconds, rounds) for clients in (1, 16, 64)}
        for clients, some in loads.items():
            tell("POST next=1", clients, some)
    return loads[16]


def asking(server: RedisServer, folder: Path, seconds: float, rounds: int) -> None:
    """What comes next, of many items and skills, beside the yardstick."""
    server.flush()
    with ExitStack() as stack:
        large = ours(stack, server.url, folder / "large", 100_000, 500)
        pool = stack.enter_context(served("tests.bench.bare:create_pool_app", server.url, folder))[:2]
        measured(large, 16, seconds, answered)  # students with histories
        for clients in (16, 64):
            tell(
                "GET next", clients, in_turn({"redis": (large, asked), "A": (pool, answered)}, clients, seconds, rounds)
            )


def main() -> None:
    """Run all of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=3.0)
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    parts.tell()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        server = RedisServer(folder / "server").start()
        stack.callback(server.stop)
        asyncio.run(parts.stored(server))
        loads = serving(server, folder, given.seconds, given.rounds)
        asking(server, folder, given.seconds, given.rounds)
    redis, embedded = (beside(loads, name, "A") for name in ("redis", "embedded"))
    print(f"POST next=1 vs yardstick A, 16 connections: redis {redis:.2f} embedded {embedded:.2f}")


if __name__ == "__main__":
    main()
