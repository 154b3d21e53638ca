"""Around every request: its id, its log line, its metrics, the limit of its body, and the last word on a fault.

Plain ASGI: Starlette's BaseHTTPMiddleware runs each request in a second task.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import suppress
from itertools import count
from secrets import token_hex
from time import perf_counter

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import logs, metrics
from service.api.problems import away, render
from service.errors import BodyTooLarge, Internal, Problem
from service.store.base import StoreUnavailable

logger = logging.getLogger("service.api.requests")

REQUEST_ID = re.compile(rb"[A-Za-z0-9._:+/=@-]{1,128}")
DISCARD_SECONDS = 10.0
DISCARD_TIMES = 16  # limits of a body
GONE = 499  # nobody is there to be answered; for logs and metrics alone
PROCESS, NUMBERS = token_hex(6), count(1)  # of request ids
QUIET = ("/health/live", "/health/ready", "/metrics")


class Around:
    """The only middleware."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self.app, self.limit = app, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = identify(headers.get(b"x-request-id", b""))
        token = logs.request_id.set(request_id)
        started, status = perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            length = headers.get(b"content-length", b"")
            if not length.isdigit():
                receive = self._limited(receive)
            elif int(length) > self.limit:  # else the server reads no more than was told
                await self._discard(receive)
                raise BodyTooLarge(self.limit)
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            status = status or GONE
        except Exception as fault:
            problem = problem_of(fault, scope["path"])
            if status:  # too late for another answer: the connection must break, so that the caller sees it
                raise
            await render(problem)(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            account(route, scope["method"], scope["path"], status, perf_counter() - started)
            logs.request_id.reset(token)

    def _limited(self, receive: Receive) -> Receive:
        """``receive`` that counts: a chunked body tells no length beforehand."""
        received = 0

        async def limited() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self.limit:
                    if message.get("more_body"):
                        await self._discard(receive)
                    raise BodyTooLarge(self.limit)
            return message

        return limited

    async def _discard(self, receive: Receive) -> None:
        """Read on for a while and keep nothing: who is hung up on while sending never sees the answer."""
        discarded = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_SECONDS):
                while discarded < DISCARD_TIMES * self.limit:
                    message = await receive()
                    if message["type"] != "http.request" or not message.get("more_body"):
                        return
                    discarded += len(message.get("body", b""))


def problem_of(fault: Exception, path: str) -> Problem:
    """What a caller is told of a fault; one of ours is logged. To be called where it was caught."""
    if isinstance(fault, Problem):
        return fault
    if isinstance(fault, StoreUnavailable):
        return away(fault)
    logger.exception("fault in a request", extra={"path": path})
    return Internal("The fault was logged.")


def identify(given: bytes) -> str:
    """The id of a request: the sender's, where it is one."""
    return given.decode() if given and REQUEST_ID.fullmatch(given) else f"{PROCESS}{next(NUMBERS):08x}"


def account(route: str, method: str, path: str, status: int, seconds: float) -> None:
    """Count an answer, and log it."""
    metrics.request(route, method, status).observe(seconds)
    level = logging.DEBUG if path in QUIET else logging.INFO
    if logger.isEnabledFor(level):
        told = {"method": method, "path": path, "route": route, "status": status}
        logger.log(level, "request", extra=told | {"milliseconds": round(seconds * 1000, 2)})
