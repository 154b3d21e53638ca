"""An answer in one write: what a caller reads is what uvicorn would have sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from service.api.wire import Gathered, Wire

LARGE = b"x" * 3_000_000


class Counted(Gathered):
    """Counts what goes to the socket."""

    writes: list[int] = []  # noqa: RUF012 - of all, on purpose

    def _flush(self) -> None:
        if self._parts:
            self.writes.append(len(self._parts))
        super()._flush()


async def app(scope: Any, receive: Any, send: Any) -> None:
    """/large, /streamed in parts, /slow in turns of the loop; anything else is told its path."""
    assert scope["type"] == "http"
    await receive()
    path = scope["path"]
    body = LARGE if path == "/large" else path.encode()
    if path == "/streamed":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"one", b"two"):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b""})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    if path == "/slow":
        await asyncio.sleep(0.01)
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server of the app in this loop."""
    monkeypatch.setattr("service.api.wire.Gathered", Counted)
    Counted.writes.clear()
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=Wire, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve([listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


async def ask(port: int, *paths: str) -> bytes:
    """All of them at once on one connection, the last with Connection: close; all that is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for n, path in enumerate(paths):
        last = "Connection: close\r\n" if n == len(paths) - 1 else ""
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n{last}\r\n".encode())
    told = await reader.read()
    writer.close()
    return told


async def test_head_and_body_leave_in_one_write(port: int) -> None:
    told = await ask(port, "/here")
    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert told.endswith(b"\r\n\r\n/here")
    assert Counted.writes == [2]


async def test_what_comes_later_leaves_later(port: int) -> None:
    assert (await ask(port, "/slow")).endswith(b"\r\n\r\n/slow")
    assert Counted.writes == [1, 1]


async def test_answers_come_whole_and_in_order(port: int) -> None:
    told = await ask(port, "/a", "/slow", "/large", "/b")
    bodies = [part.partition(b"\r\n\r\n")[2] for part in told.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    assert bodies == [b"/a", b"/slow", LARGE, b"/b"]


async def test_a_streamed_answer_comes_as_it_is_made(port: int) -> None:
    told = await ask(port, "/streamed")
    assert told.partition(b"\r\n\r\n")[2] == b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
    assert len(Counted.writes) == 3


async def test_what_is_no_request_is_told_so_before_the_end(port: int) -> None:
    assert (await ask(port, "no path at all")).startswith(b"HTTP/1.1 400 ")


async def test_a_caller_who_hung_up_is_no_fault(port: int, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.sleep(0.008)
        writer.transport.abort()
    await asyncio.sleep(0.05)
    assert (await ask(port, "/here")).endswith(b"/here")
    assert not [one for one in caplog.records if one.exc_info]
