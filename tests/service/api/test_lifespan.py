"""A store that is away: when the process starts, and while it serves."""

from __future__ import annotations

import asyncio
import gc
import time
from pathlib import Path

import pytest

from service.settings import Settings
from tests.servers import RedisServer
from tests.service.api.conftest import Api, problem, serving
from tests.service.made import raw


async def until_ready(api: Api) -> None:
    end = time.monotonic() + 20
    while (await api.client.get("/health/ready")).status_code != 200:
        assert time.monotonic() < end
        await asyncio.sleep(0.05)


async def test_a_store_that_is_away_at_the_start_is_waited_for(tmp_path: Path) -> None:
    server = RedisServer(tmp_path / "redis")
    try:
        async with serving(Settings(data=tmp_path / "data", store=server.url)) as api:
            assert (await api.client.get("/health/live")).status_code == 200
            for answer in (
                await api.client.get("/health/ready"),
                await api.send(raw(), next=1),
                await api.send(raw(), next=1, more=1),
                await api.student("ada", "next"),
                await api.student("ada", "mastery"),
                await api.client.get("/v1/classes"),
            ):
                problem(answer, 503, "unavailable")
                assert answer.headers["retry-after"]
            server.start()
            await until_ready(api)
            assert (await api.send(raw())).status_code == 200
    finally:
        server.stop()


async def test_a_file_that_cannot_be_opened_is_waited_for_too(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file where the folder should be")
    store = f"sqlite:///{tmp_path}/folder/nextwise.db"
    async with serving(Settings(data=tmp_path / "data", store=store)) as api:
        problem(await api.send(raw()), 503, "unavailable")
        (tmp_path / "folder").unlink()
        await until_ready(api)


async def test_a_start_that_can_never_succeed_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a store URL"):
        async with serving(Settings(data=tmp_path, store="mysql://somewhere")):
            pass


async def test_the_collector_is_left_as_it_was(tmp_path: Path) -> None:
    before = gc.get_threshold()
    async with serving(Settings(data=tmp_path)):
        assert gc.get_threshold() != before
    assert gc.get_threshold() == before
