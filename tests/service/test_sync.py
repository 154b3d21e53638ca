"""The champion reaches the store, the log reaches the archive, and faults stop neither."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from engine.bundle import dump, load
from models.registry import Registry, RegistryError
from service import sync
from service.store.base import Heads, Store, StoreUnavailable
from service.sync import Champion, once, run
from tests.models.registry.made import logged, model, registry_in
from tests.service.test_archive import ids, log, response


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return registry_in(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


@pytest.fixture
async def start(store: Store, folder: Path) -> AsyncIterator[Callable[..., asyncio.Event]]:
    """A function that starts a sync in this process; all of them are stopped in the end."""
    running: list[tuple[asyncio.Task[None], asyncio.Event]] = []

    def begin(registry: Any, store: Any = store) -> asyncio.Event:
        stop = asyncio.Event()
        running.append((asyncio.create_task(run(store, registry, folder, 0.02, stop)), stop))
        return stop

    yield begin
    for task, stop in running:
        stop.set()
        await task


def version_of(number: str, learn: float) -> str:
    return f"{number}-{sha256(dump(model(learn))).hexdigest()[:8]}"


async def until(store: Store, version: str) -> None:
    async with asyncio.timeout(60):
        while (await store.heads()).model != version:
            await asyncio.sleep(0.01)


def spoil(folder: Path, of: str) -> None:
    """Change the logged bundle of a version on the disk."""
    files = sorted(folder.rglob("model.npz"), key=lambda path: path.stat().st_mtime_ns)
    path = files[int(of) - 1]
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)
async def test_a_champion_moved_by_another_client_is_served_and_moved_back(
    store: Store, registry: Registry, start: Callable[..., asyncio.Event]
) -> None:
    one, two = logged(registry, 0.1), logged(registry, 0.2)
    start(registry)
    pages = MlflowClient(registry.tracking_uri, registry.tracking_uri)
    for number, learn in [(one, 0.1), (two, 0.2), (one, 0.1)]:
        await asyncio.to_thread(pages.set_registered_model_alias, "nextwise", "champion", number)
        await until(store, version_of(number, learn))
    published = await store.fetch("model", version_of(two, 0.2))
    assert published is not None
    assert load(published, "2").params[0, 1] == 0.2


async def test_without_a_champion_the_head_is_left_alone(store: Store, registry: Registry) -> None:
    await store.publish("model", "by hand", b"")
    assert await Champion(store, registry).publish() is None
    assert (await store.heads()).model == "by hand"


async def test_the_champion_is_fetched_once(store: Store, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.promote(logged(registry))
    fetched: list[str] = []
    real = registry.bundle

    def counted(version: str) -> bytes:
        fetched.append(version)
        return real(version)

    monkeypatch.setattr(registry, "bundle", counted)
    champion = Champion(store, registry)
    assert await champion.publish() == version_of("1", 0.1)
    assert [await champion.publish() for _ in range(3)] == [None] * 3
    assert fetched == ["1"]
    await store.publish("model", "by another", b"")  # a store that was restored, or another hand in it
    assert await champion.publish() == version_of("1", 0.1)


async def test_a_spoilt_bundle_is_told_once_and_the_old_model_stays(
    store: Store, registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, two, three = (logged(registry, learn) for learn in (0.1, 0.2, 0.3))
    champion = Champion(store, registry)
    registry.promote(one)
    await champion.publish()
    spoil(tmp_path, two)
    registry.promote(two)
    assert [await champion.publish() for _ in range(3)] == [None] * 3
    assert (await store.heads()).model == version_of(one, 0.1)
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(errors) == 1
    assert "champion 2 is not published, the model before it stays" in errors[0]
    registry.promote(three)
    assert await champion.publish() == version_of(three, 0.3)


async def test_a_bundle_that_is_gone_is_told_once_and_another_champion_is_served(
    store: Store,
    registry: Registry,
    tmp_path: Path,
    start: Callable[..., asyncio.Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, two = logged(registry, 0.1), logged(registry, 0.2)
    registry.promote(two)
    sorted(tmp_path.rglob("model.npz"), key=lambda path: path.stat().st_mtime_ns)[1].unlink()
    start(registry)
    async with asyncio.timeout(60):
        while "could not be read" not in caplog.text:
            await asyncio.sleep(0.01)
    registry.promote(one)
    await until(store, version_of(one, 0.1))
    assert caplog.text.count("could not be read") == 1


class Flaky:
    """A registry or store whose named call fails the first times."""

    def __init__(self, real: Any, call: str, fault: Exception, times: int = 2) -> None:
        self._real, self._call, self._fault, self._times = real, call, fault, times

    def __getattr__(self, name: str) -> Any:
        if name == self._call and self._times > 0:
            self._times -= 1
            raise self._fault
        return getattr(self._real, name)


async def test_an_mlflow_that_is_down_for_a_while_is_asked_again(
    store: Store, registry: Registry, start: Callable[..., asyncio.Event], caplog: pytest.LogCaptureFixture
) -> None:
    registry.promote(logged(registry))
    caplog.set_level(logging.INFO)
    start(Flaky(registry, "champion_key", RegistryError("MLflow is down")))
    await until(store, version_of("1", 0.1))
    assert caplog.text.count("publishing failed, trying again: MLflow is down") == 1
    assert "publishing works again" in caplog.text


async def test_a_store_that_is_down_for_a_while_is_asked_again(
    store: Store, registry: Registry, start: Callable[..., asyncio.Event]
) -> None:
    registry.promote(logged(registry))
    start(registry, Flaky(store, "publish", StoreUnavailable("down")))
    await until(store, version_of("1", 0.1))


async def test_a_second_sync_waits_and_takes_over(
    store: Store, registry: Registry, start: Callable[..., asyncio.Event]
) -> None:
    registry.promote(logged(registry, 0.1))
    first = start(registry)
    await until(store, version_of("1", 0.1))
    asked: list[int] = []

    class Counting:
        def champion_key(self) -> None:
            asked.append(1)

    second = start(Counting())
    registry.promote(logged(registry, 0.2))
    await until(store, version_of("2", 0.2))
    assert asked == []
    first.set()
    async with asyncio.timeout(60):
        while not asked:
            await asyncio.sleep(0.01)
    second.set()


async def test_what_is_logged_is_archived_in_the_end(store: Store, registry: Registry, folder: Path) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run(store, registry, folder, 0.02, stop))
    await log(store, [response(n) for n in range(3)])
    stop.set()
    await running
    assert ids(folder) == ["r0", "r1", "r2"]


async def test_the_log_is_archived_while_it_runs(store: Store, registry: Registry, folder: Path) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(run(store, registry, folder, 0.02, stop, drain_every=0.0))
    await log(store, [response(n) for n in range(3)])
    async with asyncio.timeout(60):
        while not folder.is_dir() or ids(folder) != ["r0", "r1", "r2"]:
            await asyncio.sleep(0.01)
    stop.set()
    await running


@pytest.mark.parametrize(("apart", "nice"), [(True, sync.LATER), (False, 0)])
def test_it_gives_way_where_the_store_is_a_process_of_its_own_however_often_it_is_told(apart: bool, nice: int) -> None:
    """In a process of its own: nobody may take it back."""
    told = f"""import os, types
from service import sync
before = os.getpriority(os.PRIO_PROCESS, 0)
for _ in range(2):
    sync.give_way(types.SimpleNamespace(apart={apart}))
print(os.getpriority(os.PRIO_PROCESS, 0) - before)"""
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, check=True, text=True).stdout
    assert int(said) == max(nice - os.getpriority(os.PRIO_PROCESS, 0), 0)


async def test_once_publishes_and_archives(store: Store, registry: Registry, folder: Path) -> None:
    registry.promote(logged(registry))
    await log(store, [response(1)])
    await once(store, registry, folder)
    assert await store.heads() == Heads(None, version_of("1", 0.1))
    assert ids(folder) == ["r1"]


async def test_a_drain_rests_for_a_while_and_not_where_it_should_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def wait(_: asyncio.Event, seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(sync, "_wait", wait)
    stop = asyncio.Event()
    rest = sync.at_leisure(stop, 1.0)
    for _ in range(4):
        await rest(0.125)
    assert slept == [0.375, 0.375, 0.25], "no more than a second in all"
    rest = sync.at_leisure(stop, 1.0)
    stop.set()
    await rest(0.125)
    assert len(slept) == 3
