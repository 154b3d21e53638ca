"""Direct answers on the wire: whatever way a request comes in, its answer is whole, in its turn, and the only one."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from tests.service.api.conftest import Api, listening
from tests.service.api.test_direct import answered
from tests.service.made import log, raw


def post(body: object, *headers: str, version: str = "1.1") -> bytes:
    """A response sent."""
    content = orjson.dumps(body)
    head = [f"POST /v1/responses HTTP/{version}", "Host: test", "Content-Type: application/json", *headers]
    return "\r\n".join([*head, f"Content-Length: {len(content)}", "", ""]).encode() + content


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: test", *headers, "", ""]).encode()


NEXT, MASTERY, CLOSE = "/v1/students/ada/next", "/v1/students/ada/mastery", "Connection: close"


async def connect(url: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    place = urlsplit(str(url))
    return await asyncio.open_connection(place.hostname, place.port)


async def sent(api: Api, *parts: bytes, pause: float = 0.0) -> list[tuple[int, Any]]:
    """Status and JSON of every answer, until the server closes the connection."""
    reader, writer = await connect(api.client.base_url)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(pause)
    told = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    return [one async for one in answers(told)]


async def answers(told: bytes) -> Any:
    reader = asyncio.StreamReader()
    reader.feed_data(told)
    reader.feed_eof()
    while not reader.at_eof():
        yield await answer(reader)


async def answer(reader: asyncio.StreamReader) -> tuple[int, Any]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    status = int(head.split()[1])
    if status == 100:
        return status, None
    length = int(head.partition("content-length: ")[2].split()[0])
    return status, orjson.loads(await reader.readexactly(length))


async def test_on_one_connection_all_are_answered_in_turn(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = answered(api, monkeypatch)
    asked = [post(raw("r1")), get(MASTERY), post(raw("r2")), post({"id": 3}), get(NEXT), get(NEXT, CLOSE)]
    for together in (True, False):
        told = await sent(api, *([b"".join(asked)] if together else asked), pause=0.05)
        assert [status for status, _ in told] == [200, 200, 200, 422, 200, 200]
        assert [told[0][1]["id"], told[2][1]["id"]] == ["r1", "r2"]
        assert "skills" in told[1][1]
        assert told[4] == told[5]
    assert seen.count(True) >= 4
    assert await api.counted() == (2, 2)


async def test_it_may_come_byte_by_byte(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = answered(api, monkeypatch)
    whole = post(raw("r1")) + get(NEXT) + post({}, CLOSE)
    told = await sent(api, *[bytes([one]) for one in whole])
    assert [status for status, _ in told] == [200, 200, 422]
    assert seen[0]


@pytest.mark.parametrize(
    ("request_", "statuses"),
    [
        (post(raw("r1"), CLOSE), [200]),
        (post(raw("r1"), version="1.0"), [200]),
        (post(raw("r1"), "Expect: 100-continue", CLOSE), [100, 200]),
    ],
    ids=["close", "1.0", "expect"],
)
async def test_unusual_ways_to_ask(api: Api, request_: bytes, statuses: list[int]) -> None:
    assert [status for status, _ in await sent(api, request_)] == statuses
    assert await api.counted() == (1, 1)


async def test_a_chunked_body(api: Api) -> None:
    content = orjson.dumps(raw("r1"))
    head = f"POST /v1/responses HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n{CLOSE}\r\n"
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(content), content)
    assert [status for status, _ in await sent(api, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + body)] == [
        200
    ]
    assert await api.counted() == (1, 1)


async def test_who_hangs_up_is_no_fault(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    whole = post(raw("r1"))
    for cut in (20, len(whole) - 5, len(whole)):
        _, writer = await connect(api.client.base_url)
        writer.write(whole[:cut])
        await asyncio.sleep(0.01)
        writer.transport.abort()
    end = asyncio.get_running_loop().time() + 20
    while len(await log(api.tutor.store, "response")) < 1:  # the last one was whole
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.01)
    assert (await api.send(raw("r1"))).headers["idempotent-replayed"] == "true"
    assert await api.counted() == (1, 1)
    assert not [one for one in caplog.records if one.exc_info]


async def test_a_connection_that_waits_for_its_answer_is_not_idle(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    read = api.tutor.store.read

    async def slow(*given: Any) -> Any:
        await asyncio.sleep(1.5)
        return await read(*given)

    async with listening(api.app, idle=1) as (url, _):
        reader, writer = await connect(url)
        for _ in range(2):
            writer.write(get(NEXT))
            assert (await answer(reader))[0] == 200
            monkeypatch.setattr(api.tutor.store, "read", slow)
        writer.close()


@pytest.mark.parametrize("path", [NEXT, MASTERY])
async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(api: Api, path: str) -> None:
    await api.send(raw())
    async with listening(api.app, idle=1) as (url, _):
        reader, writer = await connect(url)
        for _ in range(4):
            writer.write(get(path))
            assert (await answer(reader))[0] == 200
            await asyncio.sleep(0.6)
        began = asyncio.get_running_loop().time()
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert asyncio.get_running_loop().time() - began < 2
        writer.close()


async def test_what_has_begun_is_answered_before_the_end(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose body is on its way, one that waits for the store, and one that the routes must answer after all."""
    record, go = api.tutor.store.record, asyncio.Event()

    async def waiting(*given: Any) -> Any:
        await go.wait()
        return await record(*given)

    monkeypatch.setattr(api.tutor.store, "record", waiting)
    async with listening(api.app) as (url, server):
        kept = [await connect(url) for _ in range(3)]
        wholes = [post(raw("r1")), post(raw("r2", "bob")), post(raw("r3", "eve", mood="good"))]
        for (_, writer), whole, cut in zip(kept, wholes, (-1, None, -1), strict=True):
            writer.write(whole[:cut])
        await asyncio.sleep(0.05)
        server.should_exit = True
        await asyncio.sleep(0.3)
        for (_, writer), whole in zip(kept[::2], wholes[::2], strict=True):
            writer.write(whole[-1:])
        await asyncio.sleep(0.1)
        go.set()
        for (reader, writer), name in zip(kept, ("r1", "r2", "r3"), strict=True):
            status, told = await answer(reader)
            assert (status, told["id"]) == (200, name)
            assert await asyncio.wait_for(reader.read(), 10) == b""  # and then it is closed
            writer.close()
