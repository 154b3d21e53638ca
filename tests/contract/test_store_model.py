"""Random sequences of calls against an oracle that fits on a page: asked of every store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.store import open_store
from service.store.base import ArtifactKind, Heads, Held, Outcome, Recorded, Snapshot, Store, StudentState, Write
from tests.conftest import store_url_of
from tests.contract.histories import OTHER_TAG, TAG, event_of, new

Call = tuple[Any, ...]


@dataclass
class Oracle:
    """A store in plain dictionaries, written to be read."""

    histories: dict[str, list[bytes]] = field(default_factory=dict)
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    logs: dict[str, list[bytes]] = field(default_factory=dict)
    classes: dict[str, set[str]] = field(default_factory=dict)
    artifacts: dict[tuple[str, str], bytes] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)

    def holds(self, student: str, held: Held | None) -> bool:
        return held is not None and self.histories.get(student, [])[held.covers - 1 : held.covers] == [held.last]

    def state(self, student: str, tag: bytes, held: Held | None = None) -> StudentState:
        history = self.histories.get(student, [])
        snapshot = self.snapshots.get(student)
        if held is not None:
            return StudentState(b"".join(history[held.covers :]), None, len(history), True)
        if snapshot is None or snapshot.tag != tag:
            return StudentState(b"".join(history), None, len(history))
        return StudentState(b"".join(history[snapshot.covers :]), snapshot.blob, len(history))

    def record(self, write: Write, tag: bytes, held: Held | None = None) -> Recorded:
        outcomes = []
        held = held if self.holds(write.student_id, held) else None
        for response in write.responses:
            history = self.histories.setdefault(write.student_id, [])
            twins = [record for record in history if record[:8] == response.record[:8]]
            if twins:
                outcomes.append(Outcome.REPLAYED if twins[0][28:] == response.record[28:] else Outcome.CONFLICT)
                continue
            outcomes.append(Outcome.RECORDED)
            history.append(response.record)
            self.logs.setdefault(write.student_id, []).append(response.event)
            if response.class_id is not None:
                self.classes.setdefault(response.class_id, set()).add(write.student_id)
        return Recorded(outcomes, self.state(write.student_id, tag, held))

    def save(self, snapshot: Snapshot) -> None:
        if snapshot.covers > len(self.histories.get(snapshot.student_id, [])):
            return
        old = self.snapshots.get(snapshot.student_id)
        if old is None or old.tag != snapshot.tag or old.covers <= snapshot.covers:
            self.snapshots[snapshot.student_id] = snapshot

    def publish(self, kind: str, version: str, blob: bytes) -> None:
        self.artifacts.setdefault((kind, version), blob)
        self.heads[kind] = version

    def replace(self, kind: str, version: str, blob: bytes, instead_of: str | None) -> bool:
        if self.heads.get(kind) != instead_of:
            return False
        self.publish(kind, version, blob)
        return True

    def discard(self, kind: str, version: str) -> None:
        if self.heads.get(kind) != version:
            self.artifacts.pop((kind, version), None)

    def current(self) -> Heads:
        return Heads(*map(self.heads.get, ("catalog", "model", "roster", "access")))


def with_owner(write: Write) -> Write:
    """The same write with the student's name in its events, so that the log tells whose each is."""
    owned = [replace(one, event=f"{write.student_id} {one.event.decode()}".encode()) for one in write.responses]
    return Write(write.student_id, owned)


students = st.sampled_from(["s", "t", "{u}", "🎓"])
tags = st.sampled_from([TAG, OTHER_TAG])
ids = st.integers(0, 9).map("r{}".format)
responses = st.builds(new, ids, st.sampled_from(["right", "wrong"]), st.sampled_from([None, "c", "d"]))
writes = st.builds(Write, students, st.lists(responses, max_size=6)).map(with_owner)
kinds = st.sampled_from(["catalog", "model", "roster"])
versions = st.sampled_from(["v1", "v2"])
holdings = st.dictionaries(
    students, st.builds(Held, st.integers(1, 3), st.builds(lambda one: one.record, st.builds(new, ids))), max_size=3
)
calls: st.SearchStrategy[Call] = st.one_of(
    st.tuples(st.just("record"), st.lists(writes, max_size=4), tags, st.just({})),
    st.tuples(st.just("record"), st.lists(writes, max_size=4), tags, holdings),
    st.tuples(st.just("read"), st.lists(students, max_size=4), st.one_of(tags, st.just(b"")), holdings),
    st.tuples(st.just("save"), st.builds(Snapshot, students, tags, st.integers(0, 8), st.binary(max_size=5))),
    st.tuples(st.just("append_log"), students, st.lists(st.binary(max_size=5), max_size=3)),
    st.tuples(st.just("trim"), st.integers(0, 5)),
    st.tuples(st.just("publish"), kinds, versions, st.binary(max_size=3)),
    st.tuples(st.just("replace"), kinds, versions, st.binary(max_size=3), versions | st.none()),
    st.tuples(st.just("discard"), kinds, versions),
    st.tuples(st.just("reopen")),
)


