"""HTTP/1.1 as uvicorn speaks it, but for three things.

An answer leaves in one system call: uvicorn writes head and body apart, and a write of some hundred bytes costs some
ten microseconds and wakes whoever waits for it. What the application answers directly (:mod:`service.api.direct`) needs
no scope and no task. And a connection has one timer, not a new one after every answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

if TYPE_CHECKING:
    from service.api.direct import Asked, Direct, Headers

WIRE = f"{__name__}:Wire"


class Gathered:
    """A transport that writes what it was given in one turn of the loop at once, at the end of that."""

    def __init__(self, transport: asyncio.Transport, call_soon: Callable[..., object]) -> None:
        self._transport, self._call_soon, self._parts = transport, call_soon, list[bytes]()

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._call_soon(self._flush)
        self._parts.append(data)

    def write_whole(self, data: bytes) -> None:
        """Write now, behind what was given before."""
        if self._parts:
            self._parts.append(data)
            self._flush()
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        """All else is the transport's."""
        found = getattr(self._transport, name)
        setattr(self, name, found)
        return found

    def _flush(self) -> None:
        data = b"".join(self._parts)
        self._parts.clear()
        if data and not self._transport.is_closing():  # the caller may have hung up in the meantime
            self._transport.write(data)


class Call:
    """A request that is answered directly: to uvicorn's protocol, what its RequestResponseCycle is."""

    __slots__ = ("_wire", "asked", "body", "disconnected", "keep_alive", "message_event", "response_complete")

    def __init__(self, wire: Wire, asked: Asked) -> None:
        self._wire, self.asked, self.body, self.message_event = wire, asked, b"", NOBODY
        self.disconnected = self.response_complete = False
        self.keep_alive = True

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send the answer, if anybody is there."""
        self.response_complete = True
        if not self.disconnected:
            self._wire.send(self, status, headers, body)


class _Nobody:
    """In place of an event that nobody waits for."""

    def set(self) -> None:
        """Nothing."""


NOBODY = _Nobody()


class Wire(HttpToolsProtocol):
    """A class for uvicorn's ``http``, by the name :data:`WIRE`."""

    _always: tuple[object, bytes] = (None, b"")  # the headers of every answer, as uvicorn has them and as they are sent

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's has it
        self._gathered = Gathered(transport, self.loop.call_soon)
        super().connection_made(cast("asyncio.Transport", self._gathered))
        self._direct = _direct_of(self.app)
        self._call: Call | None = None
        self._idle: float | None = None  # since when

    def connection_lost(self, exc: Exception | None) -> None:
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        super().connection_lost(exc)

    # ---------------------------------------------------------------------------------------- what the parser finds

    def on_message_begin(self) -> None:
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        asked = self._asked()
        if asked is None:
            self._begin()
        else:
            self._call = Call(self, asked)
            self.cycle = cast(Any, self._call)

    def on_body(self, body: bytes) -> None:
        if self._call is None:
            super().on_body(body)
        else:
            self._call.body += body

    def on_message_complete(self) -> None:
        call, self._call = self._call, None
        if call is None:
            super().on_message_complete()
        elif self._direct is None or not self._direct.begin(call.asked, call.body, call):
            call.response_complete = True  # it steps aside for uvicorn's own
            self._begin()
            self.cycle.keep_alive = self.cycle.keep_alive and call.keep_alive
            super().on_body(call.body)
            super().on_message_complete()

    def _asked(self) -> Asked | None:
        """What is asked, where it may be answered directly."""
        parser, busy = self.parser, self.cycle is not None and not self.cycle.response_complete
        if self._direct is None or busy or self.expect_100_continue or self.flow.write_paused:
            return None
        if not parser.should_keep_alive() or parser.should_upgrade() or self.limit_concurrency is not None:
            return None
        return self._direct.asked(parser.get_method(), self.url, self.headers)

    def _begin(self) -> None:
        """As uvicorn begins, with what was found so far."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)  # its scope holds the list
        super().on_headers_complete()

    # --------------------------------------------------------------------------------------------- what is answered

    def send(self, call: Call, status: int, headers: Headers, body: bytes) -> None:
        """The answer to a call, in one write."""
        if self.transport.is_closing():
            return
        parts = [STATUS_LINE[status], self._common()]
        for name, value in headers:
            parts += (name, b": ", value, b"\r\n")
        if not call.keep_alive:
            parts.append(b"connection: close\r\n")
        parts += (b"\r\n", body)
        self._gathered.write_whole(b"".join(parts))
        if not call.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _common(self) -> bytes:
        headers = self.server_state.default_headers  # another list every second: it has the date
        if Wire._always[0] is not headers:
            Wire._always = headers, b"".join([b"%b: %b\r\n" % one for one in headers])
        return Wire._always[1]

    # -------------------------------------------------------------------------------------------- between requests

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._wait(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        self._idle = None  # the timer sees it when it is due

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle is None:
            return
        left = self._idle + self.timeout_keep_alive - self.loop.time()
        if left <= 0.0:
            super().timeout_keep_alive_handler()
        else:
            self._wait(left)

    def _wait(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)


def _direct_of(app: Any) -> Direct | None:
    """What the application answers directly, under whatever uvicorn has put around it."""
    while app is not None:
        if (state := getattr(app, "state", None)) is not None:
            return cast("Direct | None", getattr(state, "direct", None))
        app = getattr(app, "app", None)
    return None
