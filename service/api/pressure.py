"""No more work than can be done in time: what is beyond it is refused at once, and no caller takes the others' share.

Under more load than a process can serve, what it takes in beyond its capacity only waits: everybody's answer comes
late, and callers who give up and send again make it worse. So the work in hand is bounded. A request counts one, and
one more for every 16 KB of body, since a batch is the work of many.
"""

from __future__ import annotations

import math
import random
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import metrics
from service.api.problems import render
from service.errors import Overloaded, Problem, TooManyRequests
from service.settings import Settings

UNIT = 16 * 1024
"""Bytes of body that are as much work as one small request."""

PROBES = {"/health/live", "/health/ready", "/metrics"}
"""Always answered: whoever restarts a process that is only busy makes it worse."""

WINDOW = 10.0
"""Seconds of a rate limit that a caller may use at once."""

CALLERS = 10_000
"""Callers that are remembered; the one who was silent longest is forgotten first."""


Headers = tuple[tuple[bytes, bytes], ...]


class Hand:
    """What a process has in hand, and whether there is room for more."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._now = settings.max_in_flight, 0
        self._limits = RateLimits(settings.rate_limit, clock) if settings.rate_limit else None

    def take(self, caller: object, cost: int) -> tuple[Problem | None, Headers]:
        """Why it is refused, or None: then it is in hand until it is dropped. And the headers that tell of limits."""
        headers: Headers = ()
        if self._limits is not None:
            refused, headers = self._limits.take(caller, cost)
            if refused is not None:
                metrics.shed.labels("rate limit").inc()
                return refused, (*headers, (b"retry-after", b"%d" % refused.seconds))
        if self._now and self._now + cost > self._most:  # one that is larger than all there may be goes alone
            metrics.shed.labels("overload").inc()
            # Not the same for all: else they would come back together.
            return Overloaded(), (*headers, (b"retry-after", b"%d" % random.randint(1, 3)))
        self._now += cost
        return None, headers

    def drop(self, cost: int) -> None:
        """It is done."""
        self._now -= cost


class Pressure:
    """Middleware, right inside the one that writes the log: refusals are counted and logged as well."""

    def __init__(self, app: ASGIApp, hand: Hand, by_key: bool) -> None:
        self.app, self._hand, self._by_key = app, hand, by_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        cost = _cost(scope)
        refused, headers = self._hand.take(_caller(scope, self._by_key), cost)
        if headers:
            send = _with(headers, send)
        if refused is not None:
            await render(refused)(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send)
        finally:
            self._hand.drop(cost)


class RateLimits:
    """A token bucket a caller: ``rate`` tokens a second flow in, up to :data:`WINDOW` seconds' worth."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate, self._clock, self._full = rate, clock, max(1.0, rate * WINDOW)
        self._policy = b'"requests";q=%d;w=%d' % (self._full, math.ceil(self._full / rate))
        self._buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, caller: object, cost: int) -> tuple[TooManyRequests | None, Headers]:
        """The refusal, if it is one, and the headers that tell of the limit (draft-ietf-httpapi-ratelimit-headers-08).

        What costs more than a full bucket holds is let through when it is full, and paid off afterwards.
        """
        now = self._clock()
        tokens, at = self._buckets.pop(caller, (self._full, now))
        tokens = min(self._full, tokens + (now - at) * self._rate)
        needed, refused = min(cost, self._full), None
        if tokens >= needed:
            tokens -= cost
        else:
            refused = TooManyRequests(self._rate, max(1, math.ceil((needed - tokens) / self._rate)))
        self._buckets[caller] = tokens, now
        if len(self._buckets) > CALLERS:
            self._buckets.popitem(last=False)
        left, reset = max(0, math.floor(tokens)), math.ceil((self._full - tokens) / self._rate)
        told = (b"ratelimit-policy", self._policy), (b"ratelimit", b'"requests";r=%d;t=%d' % (left, reset))
        return refused, told


def _cost(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return 1 + int(value) // UNIT if value.isdigit() else 1
    return 1


def _caller(scope: Scope, by_key: bool) -> object:
    """The key that was sent, where there are keys; else the address."""
    if by_key:
        for name, value in scope["headers"]:
            if name == b"authorization":
                return value
    return scope["client"][0] if scope.get("client") else ""


def _with(headers: Headers, send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return sent
