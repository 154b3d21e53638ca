"""Commands of many requests over few connections: whatever waits in one turn of the event loop goes out together.

redis-py takes a connection for every command in flight and reads its answer alone; under load most of the time went
there. Here a few *lanes* (a connection each) take everything that waits, send it as one pipeline and read the answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from hiredis import pack_command
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

log = logging.getLogger(__name__)

Command = tuple[bytes | str | int, ...]

LANES = 2
MOST = 256
"""Requests in one pipeline: bounds how long the first of them waits for the last."""


class Silent(RedisError):
    """The server is connected and does not answer."""


class Transport(Protocol):
    """Sends commands, in order. An answer is a value, or the ResponseError that the server gave for that command."""

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        """The answers. Raises RedisError or OSError where the server cannot be reached."""

    async def close(self) -> None:
        """Answer what waits, then close the connections."""


@dataclass(slots=True)
class _Request:
    packed: bytes
    answers: int
    future: asyncio.Future[list[Any]]


class Lanes:
    """The :class:`Transport` to one server.

    While it is silent, one request at a time tries it, and all others fail at once: none waits behind a time-out.
    """

    def __init__(self, url: str, *, connect_timeout: float, timeout: float, lanes: int = LANES) -> None:
        # One deadline for a whole pipeline stands in _exchange; redis-py's own would arm a timer for each answer.
        self._pool = ConnectionPool.from_url(
            url, socket_connect_timeout=connect_timeout, socket_timeout=None, retry=None, protocol=2
        )
        self._timeout = timeout
        self._waiting: deque[_Request] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._silent = False
        self._trying: asyncio.Future[list[Any]] | None = None
        self._tasks = [asyncio.create_task(self._serve(), name=f"store-lane-{lane}") for lane in range(lanes)]

    async def run(self, commands: Sequence[Command]) -> list[Any]:
        if self._closing:
            raise RedisConnectionError("the store is closed")
        if self._silent and self._trying is not None and not self._trying.done():
            raise Silent("the server has not answered for a while")
        # Packed here and not in the lane: a text that cannot be encoded must fail its own caller alone.
        packed = b"".join([pack_command(command) for command in commands])  # type: ignore[arg-type]  # its stub says a 1-tuple
        request = _Request(packed, len(commands), asyncio.get_running_loop().create_future())
        if self._silent:
            self._trying = request.future
        self._waiting.append(request)
        self._arrived.set()
        return await request.future

    async def close(self) -> None:
        self._closing = True
        self._arrived.set()
        await asyncio.gather(*self._tasks)

    async def _serve(self) -> None:
        connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            while await self._something_waits():
                await self._answer(connection, [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])
        finally:
            await connection.disconnect(nowait=True)

    async def _something_waits(self) -> bool:
        while not self._waiting:
            if self._closing:
                return False
            self._arrived.clear()
            await self._arrived.wait()
        return True

    async def _answer(self, connection: AbstractConnection, batch: Sequence[_Request]) -> None:
        try:
            answers = await self._exchange_again(connection, batch)
        except Exception as error:  # handed to the callers; the lane must live on
            refused = list(batch)
            if isinstance(error, Silent | RedisTimeoutError):
                self._silent = True
                refused += self._waiting
                self._waiting.clear()
            for request in refused:
                if not request.future.done():
                    request.future.set_exception(error)
            return
        self._silent, start = False, 0
        for request in batch:
            if not request.future.done():  # else the caller gave up
                request.future.set_result(answers[start : start + request.answers])
            start += request.answers

    async def _exchange_again(self, connection: AbstractConnection, batch: Sequence[_Request]) -> list[Any]:
        """Exchange; once more where the connection was there before and broke.

        The server may have done the work before the connection broke. Recording again is seen by its id; an event of
        the log that is not a response may then stand there twice.
        """
        was_connected = connection.is_connected
        try:
            return await self._exchange(connection, batch)
        except RedisConnectionError:
            if not was_connected:
                raise
            log.info("a connection to the store was broken; connecting again")
            return await self._exchange(connection, batch)

    async def _exchange(self, connection: AbstractConnection, batch: Sequence[_Request]) -> list[Any]:
        answers: list[Any] = []
        try:
            async with asyncio.timeout(self._timeout):
                await connection.send_packed_command([request.packed for request in batch], check_health=False)
                for _ in range(sum(request.answers for request in batch)):
                    try:
                        answers.append(await connection.read_response(disable_decoding=True))
                    except ResponseError as error:
                        answers.append(error)
        except TimeoutError as error:
            await connection.disconnect(nowait=True)
            raise Silent(f"no answer within {self._timeout:g} s") from error
        except BaseException:
            # Answers still under way would be taken for those of the next pipeline.
            await connection.disconnect(nowait=True)
            raise
        return answers
