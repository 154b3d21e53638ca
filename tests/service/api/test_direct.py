"""The plain forms of the two calls that a student waits for, and the typed routes behind them, on one store."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from service import logs
from tests.service.api.conftest import Api, problem
from tests.service.api.test_operations import away
from tests.service.made import raw


def told(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    kept = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
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


async def test_both_ways_answer_the_same(api: Api) -> None:
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
        await api.by_the_routes()
    assert ways[0] == ways[1]


def answered(api: Api, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each request was begun directly, as far as it was tried."""
    seen, begin = list[bool](), api.app.state.direct.begin

    def begun(*given: Any) -> bool:
        seen.append(begin(*given))
        return seen[-1]

    monkeypatch.setattr(api.app.state.direct, "begin", begun)
    return seen


async def test_what_is_plain_is_answered_directly(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = answered(api, monkeypatch)
    post, json = api.client.post, {"content-type": "application/json"}
    for ask, directly in (
        (api.send(raw()), [True]),
        (api.send(raw("r2"), next=3), [True]),
        (api.student("ada", "next"), [True]),
        (api.student("ada", "next", n=50), [True]),
        (api.send(raw("r3", mood="good")), [False]),
        (api.send([raw("r4")]), [False]),
        (post("/v1/responses", content=b"{", headers=json), [False]),
        (api.send(raw("r5"), next=11), []),
        (api.student("ada", "next", n=51), []),
        (api.student("a/b", "next"), []),
        (api.student("ada", "mastery"), []),
        (post("/v1/responses", content=b"{}", headers={"content-type": "text/csv"}), []),
        (post("/v1/responses", json=raw("r6", session_id="x" * 20_000)), []),
        (api.client.request("GET", "/v1/students/ada/next", content=b"x"), []),
        (api.client.get("/v1/students/ada/next", headers=[("x-request-id", "a"), ("x-request-id", "b")]), []),
        (api.client.request("DELETE", "/v1/responses"), []),
    ):
        seen.clear()
        await ask
        assert seen == directly


async def test_the_routes_too_serve_plain_questions_together(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await api.by_the_routes()
    asked, put = list[tuple[str, int]](), api.tutor.asking.put

    def counted(student: str, n: int) -> Any:
        asked.append((student, n))
        return put(student, n)

    monkeypatch.setattr(api.tutor.asking, "put", counted)
    for params in ({}, {"n": 3}, {"skills": "adding"}, {"explain": "true"}, {"left": 5}):
        assert (await api.student("ada", "next", **params)).status_code == 200
    assert asked == [("ada", 1), ("ada", 3)]


async def test_a_fault_is_told_and_logged_under_the_id_of_its_request(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seen = answered(api, monkeypatch)

    async def broken(*_: Any) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(api.tutor.store, "record", broken)
    monkeypatch.setattr(api.tutor.store, "read", broken)
    noted = list[tuple[str, str | None]]()
    monkeypatch.setattr(
        logging.getLogger("service.api.requests"), "handle", lambda one: noted.append((one.msg, logs.request_id.get()))
    )
    for number, ask in enumerate((("POST", "/v1/responses", raw()), ("GET", "/v1/students/ada/next", None))):
        method, path, body = ask
        answer = await api.client.request(method, path, json=body, headers={"x-request-id": f"mine-{number}"})
        told = problem(answer, 500, "internal")
        assert "secret" not in answer.text
        assert told["request_id"] == f"mine-{number}"
    assert noted == [("fault in a request", "mine-0"), ("fault in a request", "mine-1")]
    assert seen == [True, True]


async def test_both_ways_count_and_log_alike(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "service.api.requests")
    kept = []
    for _ in range(2):
        caplog.clear()
        before = await _counted(api)
        for ask in (api.send(raw(), next=1), api.send(raw(correct=False)), api.student("ada", "next")):
            await ask
        lines = [vars(one) for one in caplog.records if one.name == "service.api.requests"]
        asked = [[line[name] for name in ("method", "path", "route", "status")] for line in lines]
        counted = {name: count - before.get(name, 0) for name, count in (await _counted(api)).items()}
        kept.append((asked, counted))
        await api.by_the_routes()
    assert kept[0] == kept[1]
    assert [one[3] for one in kept[0][0]] == [200, 409, 200]
    assert sum(kept[0][1].values()) == 3


async def _counted(api: Api) -> dict[str, float]:
    text = (await api.client.get("/metrics")).text
    lines = [line.rpartition(" ") for line in text.splitlines() if line.startswith("nextwise_request_seconds_count")]
    return {name: float(value) for name, _, value in lines if '"/metrics"' not in name}


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
