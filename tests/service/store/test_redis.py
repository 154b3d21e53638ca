"""The Redis store where things go wrong: killed and frozen servers, broken connections, lost scripts and keys."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from redis import Redis

from engine.responses import key
from service.futures import begun
from service.store.base import Held, Outcome, Snapshot, StoreUnavailable, StudentState
from service.store.redis import RedisStore
from service.store.redis_keys import bucket_of
from tests.contract.histories import TAG, record_of, records, write
from tests.servers import RedisServer
from tests.service.store.writer import Writer, assert_holds


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of the test's own, to be killed."""
    server = RedisServer(tmp_path / "redis").start()
    yield server
    server.stop()


@pytest.fixture
async def store(server: RedisServer) -> AsyncIterator[RedisStore]:
    store = await RedisStore.open(server.url, timeout=2)
    yield store
    await store.close()


def _key(part: str, student: str) -> str:
    return f"nw:{{b{bucket_of(student)}}}:{part}:{student}"


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(server: RedisServer) -> None:
    lines: list[str] = []
    for life in range(3):
        writer = Writer(server.url, f"life-{life}")
        lines += writer.acknowledged(150 + 70 * life)
        server.kill()
        lines += writer.kill()
        server.start()
    store = await RedisStore.open(server.url)
    await assert_holds(store, lines)
    await store.close()


async def test_what_is_begun_is_with_the_server_before_it_is_awaited(store: RedisStore, server: RedisServer) -> None:
    await store.record([write("bob", "r1")], TAG)  # the first call brings the script along
    work = begun(store.record([write("ada", "r1")], TAG))
    with Redis.from_url(server.url) as other:
        deadline = time.monotonic() + 5
        while not other.exists(_key("tail", "ada")):  # the event loop does not turn meanwhile
            assert time.monotonic() < deadline
            time.sleep(0.001)
    ((recorded,), _) = await work
    assert recorded.outcomes == [Outcome.RECORDED]


async def test_a_client_goes_on_when_the_server_is_back(server: RedisServer) -> None:
    writer = Writer(server.url)
    lines = writer.acknowledged(100)
    server.kill()
    server.start()
    lines += await asyncio.to_thread(writer.acknowledged, 300)
    lines += writer.kill()
    store = await RedisStore.open(server.url)
    await assert_holds(store, lines)
    await store.close()


async def test_nothing_acknowledged_is_lost_when_the_client_is_killed(redis_server: RedisServer) -> None:
    writer = Writer(redis_server.url)
    lines = writer.acknowledged(200) + writer.kill()
    store = await RedisStore.open(redis_server.url)
    await assert_holds(store, lines)
    await store.close()


async def test_a_server_that_is_down_is_unavailable_until_it_is_back(store: RedisStore, server: RedisServer) -> None:
    await store.record([write("s", "r1")], TAG)
    server.kill()
    answers = await asyncio.gather(
        *(store.record([write("s", f"r{number}")], TAG) for number in range(2, 40)), return_exceptions=True
    )
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    with pytest.raises(StoreUnavailable):
        await store.ping()
    server.start()
    (answer,), _ = await store.record([write("s", "r2")], TAG)
    assert answer.state.records == records("r1", "r2")


async def test_a_server_that_hangs_is_unavailable_and_answers_are_not_mixed_up(
    store: RedisStore, server: RedisServer
) -> None:
    await store.record([write("s", "r1")], TAG)
    server.freeze()
    try:
        answers = await asyncio.gather(
            *(store.record([write(f"late-{number}", "r1")], TAG) for number in range(10)), return_exceptions=True
        )
    finally:
        server.thaw()
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    for number in range(20):
        (answer,), _ = await store.record([write(f"t{number}", f"r{number}")], TAG)
        assert answer.state.records == records(f"r{number}")


async def test_what_timed_out_may_be_sent_again(store: RedisStore, server: RedisServer) -> None:
    server.freeze()
    with pytest.raises(StoreUnavailable, match="no answer within"):
        await store.record([write("s", "r1")], TAG)
    server.thaw()
    (answer,), _ = await store.record([write("s", "r1")], TAG)
    assert answer.outcomes[0] in {Outcome.RECORDED, Outcome.REPLAYED}
    assert answer.state.records == records("r1")


async def test_an_idle_connection_that_broke_is_not_noticed(store: RedisStore, server: RedisServer) -> None:
    for number in range(5):
        (answer,), _ = await store.record([write("s", f"r{number}")], TAG)
        assert answer.state.length == number + 1
        server.ask("CLIENT", "KILL", "TYPE", "normal")


async def test_a_server_that_forgot_the_scripts(store: RedisStore, server: RedisServer) -> None:
    for number in range(3):
        server.ask("SCRIPT", "FLUSH")
        answers = await asyncio.gather(*(store.record([write(f"s{one}", f"r{number}")], TAG) for one in range(20)))
        assert all(answer.outcomes == [Outcome.RECORDED] for (answer,), _ in answers)


