"""The embedded store where things go wrong: killed processes, locks, full disks, foreign files. In a thread, and in a
process of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.store.base import NewResponse, Outcome, StoreUnavailable, Write
from service.store.sqlite import SQLiteStore
from service.store.sqlite_schema import MIGRATIONS
from tests.contract.histories import TAG, new, record_of, records, write
from tests.service.store.jobs import fill, half_done, settings
from tests.service.store.writer import Writer, assert_holds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture(params=[False, True], ids=["thread", "apart"])
def apart(request: pytest.FixtureRequest) -> bool:
    told: bool = request.param
    return told


@pytest.fixture
async def store(path: Path, apart: bool) -> AsyncIterator[SQLiteStore]:
    store = await SQLiteStore.open(path, patience=0.2, apart=apart)
    yield store
    await store.close()


async def test_nothing_acknowledged_is_lost_when_the_process_is_killed(path: Path) -> None:
    lines: list[str] = []
    for life in range(3):
        writer = Writer(f"sqlite:///{path}", f"life-{life}")
        lines += writer.acknowledged(150 + 70 * life) + writer.kill()
    store = await SQLiteStore.open(path)
    await assert_holds(store, lines)
    await store.close()


async def test_several_processes_share_a_file_from_its_first_moment(path: Path) -> None:
    writers = [Writer(f"sqlite:///{path}", f"process-{number}") for number in range(3)]
    try:
        lines = [line for writer in writers for line in await asyncio.to_thread(writer.acknowledged, 100)]
    finally:
        rest = [line for writer in writers for line in writer.kill()]
    store = await SQLiteStore.open(path)
    await assert_holds(store, lines + rest)
    await store.close()


async def test_a_lock_held_too_long_is_unavailable_and_writes_nothing(store: SQLiteStore, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await store.record([write("s", "r1")], TAG)
    assert (await store.read(["s"], TAG))[0][0].length == 0  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    (answer,), _ = await store.record([write("s", "r1")], TAG)
    assert list(answer.outcomes) == [Outcome.RECORDED]


async def test_a_short_lock_is_waited_for(path: Path) -> None:
    store = await SQLiteStore.open(path, patience=30)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.record([write("s", "r1")], TAG))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    other.execute("COMMIT")
    other.close()
    assert (await waiting)[0][0].state.length == 1
    await store.close()


async def test_a_full_disk_refuses_whole_calls_and_recovers(store: SQLiteStore) -> None:
    await store.record([write("s", "r1")], TAG)
    await store._writer.run(fill)
    big = NewResponse(record_of("r3"), b"x" * 100_000)
    with pytest.raises(StoreUnavailable, match="full"):
        await store.record([write("t", "r1"), Write("s", [new("r2"), big])], TAG)
    states, _ = await store.read(["s", "t"], TAG)
    assert [state.records for state in states] == [records("r1"), b""]
    assert len(await store.read_log("log", 10)) == 1
    # The limit was the connection's own: a fresh one stands for the disk that has room again.
    (answer,), _ = await store.record([Write("s", [new("r2"), big])], TAG)
    assert answer.state.records == records("r1", "r2", "r3")


async def test_one_failing_job_takes_no_other_of_its_batch_with_it(store: SQLiteStore) -> None:
    good = [store.record([write(f"s{number}", "r1")], TAG) for number in range(20)]
    failure, *answers = await asyncio.gather(store._writer.run(half_done), *good, return_exceptions=True)
    assert isinstance(failure, sqlite3.IntegrityError)
    assert not any(isinstance(answer, BaseException) for answer in answers)
    assert (await store.heads()).catalog is None
    assert len(await store.read_log("log", 100)) == 20


@pytest.mark.parametrize("apart", [False], ids=["thread"], indirect=True)
async def test_waiting_calls_share_a_transaction(store: SQLiteStore) -> None:
    release = asyncio.Event()
    loop = asyncio.get_running_loop()
    commits: list[str] = []

    def block(connection: sqlite3.Connection) -> None:
        connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result(20)

    tasks = [asyncio.create_task(store._writer.run(block))]
    await asyncio.sleep(0.05)  # the writer holds the first job; all of these queue behind it
    tasks += [asyncio.create_task(store._writer.run(lambda _: None)) for _ in range(100)]
    await asyncio.sleep(0)
    release.set()
    await asyncio.gather(*tasks)
    assert len(commits) == 2


async def test_a_file_that_is_no_database(path: Path, apart: bool) -> None:
    path.write_bytes(b"a diary, not a database\n" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        await SQLiteStore.open(path, apart=apart)
    assert path.read_bytes().startswith(b"a diary")


async def test_a_folder_in_place_of_the_file(path: Path, apart: bool) -> None:
    path.mkdir()
    with pytest.raises(StoreUnavailable):
        await SQLiteStore.open(path, apart=apart)


async def test_a_file_in_place_of_the_folder(tmp_path: Path, apart: bool) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable):
        await SQLiteStore.open(tmp_path / "file" / "store.db", apart=apart)


async def test_a_file_of_a_newer_release_is_left_alone(path: Path, apart: bool) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StoreUnavailable, match="newer release"):
        await SQLiteStore.open(path, apart=apart)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    connection.close()


async def test_every_commit_is_synced_in_wal_mode(store: SQLiteStore) -> None:
    assert await store._writer.run(settings) == ["wal", 2]
