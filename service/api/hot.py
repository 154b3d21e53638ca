"""The two calls that a student waits for, answered before the framework looks for a route.

FastAPI's routing, injection and checks cost more than the answer does. What is asked in a plain form is answered here;
whatever is unusual (other parameters, another content type) goes on to the typed routes, which define and document both
calls, tell what is wrong with them, and call the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api import responses, students
from service.api.bodies import decoded
from service.api.dependencies import tutor_of
from service.api.problems import away
from service.ids import id_fault
from service.settings import Settings
from service.store.base import StoreUnavailable

FOLLOWING: Mapping[bytes, int] = {b"": 0, **{b"next=%d" % n: n for n in range(11)}}
WANTED: Mapping[bytes, int] = {b"": 1, **{b"n=%d" % n: n for n in range(1, 51)}}
BEFORE, AFTER = "/v1/students/", "/next"
JSON = (b"content-type", b"application/json")


class Hot:
    """Middleware, the innermost one: whatever stands around the routes stands around these two as well."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self._settings = app, settings
        self._record: BaseRoute = responses.router.routes[0]
        self._next: BaseRoute = students.router.routes[0]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path, query = scope["path"], scope["query_string"]
            if path == "/v1/responses":
                if scope["method"] == "POST" and query in FOLLOWING and JSON in scope["headers"]:
                    scope["route"] = self._record
                    await self._respond(scope["app"].state, FOLLOWING[query], receive, send)
                    return
            elif path.endswith(AFTER) and path.startswith(BEFORE) and scope["method"] == "GET" and query in WANTED:
                student_id = path[len(BEFORE) : -len(AFTER)]
                if id_fault(student_id) is None:
                    scope["route"] = self._next
                    await _next(scope["app"].state, student_id, WANTED[query], send)
                    return
        await self.app(scope, receive, send)

    async def _respond(self, state: Any, following: int, receive: Receive, send: Send) -> None:
        body = decoded(await _body(receive))
        try:
            answer, replayed = await responses.recorded(tutor_of(state), self._settings, body, following)
        except StoreUnavailable as fault:
            raise away(fault) from None
        await _send(orjson.dumps(answer), replayed, send)


async def _next(state: Any, student_id: str, n: int, send: Send) -> None:
    try:
        answer = await tutor_of(state).next_one(student_id, n)
    except StoreUnavailable as fault:
        raise away(fault) from None
    await _send(orjson.dumps(answer), False, send)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def _send(content: bytes, replayed: bool, send: Send) -> None:
    headers = [(b"content-length", b"%d" % len(content)), JSON]
    if replayed:
        headers.append((b"idempotent-replayed", b"true"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
