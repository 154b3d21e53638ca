"""What is written behind the answer arrives once, in spite of a store that goes away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import pytest

from service.behind import Behind
from service.store.base import LogKind, Snapshot, StoreUnavailable


class SlowStore:
    """Keeps what it is given, a moment later; refuses the first ``away`` writes."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.events: list[bytes] = []
        self.snapshots: list[Snapshot] = []
        self.writing = asyncio.Event()

    async def append_log(self, kind: LogKind, events: Sequence[tuple[str, bytes]]) -> None:
        assert kind == "recommendation"
        assert {student for student, _ in events} == {"ada"}
        await self._moment()
        self.events += [event for _, event in events]

    async def save_snapshots(self, snapshots: Sequence[Snapshot]) -> None:
        await self._moment()
        self.snapshots += snapshots

    async def _moment(self) -> None:
        self.writing.set()
        await asyncio.sleep(0.01)
        if self.away > 0:
            self.away -= 1
            raise StoreUnavailable("away")


def made(store: SlowStore, linger: float = 0.0) -> Behind:
    return Behind(store, linger)  # type: ignore[arg-type]  # what Behind uses of a store


def events(count: int, first: int = 0) -> list[bytes]:
    return [b"%d" % n for n in range(first, first + count)]


async def test_what_comes_during_a_write_is_written_after_it() -> None:
    store = SlowStore()
    behind = made(store)
    behind.log("ada", events(3))
    await store.writing.wait()
    behind.log("ada", events(3, 3))
    await behind.close()
    assert store.events == events(6)


async def test_closing_writes_what_is_left_without_lingering() -> None:
    store = SlowStore()
    behind = made(store, linger=3600)
    behind.log("ada", events(2000))
    behind.keep(Snapshot("ada", b"12345678", 3, b"state"))
    async with asyncio.timeout(20):
        await behind.close()
    assert store.events == events(2000)
    assert len(store.snapshots) == 1


async def test_of_a_student_the_newest_snapshot_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    store = SlowStore()
    behind = made(store)
    for covers in range(5):
        behind.keep(Snapshot("ada", b"12345678", covers, b"state"))
    await behind.close()
    assert [snapshot.covers for snapshot in store.snapshots] == [4]


async def test_a_store_that_comes_back_gets_every_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.behind.RETRY", 0.0)
    store = SlowStore(away=3)
    behind = made(store)
    behind.log("ada", events(4))
    async with asyncio.timeout(20):
        while not store.events:
            await asyncio.sleep(0.01)
    await behind.close()
    assert store.events == events(4)


async def test_a_store_that_stays_away_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    behind = made(SlowStore(away=10**9))
    behind.log("ada", events(4))
    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(20):
            await behind.close()
    assert "recommendations were not logged" in caplog.text


async def test_too_many_are_dropped_and_not_kept_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.behind.MAX_DECISIONS", 5)
    store = SlowStore()
    behind = made(store)
    behind.log("ada", events(8))
    await behind.close()
    assert store.events == events(5)


async def test_a_recommendation_is_new_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.behind.MAX_KNOWN", 2)
    behind = made(SlowStore())
    assert [behind.is_new(name) for name in "aabacba"] == [True, False, True, False, True, True, True]
    await behind.close()


async def test_snapshots_get_their_turn_while_ever_more_is_logged() -> None:
    class Busy(SlowStore):
        async def append_log(self, kind: LogKind, given: Sequence[tuple[str, bytes]]) -> None:
            await super().append_log(kind, given)
            if not self.snapshots and len(self.events) < 50:
                behind.log("ada", events(1))

    store = Busy()
    behind = made(store)
    behind.log("ada", events(1))
    await store.writing.wait()
    behind.keep(Snapshot("ada", b"12345678", 1, b"blob"))
    assert behind.waits("ada")
    assert not behind.waits("bob")
    await behind.close()
    assert len(store.events) < 10
    assert store.snapshots
    assert not behind.waits("ada")