def _true(oracle: Oracle, student: str, held: Mapping[str, Held]) -> Held | None:
    """What is held of a student, where it is so."""
    return held.get(student) if oracle.holds(student, held.get(student)) else None


async def compare(call: Call, store: Store, oracle: Oracle) -> None:
    """Make one call on both, and compare what they say."""
    name, *arguments = call
    if name == "record":
        asked, tag, held = arguments
        answers, heads = await store.record(asked, tag, held)
        assert [Recorded(list(answer.outcomes), answer.state) for answer in answers] == [
            oracle.record(write, tag, held.get(write.student_id)) for write in asked
        ]
        assert heads == oracle.current()
    elif name == "read":
        names, tag, held = arguments
        expected = [oracle.state(name, tag, _true(oracle, name, held)) for name in names]
        assert await store.read(names, tag, held) == (expected, oracle.current())
    elif name == "save":
        await store.save_snapshots(arguments)
        oracle.save(arguments[0])
    elif name == "append_log":
        student, tails = arguments
        events = [student.encode() + b" " + tail for tail in tails]
        await store.append_log("recommendation", [(student, event) for event in events])
        oracle.logs.setdefault(student, []).extend(events)
    elif name == "trim":
        await trim(store, oracle, arguments[0])
    elif name == "discard":
        await store.discard(*arguments)
        oracle.discard(*arguments)
    elif name == "replace":
        assert await store.replace(*arguments) == oracle.replace(*arguments)
    elif name == "publish":
        kind, version, blob = arguments
        await store.publish(kind, version, blob)
        oracle.publish(kind, version, blob)


async def trim(store: Store, oracle: Oracle, count: int) -> None:
    """Drop the oldest events of each partition from the store, and the same ones from the oracle."""
    for partition in await store.log_partitions():
        dropped = await store.read_log(partition, count)
        for entry in dropped:
            owner = entry.event.split(b" ")[0].decode()
            assert oracle.logs[owner].pop(0) == entry.event
        if dropped:
            await store.trim_log(partition, dropped[-1].position)


async def compare_everything(store: Store, oracle: Oracle) -> None:
    for student in ["s", "t", "{u}", "🎓", "nobody"]:
        for tag in (TAG, OTHER_TAG, b""):
            assert (await store.read([student], tag))[0] == [oracle.state(student, tag)]
    partitions = await store.log_partitions()
    logged = [entry.event for one in partitions for entry in await store.read_log(one, 1000)]
    assert sorted(logged) == sorted(event for events in oracle.logs.values() for event in events)
    assert await store.class_ids() == sorted(oracle.classes)
    for name, members in oracle.classes.items():
        assert await store.class_students(name) == sorted(members)
    assert await store.heads() == oracle.current()
    artifacts: list[ArtifactKind] = ["catalog", "model", "roster"]
    for kind, version in product(artifacts, ("v1", "v2")):
        assert await store.fetch(kind, version) == oracle.artifacts.get((kind, version))


async def play(url: str, script: list[Call]) -> None:
    store, oracle = await open_store(url), Oracle()
    try:
        for call in script:
            if call[0] == "reopen":
                await store.close()
                store = await open_store(url)
            else:
                await compare(call, store, oracle)
        await compare_everything(store, oracle)
    finally:
        await store.close()


@pytest.fixture(params=["sqlite", "redis", "cluster"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """A function that gives the URL of an empty store, once for every example."""
    kind: str = request.param
    count = iter(range(1_000_000))

    def make() -> str:
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / str(next(count))}.db"
        server = request.getfixturevalue(f"_redis_{'server' if kind == 'redis' else kind}")
        server.flush()
        return store_url_of(kind, request)

    return make


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(calls, max_size=12))
def test_any_sequence_of_calls_does_what_the_oracle_does(fresh_url: Callable[[], str], script: list[Call]) -> None:
    asyncio.run(play(fresh_url(), script))


def test_the_oracle_itself_tells_the_three_outcomes_apart() -> None:
    oracle = Oracle()
    answer = oracle.record(Write("s", [new("r1"), new("r1"), new("r1", "wrong")]), TAG)
    assert answer.outcomes == [Outcome.RECORDED, Outcome.REPLAYED, Outcome.CONFLICT]
    assert oracle.logs == {"s": [event_of("r1")]}
