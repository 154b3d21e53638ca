"""Measure the service: the fold, start-up and memory, and requests a second beside bare endpoints.

    python -m tests.bench.serve [--seconds 3] [--rounds 5]

What is served is the mastery model, with 10,000 items and 50 skills. Ours and the bare endpoints run in turn, in the
same minutes, each in one worker process on this machine; what counts is the ratio. The bare endpoint is a typed FastAPI
endpoint that makes one durable round trip to the same store and does nothing else; on Redis a second one goes through
redis-py's own connection pool.
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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from engine import bundle
from engine.catalog import Catalog, Item, Skill, build, to_json
from engine.mastery_model import MasteryModel, unlearnt
from engine.model import builtin
from engine.responses import RECORD, key
from engine.tracing import AnyTracer, bind
from service.store import open_store
from tests.bench.load import Load, run
from tests.servers import RedisServer, free_port

ITEMS, SKILLS, STUDENTS = 10_000, 50, 2_000


def catalog() -> Catalog:
    items = [Item(f"item-{n}", (f"skill-{n % SKILLS}",)) for n in range(ITEMS)]
    return build([Skill(f"skill-{n}") for n in range(SKILLS)], items, [])[0]


def model() -> MasteryModel:
    """A mastery model that knows every item of the catalog: the kind that is served by default."""
    names = tuple(item.id for item in catalog().items)
    offsets = np.zeros((len(names), 2))
    offsets[:, 0] = np.random.default_rng(0).normal(0, 0.7, len(names))
    return replace(unlearnt(), items=names, offsets=offsets, item_means=np.full(len(names) + 1, 0.7), version="1")


def fold(name: str, tracer: AnyTracer) -> None:
    """One long history, folded whole; one record folded on a state, called from Python; and the state as bytes."""
    rng = np.random.default_rng(0)
    keys = np.array([key(item.id) for item in tracer.catalog.items])
    history = np.zeros(5_000, RECORD)
    history["item"], history["at"] = rng.choice(keys, len(history)), np.arange(len(history)) * 60_000
    history["score"] = rng.random(len(history)) < 0.6
    state = tracer.fold(history[:500])
    whole = _median(lambda: tracer.fold(history), 20) / len(history)
    one = _median(lambda: tracer.fold(history[500:501], state), 2_000)
    practised, size = int((state.responses > 0).sum()), len(tracer.dump(state))
    shortlist = _median(lambda: tracer.predict(state, np.arange(50)), 500)
    print(
        f"{name:17} a history of 5,000: {whole * 1e6:.2f} us a response; one response on 500: {one * 1e6:.1f} us; "
        f"P(correct) of 50 items: {shortlist * 1e6:.0f} us; "
        f"snapshot of 500 responses, {practised} skills: {size:,} bytes"
    )


def _median(work: Callable[[], object], times: int) -> float:
    """Median seconds of a call."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return median(taken)


@contextmanager
def served(app: str, store: str, folder: Path) -> Iterator[tuple[int, int, float]]:
    """A server process of an application factory: its port, its process id, and the seconds until it answered."""
    port = free_port()
    environment = os.environ | {"NEXTWISE_STORE": store, "NEXTWISE_DATA": str(folder), "NEXTWISE_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "uvicorn", "--factory", app, "--port", str(port), "--log-level", "warning"]
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
    """Seconds of CPU that a process has used, as the kernel counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(server: tuple[int, int], clients: int, seconds: float) -> tuple[Load, float]:
    """A load on a server (port, process id), and its CPU seconds a request."""
    port, pid = server
    before = spent(pid)
    load = asyncio.run(run(port, "/v1/responses?next=1", body, clients, seconds))
    return load, (spent(pid) - before) / len(load.latencies)


def body(connection: int, turn: int) -> bytes:
    """A response of one of many students; every one is new."""
    at = time.time()
    number = (connection * 7919 + turn) % STUDENTS
    response = {
        "id": f"{connection}-{turn}-{at}",
        "student_id": f"student-{number}",
        "item_id": f"item-{(turn * 31 + connection) % ITEMS}",
        "correct": turn % 3 > 0,
        "answered_at": at,
    }
    return json.dumps(response).encode()


def serving(kind: str, store: str, yardsticks: dict[str, str], seconds: float, rounds: int) -> None:
    """Ours and the bare endpoints in turn, at 1 and 16 clients."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers: dict[str, tuple[int, int]] = {}
        for name, app in {"ours": "service.api.app:create_app", **yardsticks}.items():
            port, pid, took = stack.enter_context(served(app, store.format(name=name, folder=folder), folder))
            servers[name] = port, pid
            if name == "ours":
                print(f"\n{kind}: ready after {took:.2f} s, resident {resident(pid):.0f} MB")
                _put(port, to_json(catalog()).encode())
                asyncio.run(_publish(store.format(name=name, folder=folder)))
        for clients in (1, 16):
            loads: dict[str, list[tuple[Load, float]]] = {name: [] for name in servers}
            for server in servers.values():
                measured(server, clients, 1.0)  # warm
            for _ in range(rounds):
                for name, server in servers.items():
                    loads[name].append(measured(server, clients, seconds))
            _report(kind, clients, loads)
        print(f"{kind}: resident after the load {resident(servers['ours'][1]):.0f} MB")


def _put(port: int, content: bytes) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/catalog", content, {"Content-Type": "application/json"}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=60):
        pass


async def _publish(url: str) -> None:
    """Let the running service serve the mastery model."""
    store = await open_store(url)
    await store.publish("model", "1", bundle.dump(model()))
    await store.close()


def _report(kind: str, clients: int, loads: dict[str, list[tuple[Load, float]]]) -> None:
    rates = {name: [load.rate for load, _ in some] for name, some in loads.items()}
    for name, measurements in loads.items():
        some, cpu = [load for load, _ in measurements], median(cpu for _, cpu in measurements)
        p50, p99 = (median(load.percentile(share) for load in some) for share in (0.5, 0.99))
        failed = sum(load.failures for load in some)
        share = median(ours / theirs for ours, theirs in zip(rates["ours"], rates[name], strict=True))
        print(
            f"{kind:9} {clients:2} clients  {name:22} {median(rates[name]):7.0f} requests/s  p50 {p50:6.2f} ms  "
            f"p99 {p99:6.2f} ms  CPU {cpu * 1e6:4.0f} us  failed {failed}"
            + (f"  ours / this {share:.2f}" if name != "ours" else "")
        )


def main() -> None:
    """Run all of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=3.0)
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    for name, tracer in {
        "mastery": bind(model(), catalog()),
        "mastery, compact": bind(model(), catalog(), compact=True),
        "bkt": bind(builtin(), catalog()),
    }.items():
        fold(name, tracer)
    bare = {"bare, same store": "tests.bench.bare:create_app"}
    serving("embedded", "sqlite:///{folder}/{name}.db", bare, given.seconds, given.rounds)
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder)).start()
        try:
            pool = {"bare, redis-py pool": "tests.bench.bare:create_pool_app"}
            serving("redis", server.url, bare | pool, given.seconds, given.rounds)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
