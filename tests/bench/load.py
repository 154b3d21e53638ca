"""A small load generator: keep-alive HTTP/1.1 connections, each sending its next request when it has the answer.

Bounded in count and in time, and only ever against 127.0.0.1. Raw sockets, since a client that costs more than the
server would measure itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Ask = Callable[[int, int], bytes]  # (connection, turn) -> the request, head and body


@dataclass(frozen=True)
class Load:
    """Latencies in seconds, and how long the whole took."""

    seconds: float
    latencies: list[float]
    failures: int

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        return float(np.quantile(self.latencies, share)) * 1000


class Caller:
    """A connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use :meth:`open`."""
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Caller:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, request: bytes) -> int:
        """The status of the answer, once all of it is here."""
        self._writer.write(request)
        return await _read_answer(self._reader)

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


def post(path: str, body: bytes) -> bytes:
    """A request that sends JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body


def get(path: str) -> bytes:
    """A request for what is there."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


async def run(port: int, ask: Ask, connections: int, seconds: float, most: int = 200_000) -> Load:
    """Send as fast as ``connections`` clients can, for ``seconds``, ``most`` requests in all."""
    latencies: list[float] = []
    failures = 0
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        nonlocal failures
        caller = await Caller.open(port)
        for turn in range(most // connections):
            if time.perf_counter() >= end:
                break
            request = ask(number, turn)
            began = time.perf_counter()
            status = await caller.send(request)
            latencies.append(time.perf_counter() - began)
            failures += status >= 400
        await caller.close()

    began = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(connections)))
    return Load(time.perf_counter() - began, latencies, failures)


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(length)
    return int(head[9:12])