async def test_a_server_without_memory_refuses_and_writes_nothing(store: RedisStore, server: RedisServer) -> None:
    server.ask("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StoreUnavailable, match="memory"):
        await store.record([write("s", "r1")], TAG)
    assert (await store.read(["s"], TAG))[0][0].length == 0
    server.ask("CONFIG", "SET", "maxmemory", "0")
    (answer,), _ = await store.record([write("s", "r1")], TAG)
    assert list(answer.outcomes) == [Outcome.RECORDED]


async def test_a_history_that_was_evicted_is_not_taken_for_a_new_student(
    store: RedisStore, server: RedisServer
) -> None:
    await store.record([write("s", "r1")], TAG)
    server.ask("DEL", _key("tail", "s"))
    with pytest.raises(StoreUnavailable, match="disagree"):
        await store.record([write("s", "r1")], TAG)


async def test_the_operator_hears_of_a_server_that_may_lose_responses(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = ("--appendonly", "no", "--maxmemory-policy", "allkeys-lru")
    careless = RedisServer(tmp_path / "careless", *options).start()
    try:
        await (await RedisStore.open(careless.url)).close()
    finally:
        careless.stop()
    assert "appendonly yes" in caplog.text
    assert "noeviction" in caplog.text


async def test_a_careful_server_gives_no_warning(store: RedisStore, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await store._warn_of_settings()
    assert not caplog.records


async def test_a_student_takes_few_bytes(store: RedisStore, server: RedisServer) -> None:
    for number in range(300):
        await store.record([write("s", f"r{number}")], TAG)
    used = {part: int(server.ask("MEMORY", "USAGE", _key(part, "s"))[1:]) for part in ("chunks", "tail", "ids")}
    assert used["chunks"] + used["tail"] < 300 * 32 * 1.1
    assert b"intset" in server.ask("OBJECT", "ENCODING", _key("ids", "s"))
    assert server.ask("SISMEMBER", _key("ids", "s"), str(int.from_bytes(record_of("r7")[:8], "little"))) == b":1\r\n"


async def test_histories_that_grow_past_their_chunks(store: RedisStore) -> None:
    """In steps of many sizes, read from every place and by callers who hold something."""
    ids, held = [f"r{number}" for number in range(200)], dict[str, Held]()
    for low, high in pairwise([0, 1, 30, 31, 32, 62, 63, 100, 199, 200]):
        (answer,), _ = await store.record([write("s", *ids[low:high])], TAG, held)
        assert answer.state.length == high
        assert answer.state.records == records(*ids[low if held else 0 : high])
        held = {"s": Held(high, record_of(ids[high - 1]))}
        for covers in {1, 30, 31, 32, 62, high} & {*range(1, high + 1)}:
            mine = {"s": Held(covers, record_of(ids[covers - 1]))}
            (state,), _ = await store.read(["s"], b"", mine)
            assert (state.held, state.records) == (True, records(*ids[covers:high]))
            (state,), _ = await store.read(["s"], b"", {"s": Held(covers, record_of("other"))})
            assert (state.held, state.records) == (False, records(*ids[:high]))
            await store.save_snapshots([Snapshot("s", TAG, covers, b"fold")])
            (state,), _ = await store.read(["s"], TAG)
            assert state.snapshot == b"fold"
    (again,), _ = await store.record([write("s", *ids)], TAG, held)
    assert again.outcomes == [Outcome.REPLAYED] * 200


async def test_a_history_of_the_older_form_is_moved_and_loses_nothing(store: RedisStore, server: RedisServer) -> None:
    """Also where a process of the older release goes on writing beside this one."""
    ids = [f"r{number}" for number in range(80)]
    with Redis.from_url(server.url) as older:

        def writes(*names: str) -> None:
            older.append(_key("history", "s"), records(*names))
            older.sadd(_key("ids", "s"), *(key(name) for name in names))

        writes(*ids[:40])
        await store.save_snapshots([Snapshot("s", TAG, 41, b"too much"), Snapshot("s", TAG, 40, b"fold")])
        (answer,), _ = await store.record([write("s", *ids[39:42])], TAG)
        assert answer.outcomes == [Outcome.REPLAYED, Outcome.RECORDED, Outcome.RECORDED]
        assert answer.state == StudentState(records(*ids[40:42]), b"fold", 42)
        assert not older.exists(_key("history", "s"))
        writes(*ids[42:50])
        (answer,), _ = await store.record([write("s", *ids[50:])], TAG, {"s": Held(42, record_of(ids[41]))})
        assert (answer.state.length, answer.state.records) == (80, records(*ids[42:]))
        (state,), _ = await store.read(["s"], b"")
        assert state.records == records(*ids)


async def test_where_the_newest_records_were_lost_the_others_are_still_there(
    store: RedisStore, server: RedisServer
) -> None:
    ids = [f"r{number}" for number in range(70)]
    await store.record([write("s", *ids)], TAG)
    server.ask("DEL", _key("tail", "s"))
    (answer,), _ = await store.record([write("s", "new")], TAG)
    assert answer.state.records == records(*ids[:62], "new")


async def test_behind_a_silent_server_nobody_waits_in_line(store: RedisStore, server: RedisServer) -> None:
    await store.record([write("s", "r1")], TAG)
    server.freeze()
    try:
        with pytest.raises(StoreUnavailable):
            await store.record([write("s", "r2")], TAG)
        trying = asyncio.create_task(store.record([write("s", "r3")], TAG))
        await asyncio.sleep(0)
        with pytest.raises(StoreUnavailable, match="for a while"):
            await asyncio.wait_for(store.record([write("s", "r4")], TAG), 1)
    finally:
        server.thaw()
    await asyncio.gather(trying, return_exceptions=True)
    (answer,), _ = await store.record([write("s", "r5")], TAG)
    assert answer.outcomes == [Outcome.RECORDED]
