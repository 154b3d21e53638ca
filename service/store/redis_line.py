"""Commands of many requests over one connection: whatever gathers while the server works goes out together.

redis-py takes a connection for every command in flight and reads its answer alone; under load most of the time went
there. It still connects (addresses, TLS, passwords). From then on what it read and wrote is read and written here:
requests are packed and answers parsed by hiredis, and the server sees a few large pipelines, whose writes it makes
durable together.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import hiredis
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from service.futures import resolve

log = logging.getLogger(__name__)

Command = tuple[bytes | str | int, ...]

AHEAD = 2
"""Pipelines under way at once: while the server works on one, the next is on its way, and more requests gather."""

MOST = 256
"""Requests in one pipeline: bounds how long the first of them waits for the last."""


class Silent(RedisError):
    """The server is connected and does not answer."""


class Transport(Protocol):
    """Sends commands, in order. An answer is a value, or the ResponseError that the server gave for that command."""

    async def run(self, commands: Sequence[Command | bytes]) -> list[Any]:
        """The answers; what is bytes is packed. Raises RedisError or OSError where the server cannot be reached."""

    async def close(self) -> None:
        """Answer what waits, then close the connections."""


@dataclass(slots=True, eq=False)
class _Request:
    packed: bytes
    wanted: int
    future: asyncio.Future[list[Any]]
    answers: list[Any] = field(default_factory=list)
    closes: bool = False  # the last one of its pipeline
    again: bool = False  # sent before, over a connection that broke


class Line:
    """The :class:`Transport` to one server.

    While it is silent, one request at a time tries it, and all others fail at once: none waits behind a time-out.
    """

    def __init__(self, url: str, *, connect_timeout: float, timeout: float) -> None:
        # The deadline of an answer stands in _watch; redis-py's own would arm a timer for each.
        self._pool = ConnectionPool.from_url(
            url, socket_connect_timeout=connect_timeout, socket_timeout=None, retry=None, protocol=2
        )
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Request] = deque()
        self._closing = self._silent = False
        self._trying: asyncio.Future[list[Any]] | None = None
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def run(self, commands: Sequence[Command | bytes]) -> list[Any]:
        if self._closing:
            raise RedisConnectionError("the store is closed")
        if self._silent and self._trying is not None and not self._trying.done():
            raise Silent("the server has not answered for a while")
        # Packed before it waits with others: a text that cannot be encoded must fail its own caller alone.
        packed = b"".join([one if type(one) is bytes else hiredis.pack_command(one) for one in commands])  # type: ignore[arg-type]  # its stub says a 1-tuple
        request = _Request(packed, len(commands), self._loop.create_future())
        if self._silent:
            self._trying = request.future
        self._waiting.append(request)
        self.flush()  # at once: who asks may have other work to do meanwhile
        return await request.future

    async def close(self) -> None:
        self._closing = True
        while unanswered := [*self._waiting, *(self._wire.sent if self._wire else ())]:
            await asyncio.wait([request.future for request in unanswered])
        if self._connecting is not None:
            await self._connecting
        if self._wire is not None:
            await self._wire.close()

    def flush(self) -> None:
        """Send what waits, unless enough is under way: then the next answer brings us here again."""
        if not self._waiting:
            return
        if self._wire is None:
            self._connecting = self._connecting or self._loop.create_task(self._connect(), name="store-connection")
            return
        if self._wire.pipelines < AHEAD:
            self._wire.send([self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])

    async def _connect(self) -> None:
        """A connection for what waits; where there is none to be had, the fault for all of it."""
        try:
            async with asyncio.timeout(self._timeout):
                connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
                await connection.connect()
        except TimeoutError:
            self.fail(Silent(f"no answer within {self._timeout:g} s"))
        except (RedisError, OSError) as error:
            self.fail(error)
        else:
            self._wire = _Wire(self, _taken_from(connection), self._timeout)
        finally:
            self._connecting = None
        self.flush()

    def lost(self, wire: _Wire, error: Exception | None) -> None:
        """A connection is gone. What it did not answer is sent once more.

        The server may have done the work before. Recording again is seen by its id; an event of the log that is not a
        response may then stand there twice.
        """
        if wire is not self._wire:
            return
        self._wire = None
        if wire.sent:
            log.info("a connection to the store was broken; connecting again")
        refused = [request for request in wire.sent if request.again]
        again = [request for request in wire.sent if not request.again]
        for request in again:
            request.answers, request.again, request.closes = [], True, False
        self._waiting.extendleft(reversed(again))
        wire.sent.clear()
        self.flush()
        _refuse(refused, error or RedisConnectionError("the connection to the server was closed"))

    def fail(self, error: Exception) -> None:
        """No server, or a silent one: everything that waits for it is told so."""
        self._silent = self._silent or isinstance(error, Silent | RedisTimeoutError)
        wire, self._wire = self._wire, None
        refused = [*(wire.sent if wire else ()), *self._waiting]
        self._waiting.clear()
        if wire is not None:
            wire.sent.clear()
            wire.abort()
        _refuse(refused, error)

    def answered(self) -> None:
        """The server is there."""
        self._silent = False


class _Wire(asyncio.Protocol):
    """One connection: pipelines go out, and every request is given its answers, in order."""

    def __init__(self, line: Line, writer: asyncio.StreamWriter, timeout: float) -> None:
        self.sent: deque[_Request] = deque()
        self.pipelines = 0
        self._line, self._timeout, self._loop = line, timeout, asyncio.get_running_loop()
        self._writer, self._transport = writer, writer.transport
        self._began: deque[float] = deque()  # when the pipelines were sent
        self._timer: asyncio.TimerHandle | None = None
        self._reader = hiredis.Reader(replyError=_error)
        self._gone = self._loop.create_future()
        self._transport.set_protocol(self)

    def send(self, requests: list[_Request]) -> None:
        """Send a pipeline."""
        requests[-1].closes = True
        self.sent.extend(requests)
        self.pipelines += 1
        self._began.append(self._loop.time())
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout, self._watch)
        self._transport.write(b"".join([request.packed for request in requests]))

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        self._line.answered()
        stale = False
        while (answer := self._reader.gets()) is not False:
            request = self.sent[0]
            request.answers.append(answer)
            stale = stale or isinstance(answer, ReadOnlyError)
            if len(request.answers) == request.wanted:
                self.sent.popleft()
                if request.closes:
                    self.pipelines -= 1
                    self._began.popleft()
                resolve(request.future, request.answers)
        if stale:  # it is no primary any more: whoever is has the same address
            self._transport.abort()
        self._line.flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._line.lost(self, exc)
        self._gone.set_result(None)

    def abort(self) -> None:
        self._transport.abort()

    async def close(self) -> None:
        self._transport.close()
        await self._gone

    def _watch(self) -> None:
        """Give up where the oldest pipeline has waited for too long."""
        self._timer, now = None, self._loop.time()
        if self._began and now - self._began[0] >= self._timeout:
            self._line.fail(Silent(f"no answer within {self._timeout:g} s"))
        elif self._began:
            self._timer = self._loop.call_at(self._began[0] + self._timeout, self._watch)


def _taken_from(connection: AbstractConnection) -> asyncio.StreamWriter:
    """What redis-py opened. It closes, with a warning, what is still its own when it is forgotten."""
    writer, connection._reader, connection._writer = connection._writer, None, None
    assert writer is not None, "it is connected"
    return writer


def _error(text: str) -> ResponseError:
    """An error that the server gave for one command."""
    kind = {"NOSCRIPT": NoScriptError, "READONLY": ReadOnlyError}.get(text.partition(" ")[0], ResponseError)
    return kind(text)


def _refuse(requests: Sequence[_Request], error: Exception) -> None:
    for request in requests:
        resolve(request.future, error)
