"""The gate of ``NEXTWISE_ACCESS=links``: who is at the door, and which addresses are theirs at all.

It stands around every route and opens what is named here and nothing else, so that a route that is added later is
closed until somebody decides who may use it. Which class and which student: :mod:`service.access.borders`.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import cached_property

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.said import said
from service.access import NOBODY, Role, Token, Tokens, Viewer, seen_by
from service.access.tokens import REVOKED, Purpose
from service.api.dependencies import tutor_of
from service.errors import NotAllowed, NotSignedIn, Problem

COOKIE = "nextwise_session"
ENTER, LEAVE, NOTES = "/reports/enter", "/reports/leave", "/reports/notes"
PUBLIC = {"/", "/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json", ENTER, LEAVE}
STATIC = "/reports/static/"
GROUPS = re.compile(r"/reports/groups(/.*)?", re.DOTALL)
PAGES = re.compile(r"/reports(/.*)?", re.DOTALL)
READS = re.compile(
    r"/v1/(students/.+/(mastery|history|outlook|notes)|classes|classes/.+/(mastery|today|skill|items|groups|recommendations)|items|overview|catalog|model)",
    re.DOTALL,
)

Refuse = Callable[[Scope, Problem], Response | None]


class Gate:
    """Middleware. ``refuse`` gives the page that tells of a refusal, or None where the API's own form will do."""

    def __init__(self, app: ASGIApp, secret: Callable[[], bytes], refuse: Refuse) -> None:
        self.app, self._secret, self._refuse = app, secret, refuse

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens(self._secret())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        mark = seen_by.set(NOBODY)
        try:
            if not (scope["path"] in PUBLIC or scope["path"].startswith(STATIC)):
                try:
                    seen_by.set(await self._admitted(scope))
                except Problem as problem:
                    if (page := self._refuse(scope, problem)) is None:
                        raise
                    await page(scope, receive, send)
                    return
            await self.app(scope, receive, _uncached(send))
        finally:
            seen_by.reset(mark)

    async def _admitted(self, scope: Scope) -> Viewer:
        me = await self._who(HTTPConnection(scope))
        if not _opens(me, scope["method"], scope["path"]):
            raise NotAllowed(said("This address is not open to %(who)s.", who=me.label))
        return me

    async def _who(self, asked: HTTPConnection) -> Viewer:
        purpose, token = self._token(asked)
        store = tutor_of(asked.app.state).store
        if await asked.app.state.revoked.holds(store, token.id):
            raise NotSignedIn(REVOKED[purpose])
        return token.viewer

    def _token(self, asked: HTTPConnection) -> tuple[Purpose, Token]:
        now = int(time.time())
        if given := asked.headers.get("authorization"):
            return "key", self._tokens.key(given, now)
        if session := asked.cookies.get(COOKIE):
            return "session", self._tokens.read("session", session, now)
        raise NotSignedIn(said("This needs a link or a key."))


def _uncached(send: Send) -> Send:
    """What was said to one viewer must not be given to the next by a cache on the way."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sent


def _opens(me: Viewer, method: str, path: str) -> bool:
    """People read with their sessions; programs read and write with their keys, and look at no pages.

    A session opens no ``/next``: what is recommended is logged as given to the student. All that staff write with one
    is a note, or groups to keep, from the form of a page.
    """
    if me.role is Role.LMS:
        return path.startswith("/v1/")
    if method == "POST" and (path == NOTES or GROUPS.fullmatch(path)):
        return me.is_staff
    return method in {"GET", "HEAD"} and bool(PAGES.fullmatch(path) or READS.fullmatch(path))
