"""One run: an installation under load, faults until the time is over, then everything is mended and compared."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine import bundle
from engine.catalog import to_json
from engine.mastery_model import MasteryModel, unlearnt
from engine.tracing import bind
from service import archive
from service.store import open_store
from tests.chaos.faults import Faults
from tests.chaos.installation import Installation, Kind
from tests.chaos.ledger import STUDENTS, Ledger, catalog
from tests.chaos.senders import Senders
from tests.chaos.verdict import Verdict, judge

CLIENTS = 6
CALM = (0.3, 1.2)
"""Seconds between two faults: from, to."""


@dataclass(frozen=True)
class Outcome:
    """What is to be told of a run."""

    kind: Kind
    verdict: Verdict
    ledger: Ledger
    faults: Faults
    installation: Installation

    def __str__(self) -> str:
        said, disk = self.ledger.counts, self.installation.disk
        told = [f"{self.kind}: {len(self.ledger.acknowledged)} responses acknowledged of {len(self.ledger.sent)}"]
        told.append("sent: " + ", ".join(f"{said[name]} {name}" for name in sorted(said)))
        told.append(f"slowest answer: {self.ledger.slowest:.1f} s")
        told.append(f"{self.verdict.snapshots} students of {STUDENTS} had a snapshot of the model served at the end")
        told.append("faults: " + ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in self.faults.counts.items()))
        if disk.refusal is not None:
            told.append(f"no full disk: a tmpfs cannot be mounted here ({disk.refusal})")
        return "\n".join([*told, self.verdict.table()])


def model(version: int) -> MasteryModel:
    """Models that differ in what a week without practice costs: mastery of one is never that of another."""
    names = tuple(item.id for item in catalog().items)
    offsets = np.random.default_rng(version).normal(0, 0.7, (len(names), 2))
    means = np.full(len(names) + 1, 0.7)
    gap = np.array([0.5 + 0.1 * (version % 10), 10.0])
    return replace(unlearnt(), items=names, offsets=offsets, item_means=means, gap=gap, version=str(version))


async def chaos(kind: Kind, folder: Path, seconds: float, seed: int, clients: int = CLIENTS) -> Outcome:
    """Break things for ``seconds``, then judge."""
    with Installation(kind, folder) as at:
        loop, ledger, version = asyncio.get_running_loop(), Ledger(seed), 1
        await _publish(at.store_url, version, with_catalog=True)

        def swap() -> None:
            nonlocal version
            version += 1
            asyncio.run_coroutine_threadsafe(_publish(at.store_url, version), loop).result()

        faults, senders = Faults(at, seed, swap), Senders(at.urls, ledger)
        sending = asyncio.create_task(senders.run(clients))
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end and not sending.done():
                await asyncio.sleep(ledger.random.uniform(*CALM))
                await asyncio.to_thread(faults.one)
        finally:
            senders.stop()
            await sending
        await senders.settle()
        await asyncio.to_thread(at.kill_archiver)
        return Outcome(kind, await _judged(at, ledger, version), ledger, faults, at)


async def _publish(url: str, version: int, with_catalog: bool = False) -> None:
    store = await open_store(url)
    try:
        if with_catalog:
            await store.publish("catalog", catalog().version, to_json(catalog()).encode())
        await store.publish("model", str(version), bundle.dump(model(version)))
    finally:
        await store.close()


async def _judged(at: Installation, ledger: Ledger, version: int) -> Verdict:
    store = await open_store(at.store_url)
    try:
        await archive.drain(store, at.archive)
        return await judge(ledger, store, at.archive, bind(model(version), catalog()), at.urls)
    finally:
        await store.close()


def together(kinds: Sequence[Kind], folder: Path, seconds: float, seed: int) -> list[Outcome]:
    """A run for every kind of store, one after the other; each has its part of the time."""
    outcomes = []
    for kind in kinds:
        with suppress(KeyboardInterrupt):
            outcomes.append(asyncio.run(chaos(kind, folder / kind, seconds / len(kinds), seed)))
            print(f"\n{outcomes[-1]}", flush=True)
    return outcomes
