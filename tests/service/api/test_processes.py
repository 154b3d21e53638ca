"""Real server processes: several give the same answers, and none loses what it acknowledged."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from engine.catalog import to_json
from service.store import open_store
from tests.service.api.processes import Server
from tests.service.made import catalog, log, raw


async def post(server: Server, body: object, **params: int) -> httpx.Response:
    """On a connection of its own, so that any of the workers may take it."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        return await client.post("/v1/responses", json=body, params=params)


async def send_until_refused(server: Server, name: str) -> list[str]:
    """Send responses one by one; the ids of those that were acknowledged."""
    acknowledged: list[str] = []
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        for n in range(100_000):
            try:
                answer = await client.post("/v1/responses", json=raw(f"{name}-{n}", name), params={"next": 1})
            except httpx.TransportError:
                break
            if answer.status_code != 200:
                break
            acknowledged.append(f"{name}-{n}")
    return acknowledged


async def kept(store_url: str) -> dict[str, list[Any]]:
    """Ids in the log, by kind."""
    store = await open_store(store_url)
    responses = [orjson.loads(event)["id"] for event in await log(store, "response")]
    made = [orjson.loads(event)["recommendation_id"] for event in await log(store, "recommendation")]
    await store.close()
    return {"responses": responses, "recommendations": made}


@pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)
async def test_two_workers_give_the_same_answers_and_end_without_loss(store_url: str, tmp_path: Path) -> None:
    with Server(tmp_path, store_url, workers=2) as server:
        assert httpx.put(f"{server.url}/v1/catalog", json=orjson.loads(to_json(catalog()))).status_code == 200
        first = await post(server, raw(), next=3)
        again = await asyncio.gather(*(post(server, raw(), next=3) for _ in range(20)))
        assert {answer.content for answer in again} == {first.content}
        shown = [httpx.get(f"{server.url}/metrics").text for _ in range(6)]
        assert all('nextwise_responses_total{outcome="replayed"} 20.0' in text for text in shown)  # of both workers
        given = [one["recommendation_id"] for one in first.json()["next"]["recommendations"]]

        sending = [asyncio.create_task(send_until_refused(server, f"s{n}")) for n in range(4)]
        await asyncio.sleep(1)
        server.process.terminate()
        acknowledged = [one for task in sending for one in await task]
        assert await asyncio.to_thread(server.process.wait, 60) == 0
    found = await kept(store_url)
    assert acknowledged
    assert set(acknowledged) <= set(found["responses"])
    assert len(found["responses"]) == len(set(found["responses"]))
    assert set(given) <= set(found["recommendations"])
    assert len(set(found["recommendations"])) >= len(acknowledged)  # each answer named one, and the end flushed them
    assert "Traceback" not in server.log()


async def test_killed_it_has_all_that_it_acknowledged_and_counts_a_resend_once(store_url: str, tmp_path: Path) -> None:
    with Server(tmp_path / "first", store_url, workers=2) as server:
        sending = [asyncio.create_task(send_until_refused(server, f"s{n}")) for n in range(4)]
        await asyncio.sleep(1)
        server.kill()
        acknowledged = [one for task in sending for one in await task]
    assert acknowledged
    found = (await kept(store_url))["responses"]
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))
    with Server(tmp_path / "second", store_url) as server:
        answer = await post(server, [raw(one, one.partition("-")[0]) for one in acknowledged[:1000]])
        assert answer.headers["idempotent-replayed"] == "true"
    assert sorted((await kept(store_url))["responses"]) == sorted(found)


async def test_ten_megabytes_over_a_socket(store_url: str, tmp_path: Path) -> None:
    with Server(tmp_path, store_url) as server:

        async def chunks() -> Any:
            for _ in range(160):
                yield b" " * 65_536

        async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
            kind = {"content-type": "application/json"}
            for body in (b" " * 10_000_000, chunks()):
                answer = await client.post("/v1/responses", content=body, headers=kind)
                assert answer.status_code == 413
        assert httpx.get(f"{server.url}/health/ready").status_code == 200
