"""Senders as they are outside: they batch, send twice, late and out of order, and again what got no answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import httpx

from tests.chaos.ledger import Body, Ledger, name_of

TOGETHER, BATCH = 5, 20
PATIENCE = 20.0
"""Seconds after which a call counts as hung; the service promises an answer sooner, whatever is down."""
SETTLED = 90.0
RETRY = 0.2


class Senders:
    """Some clients of several API processes; any of them is as good as another."""

    def __init__(self, urls: Sequence[str], ledger: Ledger, pause: float = 0.005) -> None:
        self._urls, self._ledger, self._random, self._pause = urls, ledger, ledger.random, pause
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=100)
        self._client = httpx.AsyncClient(timeout=PATIENCE, limits=limits)
        self._stop = asyncio.Event()

    async def run(self, clients: int) -> None:
        """Send until :meth:`stop`."""
        await asyncio.gather(*(self._one() for _ in range(clients)))

    def stop(self) -> None:
        self._stop.set()

    async def settle(self) -> None:
        """Send what was never answered until it is, but for a tenth that the senders forget about."""
        waiting = [body for number, body in enumerate(self._ledger.unanswered.values()) if number % 10]

        async def settled(bodies: list[Body]) -> None:
            for body in bodies:
                while name_of(body) in self._ledger.unanswered:
                    await self.post([body])

        async with asyncio.timeout(SETTLED):
            await asyncio.gather(*(settled(waiting[first::TOGETHER]) for first in range(TOGETHER)))
        await self._client.aclose()

    async def _one(self) -> None:
        actions = [self._new, self._batch, self._burst, self._twice, self._again, self._other_content, self._ask]
        weights = [50, 6, 8, 8, 8, 4, 8]
        while not self._stop.is_set():
            (action,) = self._random.choices(actions, weights)
            await action()
            if self._ledger.unanswered and self._random.random() < 0.5:
                self._ledger.counts["sent again unanswered"] += 1
                await self.post([self._random.choice(list(self._ledger.unanswered.values()))])
            await asyncio.sleep(self._random.uniform(0, 2 * self._pause))

    async def _new(self) -> None:
        await self.post([self._ledger.new(late=self._random.random() < 0.1)])

    async def _batch(self) -> None:
        await self.post([self._ledger.new() for _ in range(BATCH)])

    async def _burst(self) -> None:
        """Answers of one student, at once and in another order than they were given."""
        first = self._ledger.new()
        bodies = [first, *(self._ledger.new(first["student_id"]) for _ in range(TOGETHER - 1))]
        self._random.shuffle(bodies)
        self._ledger.counts["out of order"] += len(bodies)
        await asyncio.gather(*(self.post([body]) for body in bodies))

    async def _twice(self) -> None:
        body = self._ledger.new()
        self._ledger.counts["sent twice at once"] += 1
        await asyncio.gather(self.post([body]), self.post([body]))

    async def _again(self) -> None:
        if body := self._known():
            self._ledger.counts["sent again"] += 1
            await self.post([body])

    async def _other_content(self) -> None:
        if body := self._known():
            answer = await self._send({**body, "correct": not body["correct"]})
            if answer is not None and answer.status_code != 409:
                self._ledger.wrong.append(f"{name_of(body)} with other content: {answer.status_code} {answer.text}")

    async def _ask(self) -> None:
        student = f"student-{self._random.randrange(60)}"
        await self._call("GET", f"/v1/students/{student}/next")

    def _known(self) -> Body | None:
        """One of the latest that were acknowledged."""
        latest = list(self._ledger.acknowledged.values())[-2000:]
        return self._random.choice(latest) if latest else None

    async def post(self, bodies: Sequence[Body]) -> None:
        """Send one, or several in a batch, and write down what was said of each."""
        # Who else sent it meanwhile may have had the later answer sooner.
        known = [name_of(body) in self._ledger.acknowledged for body in bodies]
        answer = await self._send(bodies[0] if len(bodies) == 1 else list(bodies))
        if answer is None:
            for body in bodies:
                self._ledger.left_open(body)
            return
        if answer.status_code != 200:
            self._ledger.wrong.append(f"{answer.status_code} {answer.text[:200]}")
            return
        results = answer.json().get("results", [{"status": "recorded"}])
        replayed = answer.headers.get("idempotent-replayed") == "true"
        for body, result, was_known in zip(bodies, results, known, strict=True):
            if result["status"] == "recorded":
                self._ledger.acknowledge(body, replayed, must_be_known=was_known and len(bodies) == 1)
            else:
                self._ledger.wrong.append(f"{name_of(body)}: {result}")

    async def _send(self, body: Body | list[Body]) -> httpx.Response | None:
        return await self._call("POST", "/v1/responses?next=1", body)

    async def _call(self, method: str, path: str, body: Body | list[Body] | None = None) -> httpx.Response | None:
        """The answer; None where there was none, or one that says to try again."""
        self._ledger.counts["requests"] += 1
        began = time.monotonic()
        try:
            answer = await self._client.request(method, self._random.choice(self._urls) + path, json=body)
        except httpx.TimeoutException:
            self._ledger.wrong.append(f"{method} {path}: no answer within {PATIENCE:g} s")
            return None
        except httpx.TransportError:
            self._ledger.counts["connection lost"] += 1
            await asyncio.sleep(RETRY)
            return None
        self._ledger.slowest = max(self._ledger.slowest, time.monotonic() - began)
        if answer.status_code == 503:
            self._ledger.counts["answered 503"] += 1
            if "retry-after" not in answer.headers:
                self._ledger.wrong.append("a 503 without Retry-After")
            await asyncio.sleep(RETRY)
            return None
        if answer.status_code >= 500:
            self._ledger.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer
