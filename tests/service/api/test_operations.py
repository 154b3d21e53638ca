"""Health, metrics, docs, request ids, log lines and faults of our own."""

from __future__ import annotations

import inspect
import logging
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from service.api.dependencies import get_settings, get_tutor
from service.settings import Settings
from service.states import SNAPSHOT_AFTER
from service.store.base import StoreUnavailable
from tests.service.api.conftest import Api, problem, serving
from tests.service.made import raw


async def away(*_: Any) -> None:
    raise StoreUnavailable("connection refused to secret-host:6379")


def test_no_request_pays_for_a_thread_to_be_given_what_was_made_before() -> None:
    assert inspect.iscoroutinefunction(get_tutor)
    assert inspect.iscoroutinefunction(get_settings)


async def test_health(api: Api) -> None:
    assert (await api.client.get("/health/live")).json() == {"status": "live"}
    told = (await api.client.get("/health/ready")).json()
    assert told["status"] == "ready"
    assert told["parts"]["store"] == "ok"


async def test_a_store_that_is_away(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.tutor.store, "ping", away)
    monkeypatch.setattr(api.tutor.store, "record", away)
    told = problem(await api.client.get("/health/ready"), 503, "unavailable")
    assert told["parts"]["store"] == "does not answer"
    assert (await api.client.get("/health/live")).status_code == 200
    answer = await api.send(raw())
    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"]
    assert "secret" not in answer.text


async def test_a_fault_of_ours_tells_nothing_of_its_inside(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(api.tutor.store, "record", broken)
    answer = await api.client.post("/v1/responses", json=raw(), headers={"X-Request-ID": "mine-1"})
    assert problem(answer, 500, "internal")["request_id"] == "mine-1"
    assert "secret" not in answer.text
    assert "secret inside" in caplog.text


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2:3", True), ("x" * 129, False), ("a b", False), ('"<>', False)])
async def test_request_ids(api: Api, given: str, kept: bool) -> None:
    answer = await api.client.get("/health/live", headers={"X-Request-ID": given})
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.headers["x-request-id"]


async def test_one_log_line_a_request(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "service.api.requests"):
        await api.student("ada", "next")
        await api.client.get("/health/live")
        await api.client.get("/nowhere")
    told = [(vars(record)["route"], vars(record)["status"]) for record in caplog.records if record.message == "request"]
    assert told == [("/v1/students/{student_id:path}/next", 200), ("unmatched", 404)]


async def test_metrics(api: Api) -> None:
    def count(outcome: str) -> float:
        return REGISTRY.get_sample_value("nextwise_responses_total", {"outcome": outcome}) or 0

    before = {outcome: count(outcome) for outcome in ("recorded", "replayed", "conflict", "rejected")}
    await api.send([raw(), raw(), raw(correct=False), {}])
    assert {outcome: count(outcome) - was for outcome, was in before.items()} == dict.fromkeys(before, 1)
    answer = await api.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'nextwise_request_seconds_count{method="POST",route="/v1/responses",status="200"}' in answer.text
    served = re.findall(r"nextwise_serving_info\{.*model_version=\"(.*)\"\} 1.0", answer.text)
    assert served == ["builtin"]


async def test_docs_need_nothing_from_elsewhere(api: Api) -> None:
    answer = await api.client.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "<script" not in answer.text
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", answer.text)
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in answer.headers["content-security-policy"]
    for path in (await api.client.get("/openapi.json")).json()["paths"]:
        assert path in answer.text


async def test_every_reference_of_the_openapi_document_resolves(api: Api) -> None:
    answer: httpx.Response = await api.client.get("/openapi.json")
    schemas = answer.json()["components"]["schemas"]
    wanted = set(re.findall(r'"#/components/schemas/([^"]+)"', answer.text))
    assert wanted <= schemas.keys()
    assert '"#/$defs/' not in answer.text
    assert {"ResponseIn", "ProblemOut", "CatalogIn"} <= wanted
    for operations in answer.json()["paths"].values():
        for operation in operations.values():
            assert operation["description"]


async def test_clean_shutdown_writes_what_was_behind(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    async with serving(settings) as api:
        await api.client.put("/v1/catalog", json={"items": [{"id": "i", "skill_ids": ["s"]}]})
        answer = await api.send([raw(f"r{n}", item="i") for n in range(SNAPSHOT_AFTER)], next=1)
        (given,) = answer.json()["next"][0]["recommendations"]
    async with serving(settings) as api:
        (entry,) = [e.event for e in await api.tutor.store.read_log("log", 100) if e.kind == "recommendation"]
        assert given["recommendation_id"].encode() in entry
        (stored,), _ = await api.tutor.store.read(["ada"], api.tutor.serving.tag)
        assert stored.snapshot is not None
        assert stored.length == SNAPSHOT_AFTER
