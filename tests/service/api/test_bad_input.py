"""Whatever is sent: a clear answer, and nothing is lost or counted twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from tests.service.api.conftest import Api, problem
from tests.service.made import ODD_SKILL, raw

pytestmark = pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)

JSON = {"content-type": "application/json"}


@pytest.fixture
async def kept(api: Api) -> AsyncIterator[Api]:
    """With one response there, which must still be there alone when the test is over."""
    assert (await api.send(raw("there"))).status_code == 200
    yield api
    assert await api.counted() == (1, 1)
    resent = await api.send(raw("there"))
    assert resent.headers["idempotent-replayed"] == "true"


async def post(api: Api, body: bytes, headers: dict[str, str] | None = None) -> Any:
    return await api.client.post("/v1/responses", content=body, headers=JSON if headers is None else headers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"id": "r1",}',
        b"\xff\xfe",
        b'{"score": NaN}',
        b'{"score": Infinity}',
        b'{"id": "\xed\xa0\x80"}',
        b'{"id": "\\ud800"}',
        b"[" * 100_000,
    ],
)
async def test_malformed_json(kept: Api, body: bytes) -> None:
    told = problem(await post(kept, body), 400, "malformed-body")
    assert "finite" in told["mend"]


@pytest.mark.parametrize("what", ["next", "notes"])
@pytest.mark.parametrize("body", [b"{", b'{"n": 1,}'])
async def test_malformed_json_of_a_typed_route(kept: Api, what: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    problem(await kept.client.post(f"/v1/students/ada/{what}", content=body, headers=headers), 400, "malformed-body")


@pytest.mark.parametrize("body", [b"3", b"null", b'"r1"', b"true", b"[[]]"])
async def test_no_response_at_all(kept: Api, body: bytes) -> None:
    answer = await post(kept, body)
    rejected = answer.json()["results"][0]["problem"] if body == b"[[]]" else problem(answer, 422, "invalid-response")
    assert rejected["detail"] == "A response is a JSON object."


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("score", 1.3),
        ("score", "right"),
        ("correct", "true"),
        ("id", 1),
        ("id", "i" * 10_000),
        ("student_id", "s" * 10_000),
        ("item_id", "i" * 10_000),
        ("class_id", "c" * 10_000),
        ("id", "a\u0000b"),
        ("student_id", "a\u001fb"),
        ("item_id", "\u007f"),
        ("student_id", ["ada"]),
        ("answered_at", "2999-01-01T00:00:00Z"),
        ("answered_at", 1e300),
        ("answered_at", {}),
    ],
)
async def test_a_wrong_value(kept: Api, field: str, value: object) -> None:
    given = raw() | {field: value}
    if field == "score":
        given.pop("correct", None)
    told = problem(await kept.send(given), 422, "invalid-response")
    assert [one["field"] for one in told["errors"]] == [field]
    assert len(orjson.dumps(told)) < 2000  # what was sent does not come back in full
    (rejected,) = (await kept.send([given])).json()["results"]
    assert rejected["problem"]["errors"] == told["errors"]


async def test_both_verdicts(kept: Api) -> None:
    problem(await kept.send(raw(score=1.0, correct=True)), 422, "invalid-response")


async def test_an_empty_batch(kept: Api) -> None:
    problem(await kept.send([]), 422, "invalid-batch")


async def test_too_large_a_batch(kept: Api) -> None:
    told = problem(await kept.send([raw(f"r{n}") for n in range(1001)]), 422, "invalid-batch")
    assert "at most 1000" in told["detail"]


async def test_ten_megabytes(kept: Api) -> None:
    body = b'{"id": "' + b"x" * 10_000_000 + b'"}'
    told = problem(await post(kept, body), 413, "body-too-large")
    assert told["limit"] == 2 * 1024 * 1024


async def test_ten_megabytes_in_chunks_of_unknown_number(kept: Api) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(160):
            yield b" " * 65_536

    answer = await kept.client.post("/v1/responses", content=chunks(), headers=JSON)
    problem(answer, 413, "body-too-large")


async def test_a_body_without_end(kept: Api) -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1024 * 1024
            yield b" " * 1024 * 1024

    # Without a socket: over one, who goes on sending is hung up on, and may see that before the answer.
    async with httpx.AsyncClient(transport=httpx.ASGITransport(kept.app), base_url="http://test") as client:
        problem(await client.post("/v1/responses", content=chunks(), headers=JSON), 413, "body-too-large")
    assert sent < 40 * 1024 * 1024  # reading on ends somewhere


@pytest.mark.parametrize("kind", [None, "text/plain", "text/json", "application/x-www-form-urlencoded", ""])
async def test_a_wrong_content_type(kept: Api, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    problem(await post(kept, orjson.dumps(raw()), headers), 415, "unsupported-media-type")


async def test_a_charset_is_fine(api: Api) -> None:
    answer = await post(api, orjson.dumps(raw()), {"content-type": "Application/JSON; charset=utf-8"})
    assert answer.status_code == 200


async def test_a_duplicate_inside_a_batch(api: Api) -> None:
    told = (await api.send([raw(), raw(), raw(correct=False)])).json()
    assert [one["status"] for one in told["results"]] == ["recorded", "recorded", "rejected"]
    assert told["results"][1]["mastery"] == told["results"][0]["mastery"]
    assert told["results"][0]["mastery"][0]["responses"] == 1
    assert await api.counted() == (1, 1)


async def test_emoji_and_slashes_in_ids(api: Api) -> None:
    student = "a/😀 ü?#%2F/next"
    assert (await api.send(raw("😀", student, **{"class": "7/b 🎒"}))).status_code == 200
    assert await api.counted(student) == (1, 1)
    assert (await api.student(student, "mastery")).json()["student_id"] == student
    assert (await api.student(student, "next")).json()["student_id"] == student
    (found,) = (await api.client.get("/v1/classes/7%2Fb%20%F0%9F%8E%92/mastery")).json()["students"]
    assert found["student_id"] == student


async def test_an_odd_skill(api: Api) -> None:
    told = (await api.send(raw(item="odd-0"))).json()
    assert told["mastery"][0]["skill_id"] == ODD_SKILL
    given = (await api.student("ada", "next", skills=ODD_SKILL)).json()
    assert {tuple(one["skill_ids"]) for one in given["recommendations"]} == {(ODD_SKILL,)}


async def test_an_unknown_item_is_kept_and_told(api: Api) -> None:
    told = (await api.send(raw(item="nowhere"))).json()
    assert (told["status"], told["item_known"], told["mastery"]) == ("recorded", False, [])
    assert await api.counted() == (1, 1)
    assert (await api.student("ada", "mastery")).json()["unknown_item_responses"] == 1


@pytest.mark.parametrize("what", ["mastery", "history"])
async def test_an_unknown_student(kept: Api, what: str) -> None:
    told = problem(await kept.student("nobody", what), 404, "unknown-student")
    assert told["student_id"] == "nobody"


@pytest.mark.parametrize("what", ["mastery", "history", "next"])
@pytest.mark.parametrize("student", ["s" * 10_000, "a\u0000b", "a\u007f", ""])
async def test_an_impossible_student(kept: Api, student: str, what: str) -> None:
    problem(await kept.student(student, what), 422, "invalid-request")


@pytest.mark.parametrize(
    ("name", "value"), [("n", "0"), ("n", "51"), ("n", "x"), ("skills", "a\u007f"), ("exclude", "\u0000")]
)
async def test_a_wrong_parameter(kept: Api, name: str, value: str) -> None:
    told = problem(await kept.student("ada", "next", **{name: value}), 422, "invalid-request")
    assert told["errors"][0]["field"].startswith(f"query.{name}")


async def test_an_unknown_skill_is_named(kept: Api) -> None:
    told = problem(await kept.student("ada", "next", skills=["adding", "a, b"]), 422, "unknown-skills")
    assert told["unknown"] == ["a, b"]


async def test_a_wrong_address_and_a_wrong_method(kept: Api) -> None:
    problem(await kept.client.get("/v1/nothing"), 404, "not-found")
    answer = await kept.client.delete("/v1/responses")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/problem+json"
