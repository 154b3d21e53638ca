"""Measure what one student costs, in one process: folding, standing, choosing, and the bytes that are kept."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from statistics import median, quantiles

import numpy as np

from engine.catalog import Catalog, Item, Skill, build
from engine.mastery_model import MasteryModel, unlearnt
from engine.model import builtin
from engine.recommend import Policy, choose
from engine.responses import RECORD, History, Response, key, pack
from engine.tracing import AnyTracer, bind
from service.serving import warm_up
from service.store.base import NewResponse, Snapshot, Write
from service.store.redis import RedisStore
from service.store.redis_keys import bucket_of
from tests.servers import RedisServer

ITEMS, SKILLS = 10_000, 50


@lru_cache(2)
def catalog(items: int = ITEMS, skills: int = SKILLS) -> Catalog:
    asked = [Item(f"item-{n}", (f"skill-{n % skills}",)) for n in range(items)]
    return build([Skill(f"skill-{n}") for n in range(skills)], asked, [])[0]


def model(items: int = ITEMS, skills: int = SKILLS) -> MasteryModel:
    """A mastery model that knows every item of the catalog: the kind that is served by default."""
    names = tuple(item.id for item in catalog(items, skills).items)
    offsets = np.zeros((len(names), 2))
    offsets[:, 0] = np.random.default_rng(0).normal(0, 0.7, len(names))
    return replace(unlearnt(), items=names, offsets=offsets, item_means=np.full(len(names) + 1, 0.7), version="1")


def history_of(answers: int, tracer: AnyTracer) -> History:
    """One student's answers, a minute apart, to items drawn evenly."""
    rng, keys = np.random.default_rng(0), np.array([key(item.id) for item in tracer.catalog.items])
    history = np.zeros(answers, RECORD)
    history["id"], history["item"] = np.arange(answers), rng.choice(keys, answers)
    history["at"], history["score"] = np.arange(answers) * 60_000, rng.random(answers) < 0.6
    return history


def tell() -> None:
    """A line for each kind of model, and one for the choice in a large catalog."""
    warm_up()
    for name, tracer in {
        "mastery": bind(model(), catalog()),
        "mastery, compact": bind(model(), catalog(), compact=True),
        "bkt": bind(builtin(), catalog()),
    }.items():
        _folded(name, tracer)
    _chosen(bind(model(100_000, 500), catalog(100_000, 500)))


def _folded(name: str, tracer: AnyTracer) -> None:
    history = history_of(5_000, tracer)
    state = tracer.fold(history[:500])
    whole = _median(lambda: tracer.fold(history), 20)
    one = _median(lambda: tracer.fold(history[500:501], state), 2_000)
    stand = _median(lambda: tracer.standing(state, state.folded_at), 2_000)
    shortlist = _median(lambda: tracer.predict(state, np.arange(50)), 500)
    practised, size = int((state.responses > 0).sum()), len(tracer.dump(state))
    print(
        f"{name:17} a history of 5,000: {whole * 1e3:.1f} ms; one response on 500: {one * 1e6:.1f} us; standing: "
        f"{stand * 1e6:.1f} us; P(correct) of 50 items: {shortlist * 1e6:.1f} us; "
        f"snapshot of 500 responses, {practised} skills: {size:,} bytes",
        flush=True,
    )


def _chosen(tracer: AnyTracer, students: int = 300) -> None:
    """The choice for students with 0 to 299 answers, each once: no two are in the same state."""
    history, rng, policy, taken = history_of(students, tracer), np.random.default_rng(1), Policy(), []
    for n in range(students):
        state = tracer.fold(history[:n])
        taken.append(_seconds(lambda state=state: choose(tracer, state, policy, lambda _: float(rng.random()))))  # type: ignore[misc]  # what a lambda takes by default
    print(
        f"the choice among 100,000 items, 500 skills: median {median(taken) * 1e6:.0f} us, "
        f"p99 {quantiles(taken[20:], n=100)[98] * 1e6:.0f} us",
        flush=True,
    )


async def stored(server: RedisServer, answers: int = 500) -> None:
    """Bytes of one student in Redis, who answered one by one: history, ids and snapshot, as the server counts them."""
    tracer, store = bind(model(), catalog()), await RedisStore.open(server.url)
    new = [
        NewResponse(pack(Response(f"r{n}", "ada", f"item-{n * 7 % ITEMS}", float(n % 3 > 0), n * 60_000)), b"{}")
        for n in range(answers)
    ]
    for one in new:
        ((answer,), _) = await store.record([Write("ada", [one])], b"")
    state = tracer.fold(np.frombuffer(answer.state.records, RECORD))
    await store.save_snapshots([Snapshot("ada", tracer.tag, answers, tracer.dump(state))])
    await store.close()
    prefix = f"nw:{{b{bucket_of('ada')}}}:"
    sizes = {name: _usage(server, f"{prefix}{name}:ada") for name in ("chunks", "tail", "ids", "snapshot")}
    told = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
    print(
        f"a student with {SKILLS} skills and {answers} responses in Redis: {sum(sizes.values()):,} bytes ({told}); "
        f"{(sum(sizes.values()) - sizes['snapshot']) / answers:.1f} a response"
    )


def _usage(server: RedisServer, name: str) -> int:
    found = re.search(rb":(\d+)", server.ask("MEMORY", "USAGE", name, "SAMPLES", "0"))
    assert found is not None, f"there is no {name}"
    return int(found[1])


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _median(work: Callable[[], object], times: int) -> float:
    """Median seconds of a call."""
    return median(_seconds(work) for _ in range(times))
