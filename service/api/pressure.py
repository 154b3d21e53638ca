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
from service.errors import Overloaded, TooManyRequests
from service.settings import Settings

UNIT = 16 * 1024
"""Bytes of body that are as much work as one small request."""

PROBES = {"/health/live", "/health/ready", "/metrics"}
"""Always answered: whoever restarts a process that is only busy makes it worse."""

WINDOW = 10.0
"""Seconds of a rate limit that a caller may use at once."""

CALLERS = 10_000
"""Callers that are remembered; the one who was silent longest is forgotten first."""


class Pressure:
    """Middleware, right inside the one that writes the log: refusals are counted and logged as well."""

    def __init__(self, app: ASGIApp, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self.app, self._most, self._in_hand = app, settings.max_in_flight, 0
        self._limits = RateLimits(settings.rate_limit, clock) if settings.rate_limit else None
        self._by_key = settings.access == "links"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        cost = _cost(scope)
        if self._limits is not None:
            refused, headers = self._limits.take(_caller(scope, self._by_key), cost)
            send = _with(headers, send)
            if refused is not None:
                metrics.shed.labels("rate limit").inc()
                await render(refused)(scope, receive, _with(((b"retry-after", b"%d" % refused.seconds),), send))
                return
        if self._in_hand and self._in_hand + cost > self._most:  # one that is larger than all there may be goes alone
            metrics.shed.labels("overload").inc()
            # Not the same for all: else they would come back together.
            retry = ((b"retry-after", b"%d" % random.randint(1, 3)),)
            await render(Overloaded())(scope, receive, _with(retry, send))
            return
        self._in_hand += cost
        try:
            await self.app(scope, receive, send)
        finally:
            self._in_hand -= cost


class RateLimits:
    """A token bucket a caller: ``rate`` tokens a second flow in, up to :data:`WINDOW` seconds' worth."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate, self._clock, self._full = rate, clock, max(1.0, rate * WINDOW)
        self._policy = b'"requests";q=%d;w=%d' % (self._full, math.ceil(self._full / rate))
        self._buckets: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def take(self, caller: object, cost: int) -> tuple[TooManyRequests | None, tuple[tuple[bytes, bytes], ...]]:
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


def _with(headers: tuple[tuple[bytes, bytes], ...], send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *headers]
        await send(message)

    return sent
