"""Jobs of the embedded store in a process of their own, for a caller that is busy itself.

A thread waits for the interpreter at every step of a statement, and a busy event loop lets go of it every five
milliseconds. A process works while the caller does. It ends with the caller, however that ends: its socket is closed.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import signal
import socket
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeVar

from service import logs
from service.store.base import StoreUnavailable
from service.store.sqlite_checkpoints import FAR, Checkpoints
from service.store.sqlite_jobs import MOST, Job, Transactions, reading, resolve_all, writing

log = logging.getLogger(__name__)

T = TypeVar("T")

CHUNK = 1 << 20
SIZE = struct.Struct("<Q")


class Apart:
    """The :class:`~service.store.sqlite_jobs.Runner` that sends its jobs, which must be picklable, to a process.

    Where that died, what it had is refused, and another is started for what comes next.
    """

    def __init__(self, role: Literal["writing", "reading"], path: Path, patience: float) -> None:
        self._command = [sys.executable, "-m", __name__, role, str(path), str(patience)]
        self._line: _Line | None = None
        self._starting, self._closing = asyncio.Lock(), False

    async def run(self, function: Callable[..., T], *given: Any) -> T:
        if self._closing:
            raise StoreUnavailable("the store is closed")
        line = self._line
        if line is None or line.ended:
            line = await self._started()
        return await line.ask((function, given))  # type: ignore[no-any-return]

    async def close(self) -> None:
        self._closing = True
        async with self._starting:
            if self._line is not None:
                await self._line.close()

    async def _started(self) -> _Line:
        async with self._starting:
            if self._line is None or self._line.ended:
                if self._line is not None:
                    log.warning("the process that had the database ended; another is started")
                    await self._line.close()
                try:
                    self._line = await _Line.start(self._command)
                except OSError as error:
                    raise StoreUnavailable(f"the process for the database cannot be started: {error}") from error
            return self._line


class _Line(asyncio.Protocol):
    """One process. Answers come in the order of the questions."""

    _transport: asyncio.Transport
    _process: subprocess.Popen[bytes]

    def __init__(self) -> None:
        self.ended = False
        self._loop = asyncio.get_running_loop()
        self._asked: deque[asyncio.Future[Any]] = deque()
        self._told = bytearray()
        self._gone = self._loop.create_future()

    @classmethod
    async def start(cls, command: Sequence[str]) -> _Line:
        here, there = socket.socketpair()
        line, fd = cls(), there.fileno()
        with there:
            try:
                process = subprocess.Popen([*command, str(fd)], pass_fds=[fd], stdin=subprocess.DEVNULL)
            except OSError:
                here.close()
                raise
        here.setblocking(False)
        line._process = process
        line._transport, _ = await line._loop.create_unix_connection(lambda: line, sock=here)
        return line

    def ask(self, job: Job) -> asyncio.Future[Any]:
        future = self._loop.create_future()
        if self.ended:
            future.set_exception(_died())
            return future
        told = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
        self._asked.append(future)
        self._transport.write(SIZE.pack(len(told)) + told)
        return future

    def data_received(self, data: bytes) -> None:
        self._told += data
        answers = [(self._asked.popleft(), outcome) for outcomes in taken(self._told) for outcome in outcomes]
        resolve_all(answers)

    def connection_lost(self, _: Exception | None) -> None:
        self.ended = True
        resolve_all([(future, _died()) for future in self._asked])
        self._asked.clear()
        self._gone.set_result(None)

    async def close(self) -> None:
        """Finish what waits, and see the process end."""
        while self._asked:
            await asyncio.wait([*self._asked])
            await asyncio.sleep(0.001)  # of those given up the answers are still to come
        self._transport.close()
        await self._gone
        await asyncio.to_thread(self._process.wait)


def taken(received: bytearray) -> Iterator[Any]:
    """What was received in whole, taken from it."""
    start = 0
    while len(received) - start >= SIZE.size:
        (size,) = SIZE.unpack_from(received, start)
        end = start + SIZE.size + size
        if len(received) < end:
            break
        yield pickle.loads(memoryview(received)[start + SIZE.size : end])
        start = end
    del received[:start]


def serve(transactions: Transactions, line: socket.socket, done: Callable[[], None] = lambda: None) -> None:
    """Run the jobs that come over a line until its other end is closed; what came together shares a transaction, after
    each of which ``done`` is called."""
    for stop in (signal.SIGINT, signal.SIGTERM):  # meant for the caller, who has things to finish
        signal.signal(stop, signal.SIG_IGN)
    received = bytearray()
    with suppress(OSError):  # the caller was killed: nobody waits any more
        while data := line.recv(CHUNK):
            received += data
            jobs = list(taken(received))
            for low in range(0, len(jobs), MOST):
                told = _packed(transactions.outcomes(jobs[low : low + MOST]))
                line.sendall(SIZE.pack(len(told)) + told)
                done()
    transactions.close()


def _packed(outcomes: list[Any]) -> bytes:
    told = [_travelling(one) if isinstance(one, Exception) else one for one in outcomes]
    return pickle.dumps(told, pickle.HIGHEST_PROTOCOL)


def _travelling(fault: Exception) -> Exception:
    """The fault, or what it says, where it cannot be made again at the other end."""
    try:
        again: Exception = pickle.loads(pickle.dumps(fault, pickle.HIGHEST_PROTOCOL))
    except Exception:
        return RuntimeError(repr(fault))
    return again


def _died() -> StoreUnavailable:
    return StoreUnavailable("the process that has the database ended")


def _main(role: str, name: str, patience: str, line: str) -> None:
    logs.configure("warning")
    path, seconds, asked = Path(name), float(patience), socket.socket(fileno=int(line))
    if role == "reading":
        serve(reading(path, seconds), asked)
        return
    checkpoints = Checkpoints(path, seconds)
    serve(writing(path, seconds, FAR), asked, checkpoints.written)
    checkpoints.close()


if __name__ == "__main__":
    _main(*sys.argv[1:])
