"""The two calls that a student waits for, answered where they come in: between the wire and the tutor is nothing else.

A task, a scope, layers of middleware and a route cost more than folding an answer does. What is asked in a plain form
is answered here, by the same functions and as the routes would: they define and document both calls. Whatever is
unusual (a batch, other parameters, a body that is no plain response) :class:`service.api.wire.Wire` hands on to them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import orjson
from starlette.routing import Route

from service import logs
from service.access import Token, Tokens
from service.answers import Answer
from service.api import responses, students
from service.api.middleware import account, identify, problem_of
from service.api.pressure import UNIT, Hand
from service.api.problems import render
from service.errors import NotSignedIn, Problem
from service.ids import id_fault
from service.plain import plain
from service.settings import Settings
from service.tutor import Tutor

Headers = Sequence[tuple[bytes, bytes]]

RECORD = {b"/v1/responses": 0, **{b"/v1/responses?next=%d" % n: n for n in range(11)}}
BEFORE, AFTER = b"/v1/students/", b"/next"
WANTED: Mapping[bytes, int] = {AFTER: 1, **{b"/next?n=%d" % n: n for n in range(1, 51)}}
JSON = (b"content-type", b"application/json")
REPLAYED = (b"idempotent-replayed", b"true")
UNCACHED = (b"cache-control", b"no-store")
KEYS = 1_000


class Asked(NamedTuple):
    """What was asked: a response to record, with ``n`` items after it, or ``n`` items for a student."""

    path: str
    student_id: str | None
    n: int
    request_id: str
    key: bytes
    began: float


class Reply(Protocol):
    """Where the answer goes."""

    def answer(self, status: int, headers: Headers, body: bytes) -> None:
        """Send it, if anybody is there."""


class Direct:
    """One an application, whose ``state`` has the tutor. Not where callers are limited by their address: of a proxy's
    callers only the layers around the routes know it."""

    def __init__(self, state: Any, settings: Settings, hand: Hand) -> None:
        self._state, self._hand = state, hand
        self._tolerance = settings.future_tolerance_seconds * 1000
        self._most = min(UNIT - 1, settings.max_body_bytes)
        self._closed, self._secret = settings.access == "links", settings.resolve_salt
        self._token: Callable[[bytes], Token | None] = lru_cache(KEYS)(self._read)
        self._record, self._next = (_path(router.routes[0]) for router in (responses.router, students.router))

    # ------------------------------------------------------------------------------------------------- what is asked

    def asked(self, method: bytes, url: bytes, headers: Headers) -> Asked | None:
        """What the head of a request asks; None where only the routes can tell."""
        student_id, n = _wanted(method, url)
        if n is None:
            return None
        given = dict(headers)
        if len(given) < len(headers):  # of two of a name the routes know which one counts
            return None
        if student_id is None and not self._plain(given):
            return None
        if student_id is not None and b"content-length" in given:
            return None
        key = given.get(b"authorization", b"")
        if b"transfer-encoding" in given or (self._closed and not self._admits(key)):
            return None
        path = url.partition(b"?")[0].decode("ascii")
        return Asked(path, student_id, n, identify(given.get(b"x-request-id", b"")), key, perf_counter())

    def _plain(self, given: Mapping[bytes, bytes]) -> bool:
        """Whether it has a body that may be a plain response."""
        length = given.get(b"content-length", b"")
        return given.get(JSON[0]) == JSON[1] and length.isdigit() and int(length) <= self._most

    def _admits(self, authorization: bytes) -> bool:
        """Whether it is a key that holds for certain."""
        token = self._token(authorization)
        return token is not None and time.time() < token.expires and self._state.revoked.spares(token.id)

    def _read(self, authorization: bytes) -> Token | None:
        try:
            return self._tokens.key(authorization.decode("latin-1"), 0)
        except NotSignedIn:
            return None

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._secret())

    # --------------------------------------------------------------------------------------------- what is answered

    def begin(self, asked: Asked, body: bytes, reply: Reply) -> bool:
        """Begin to answer; False where only the routes can tell: then nothing has happened."""
        tutor: Tutor | None = self._state.tutor
        if tutor is None:
            return False
        ask: Callable[[Callable[[Any], None]], None]
        if asked.student_id is not None:
            ask = partial(tutor.asking.ask, asked.student_id, asked.n)
        elif (response := self._response(tutor, body)) is not None:
            ask = partial(tutor.recording.ask, response, asked.n)
        else:
            return False
        refused, limits = self._hand.take(asked.key, 1)
        if refused is not None:
            self._answer(asked, limits, reply, refused)
        else:
            ask(partial(self._done, asked, limits, reply))
        return True

    def _response(self, tutor: Tutor, body: bytes) -> Answer | None:
        try:
            raw = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        return plain(raw, tutor.now(), self._tolerance)

    def _done(self, asked: Asked, limits: Headers, reply: Reply, told: Any) -> None:
        self._hand.drop(1)
        self._answer(asked, limits, reply, told)

    def _answer(self, asked: Asked, limits: Headers, reply: Reply, told: Any) -> None:
        """Send what the tutor told, or the fault; what is logged meanwhile has the request's id."""
        mark = logs.request_id.set(asked.request_id)
        replayed = False
        try:
            if isinstance(told, Exception):
                raise told
            if asked.student_id is None:
                told, replayed = responses.single(told, asked.n > 0)
            content = orjson.dumps(told)
        except Exception as fault:
            self._refuse(asked, problem_of(fault, asked.path), limits, reply)
        else:
            self._send(asked, 200, (JSON, REPLAYED) if replayed else (JSON,), limits, content, reply)
        finally:
            logs.request_id.reset(mark)

    def _refuse(self, asked: Asked, problem: Problem, limits: Headers, reply: Reply) -> None:
        said = render(problem)
        headers = [one for one in said.raw_headers if one[0] != b"content-length"]
        self._send(asked, said.status_code, headers, limits, bytes(said.body), reply)

    def _send(self, asked: Asked, status: int, headers: Headers, limits: Headers, content: bytes, reply: Reply) -> None:
        more = [*limits, UNCACHED] if self._closed else limits
        length = (b"content-length", b"%d" % len(content)), (b"x-request-id", asked.request_id.encode())
        reply.answer(status, [*length, *headers, *more], content)
        route, method = (self._record, "POST") if asked.student_id is None else (self._next, "GET")
        account(route, method, asked.path, status, perf_counter() - asked.began)


def _wanted(method: bytes, url: bytes) -> tuple[str | None, int | None]:
    """Who asks what comes next, if that is it, and how many items are wanted; None where it is neither of the two."""
    if method == b"POST":
        return None, RECORD.get(url)
    at = url.rfind(AFTER)
    if method != b"GET" or not url.startswith(BEFORE) or (n := WANTED.get(url[at:])) is None:
        return None, None
    name = url[len(BEFORE) : at].decode("ascii", "replace")
    return (None, None) if "%" in name or "?" in name or id_fault(name) is not None else (name, n)


def _path(route: object) -> str:
    assert isinstance(route, Route)
    return route.path
