"""The plain forms of the two hot calls, and the typed routes behind them, on one store."""

from __future__ import annotations

from typing import Any

import pytest

from service.api import hot
from tests.service.api.conftest import Api, problem
from tests.service.api.test_operations import away
from tests.service.made import raw


def told(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    kept = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, answer.content.replace(answer.headers["x-request-id"].encode(), b""), kept


BODIES = [
    raw(),
    raw(correct=False),
    raw("r2", "bob", item="nobody-knows"),
    raw("r3", "bob", mood="good"),
    raw("r4", score=3),
    {},
    [],
    3,
    [raw("r5"), raw("r6", "eve"), {"id": "r7"}],
]


async def test_both_ways_answer_the_same(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for body in BODIES:
        await api.send(body)  # from here on all are replays, or faults
    ways = []
    for _ in range(2):
        answers = [await api.send(body, **params) for body in BODIES for params in ({}, {"next": 2})]
        answers += [
            await api.student(who, "next", **params) for who in ("ada", "a/b", "new") for params in ({}, {"n": 3})
        ]
        answers.append(
            await api.client.post("/v1/responses", content=b"{", headers={"content-type": "application/json"})
        )
        ways.append([told(answer) for answer in answers])
        monkeypatch.setattr(hot, "FOLLOWING", {})
        monkeypatch.setattr(hot, "WANTED", {})
    assert ways[0] == ways[1]


async def test_what_is_not_plain_is_told_by_the_typed_routes(api: Api) -> None:
    for params in ({"next": "11"}, {"next": "x"}):
        problem(await api.client.post("/v1/responses", json=raw(), params=params), 422, "invalid-request")
    problem(
        await api.client.post("/v1/responses", content=b"{}", headers={"content-type": "text/csv"}),
        415,
        "unsupported-media-type",
    )
    problem(await api.student("ada", "next", n=51), 422, "invalid-request")
    problem(await api.student("a\x00", "next"), 422, "invalid-request")
    assert (await api.client.get("/v1/responses")).status_code == 405


async def test_a_store_that_is_away(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.tutor.store, "record", away)
    monkeypatch.setattr(api.tutor.store, "read", away)
    for answer in (await api.send(raw(), next=1), await api.student("ada", "next")):
        assert "secret" not in problem(answer, 503, "unavailable")["detail"]
        assert answer.headers["retry-after"]


async def test_a_body_in_parts(api: Api) -> None:
    async def parts() -> Any:
        yield b'[{"id": "r1", "student_id": "ada", '
        yield b'"item_id": "add-0", "correct": true, "answered_at": 12}]'

    answer = await api.client.post("/v1/responses", content=parts(), headers={"content-type": "application/json"})
    assert answer.json()["recorded"] == 1
