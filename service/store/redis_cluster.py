"""The transport to a Redis cluster: redis-py's client knows the slots, follows moves and asks all nodes at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException, RedisError

from service.store.redis_line import Command
from service.store.redis_student import arguments

TOGETHER = 32
"""Calls in flight. redis-py takes a connection a node for each, and drops *all* connections when one is too many."""

GONE_WRONG = (RedisClusterException, AttributeError)
"""What redis-py raises that is no RedisError. AttributeError: where a node is lost it closes every connection, those
too that other calls are just opening, and these then write to None (met with 8.1, in the test that kills a node)."""


class Cluster:
    """A :class:`~service.store.redis_line.Transport` to a cluster. Commands to one slot keep their order."""

    def __init__(self, url: str, *, connect_timeout: float, timeout: float) -> None:
        # The deadline of a call stands in run(); it also bounds redis-py's own retries after a node went away.
        self._timeout = timeout
        self._client = RedisCluster.from_url(
            url, socket_connect_timeout=connect_timeout, socket_timeout=timeout, protocol=2
        )
        for command in ("XRANGE", "XREVRANGE"):
            self._client.set_response_callback(command, _as_sent)
        self._places = asyncio.Semaphore(TOGETHER)
        self._closing = False

    async def run(self, commands: Sequence[Command | bytes]) -> list[Any]:
        if self._closing:
            raise RedisConnectionError("the store is closed")
        pipeline = self._client.pipeline()
        for command in commands:
            pipeline.execute_command(*(_unpacked(command) if isinstance(command, bytes) else command))
        try:
            async with asyncio.timeout(self._timeout), self._places:
                answers: list[Any] = await pipeline.execute(raise_on_error=False)
        except TimeoutError as error:
            raise RedisError(f"no answer within {self._timeout:g} s") from error
        except GONE_WRONG as error:
            raise RedisError(f"the cluster cannot answer: {error}") from error
        return answers

    async def close(self) -> None:
        self._closing = True
        for _ in range(TOGETHER):  # all places are free once everything accepted was answered
            await self._places.acquire()
        await self._client.aclose()
        for _ in range(TOGETHER):
            self._places.release()


def _unpacked(command: bytes) -> tuple[str | bytes, ...]:
    name, *rest = arguments(command)
    return name.decode(), *rest


def _as_sent(response: Any, **_: Any) -> Any:
    return response
