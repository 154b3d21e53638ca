"""What is particular to the embedded store in a process of its own: either may end before the other. What both forms
have in common stands in test_sqlite.py."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.store import open_store
from service.store.base import Outcome, StoreUnavailable
from service.store.sqlite import SQLiteStore
from service.store.sqlite_apart import Apart
from service.store.sqlite_checkpoints import EVERY
from tests.contract.histories import TAG, records, write
from tests.service.store.jobs import commits, number_of_process, peculiar, wait_for
from tests.waiting import until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    store = await SQLiteStore.open(path, patience=0.2, apart=True)
    yield store
    await store.close()


async def test_it_works_in_another_process_and_that_ends_with_the_store(path: Path) -> None:
    store = await SQLiteStore.open(path, apart=True)
    numbers = [await runner.run(number_of_process) for runner in (store._writer, store._reader)]
    assert len({os.getpid(), *numbers}) == 3
    await store.close()
    assert not any(alive(number) for number in numbers)
    with pytest.raises(StoreUnavailable, match="closed"):
        await store.ping()


async def test_of_a_killed_process_another_takes_the_place(store: SQLiteStore, path: Path, tmp_path: Path) -> None:
    await store.record([write("s", "r1")], TAG)
    stuck = asyncio.create_task(store._writer.run(wait_for, tmp_path / "never"))
    behind = asyncio.create_task(store.record([write("s", "r2")], TAG))
    number = await store._reader.run(number_of_process)
    await asyncio.sleep(0.1)
    os.kill(store._writer._line._process.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    os.kill(number, signal.SIGKILL)
    for one in (stuck, behind):
        with pytest.raises(StoreUnavailable, match="ended"):
            await one
    (again,), _ = await store.record([write("s", "r2")], TAG)
    assert list(again.outcomes) == [Outcome.RECORDED]
    assert await store._reader.run(number_of_process) != number
    assert (await store.read(["s"], TAG))[0][0].records == records("r1", "r2")


async def test_signals_are_for_the_caller(store: SQLiteStore) -> None:
    number = await store._writer.run(number_of_process)
    for told in (signal.SIGINT, signal.SIGTERM):
        os.kill(number, told)
    assert await store._writer.run(number_of_process) == number


async def test_it_ends_with_a_caller_that_is_killed(path: Path) -> None:
    told = f"""
import asyncio
from pathlib import Path
from service.store.sqlite import SQLiteStore
from tests.service.store.jobs import number_of_process
async def main():
    store = await SQLiteStore.open(Path({str(path)!r}), apart=True)
    print(await store._writer.run(number_of_process), flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    caller = subprocess.Popen([sys.executable, "-c", told], stdout=subprocess.PIPE, text=True)
    assert caller.stdout is not None
    number = int(await asyncio.to_thread(caller.stdout.readline))
    assert alive(number)
    caller.kill()
    caller.wait()
    caller.stdout.close()
    await asyncio.to_thread(until, lambda: not alive(number))


async def test_calls_that_wait_share_a_transaction(store: SQLiteStore, tmp_path: Path) -> None:
    tasks: list[asyncio.Task[object]] = [asyncio.create_task(store._writer.run(wait_for, tmp_path / "now"))]
    await asyncio.sleep(0.05)
    tasks += [asyncio.create_task(store.record([write(f"s{number}", "r1")], TAG)) for number in range(100)]
    await asyncio.sleep(0.05)
    (tmp_path / "now").touch()
    await asyncio.gather(*tasks)
    assert await store._writer.run(commits) <= 3  # the first job's, and what its process read at once


async def test_a_fault_that_does_not_travel_is_told_in_words(store: SQLiteStore) -> None:
    with pytest.raises(RuntimeError, match="Peculiar"):
        await store._writer.run(peculiar)
    await store.ping()


async def test_answers_of_any_size(store: SQLiteStore) -> None:
    blob = os.urandom(5_000_000)
    await store.publish("model", "1", blob)
    assert await store.fetch("model", "1") == blob


async def test_a_caller_that_gives_up_leaves_the_others_their_answers(store: SQLiteStore) -> None:
    asked = [asyncio.create_task(store.record([write(f"s{number}", "r1")], TAG)) for number in range(10)]
    await asyncio.sleep(0)
    asked[3].cancel()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [isinstance(one, asyncio.CancelledError) for one in answers] == [number == 3 for number in range(10)]
    assert (await store.read(["s3"], TAG))[0][0].length == 1  # given up, not undone


async def test_a_process_that_cannot_be_started(path: Path) -> None:
    runner = Apart("writing", path, 0.2)
    runner._command = [str(path / "no such program")]
    with pytest.raises(StoreUnavailable, match="cannot be started"):
        await runner.run(number_of_process)
    await runner.close()


async def test_what_is_written_moves_into_the_file_meanwhile(store: SQLiteStore, path: Path) -> None:
    before = path.stat().st_size
    for number in range(2 * EVERY):
        await store.record([write(f"s{number}", "r1")], TAG)
    await asyncio.to_thread(until, lambda: path.stat().st_size > before)
    assert len(await store.read_log("log", 1_000)) == 2 * EVERY


async def test_a_busy_caller_is_given_it(path: Path) -> None:
    for busy in (False, True):
        store = await open_store(f"sqlite:///{path}", busy=busy)
        assert store.apart is busy
        await store.close()


def alive(number: int) -> bool:
    """Whether a process runs; a dead one that nobody waited for does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except OSError:
        return False
