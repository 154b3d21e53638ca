"""Heads are followed; what must not be served is refused once, and what was loaded stays."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from engine import bundle
from engine.catalog import to_json
from engine.tracing.ability import AbilityTracer
from service import serving
from service.runtime import tutoring
from service.serving import Servings
from service.settings import Settings
from service.store.base import Heads, Store, StoreUnavailable
from tests.service.made import catalog, forgetful, model


async def started(store: Store, check_seconds: float = 3600) -> Servings:
    servings = Servings(store)
    await servings.start(check_seconds)
    return servings


async def publish(store: Store, version: str, learn: float = 0.3) -> None:
    await store.publish("model", version, bundle.dump(model(version, learn)))


async def test_an_empty_store_is_served_by_the_builtin_model(store: Store) -> None:
    servings = await started(store)
    assert (servings.now.model_version, servings.now.catalog_version) == ("builtin", "")
    await servings.close()


async def test_what_was_published_is_loaded_at_the_start(store: Store) -> None:
    await publish(store, "1")
    await store.publish("catalog", catalog().version, to_json(catalog()).encode())
    servings = await started(store)
    assert (servings.now.model_version, servings.now.catalog_version) == ("1", catalog().version)
    await servings.close()


async def test_the_watcher_loads_without_a_request(store: Store) -> None:
    servings = await started(store, check_seconds=0.01)
    await publish(store, "1")
    async with asyncio.timeout(20):
        while servings.now.model_version != "1":
            await asyncio.sleep(0.01)
    await servings.close()


async def test_requests_wait_for_the_catalog_that_they_saw(store: Store) -> None:
    servings = await started(store)
    await store.publish("catalog", catalog().version, to_json(catalog()).encode())
    heads = await store.heads()
    served = await asyncio.gather(*(servings.at(heads) for _ in range(10)))
    assert {one.catalog_version for one in served} == {catalog().version}
    assert len({id(one) for one in served}) == 1  # loaded once
    await servings.close()


async def test_nobody_waits_for_a_model_and_it_is_loaded_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    servings = await started(store)
    await publish(store, "1")
    heads, go_on = await store.heads(), threading.Event()
    monkeypatch.setattr(serving, "_read_model", lambda blob, version: go_on.wait(60) and bundle.load(blob, version))
    assert (await servings.at(heads)).model_version == "builtin"
    go_on.set()
    async with asyncio.timeout(60):
        while (await servings.at(heads)).model_version != "1":
            await asyncio.sleep(0.01)
    await servings.close()


async def test_while_the_store_is_silent_all_share_one_wait(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    servings, asked, silence = await started(store), 0, asyncio.Event()

    async def silent() -> Heads:
        nonlocal asked
        asked += 1
        await silence.wait()
        raise StoreUnavailable("no answer within 5 s")

    monkeypatch.setattr(store, "heads", silent)
    waiting = [asyncio.create_task(servings.at(Heads("elsewhere", None))) for _ in range(30)]
    while not asked:
        await asyncio.sleep(0)
    waiting += [asyncio.create_task(servings.at(Heads("elsewhere", None))) for _ in range(30)]
    await asyncio.sleep(0)
    silence.set()
    served = await asyncio.gather(*waiting)
    assert {one.model_version for one in served} == {"builtin"}
    assert asked == 1
    await servings.close()


async def test_a_look_that_began_before_a_publication_is_not_taken_for_one_after_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    servings, old, go_on = await started(store), await store.heads(), asyncio.Event()
    heads = store.heads

    async def late() -> Heads:
        monkeypatch.setattr(store, "heads", heads)
        await go_on.wait()
        return old

    monkeypatch.setattr(store, "heads", late)
    first = asyncio.create_task(servings.refresh())
    await asyncio.sleep(0)
    await store.publish("catalog", catalog().version, to_json(catalog()).encode())
    others = [asyncio.create_task(servings.refresh()) for _ in range(5)]
    others += [asyncio.create_task(servings.at(await store.heads())) for _ in range(5)]
    await asyncio.sleep(0)
    go_on.set()
    assert (await first).catalog_version == ""
    assert {one.catalog_version for one in await asyncio.gather(*others)} == {catalog().version}
    await servings.close()


async def test_heads_older_than_what_is_loaded_do_not_turn_it_back(store: Store) -> None:
    servings = await started(store)
    await publish(store, "1")
    await publish(store, "2")
    assert (await servings.refresh()).model_version == "2"
    assert (await servings.at(Heads(None, "1"))).model_version == "2"
    assert (await servings.at(Heads("older", "1"))).model_version == "2"
    await servings.close()


async def test_rollback_is_followed(store: Store) -> None:
    servings = await started(store)
    for version in ("1", "2", "1"):
        await publish(store, version)
        assert (await servings.refresh()).model_version == version
    await servings.close()


@pytest.mark.parametrize("blob", [b"", b"no bundle", bundle.dump(model("9"))[:-40]])
async def test_a_broken_model_is_refused_once_and_the_old_one_stays(
    store: Store, blob: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await publish(store, "1")
    servings = await started(store)
    await store.publish("model", "broken", blob)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert (await servings.refresh()).model_version == "1"
            await servings.at(Heads("elsewhere", "broken"))
    assert [record.message for record in caplog.records] == ["refused a model"]
    await publish(store, "2")
    assert (await servings.refresh()).model_version == "2"
    await servings.close()


async def test_a_catalog_that_is_not_what_its_version_says_is_refused(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    servings = await started(store)
    await store.publish("catalog", "000000000000", to_json(catalog()).encode())
    with caplog.at_level(logging.ERROR):
        assert (await servings.refresh()).catalog_version == ""
    assert "was changed after it was published" in caplog.text
    await servings.close()


@pytest.mark.parametrize("compact", [False, True])
async def test_a_mastery_model_is_served_with_snapshots_as_the_setting_says(
    store: Store, tmp_path: Path, compact: bool
) -> None:
    await store.publish("model", "9", bundle.dump(forgetful()))
    await store.publish("catalog", catalog().version, to_json(catalog()).encode())
    async with tutoring(Settings(data=tmp_path, compact_snapshots=compact), store) as tutor:
        assert tutor.serving.model_version == "9"
        assert isinstance(tutor.serving.tracer, AbilityTracer)
        assert tutor.serving.tracer.compact is compact
