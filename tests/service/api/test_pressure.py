"""Beyond what a process can do in time, callers are told so at once; those let in are served as before."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.api.pressure import CALLERS, RateLimits
from service.settings import Settings
from tests.service.api.conftest import Api, problem, serving
from tests.service.made import catalog, raw

MOST = 8


class Slow:
    """A method that takes one call at a time, when it is told to."""

    def __init__(self, method: Any) -> None:
        self._method, self._go, self.waiting, self.most = method, asyncio.Semaphore(0), 0, 0

    async def __call__(self, *given: Any) -> Any:
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await self._go.acquire()
        self.waiting -= 1
        return await self._method(*given)

    def serve(self, calls: int = 1) -> None:
        for _ in range(calls):
            self._go.release()


async def arrived(slow: Slow, number: int) -> None:
    async with asyncio.timeout(20):
        while slow.waiting < number:
            await asyncio.sleep(0)


async def test_at_twice_the_capacity_half_is_served_and_the_rest_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(Settings(data=tmp_path, max_in_flight=MOST)) as api:
        await api.tutor.import_catalog(catalog())
        await api.by_the_routes()
        slow = Slow(api.tutor.record_one)
        monkeypatch.setattr(api.tutor, "record_one", slow)
        statuses: Counter[int] = Counter()
        for wave in range(5):
            sending = [asyncio.create_task(api.send(raw(f"{wave}-{n}"), next=1)) for n in range(2 * MOST)]
            shed, served = await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
            while len(shed) < MOST:  # all of these have their answer before any other is served
                done, served = await asyncio.wait(served, return_when=asyncio.FIRST_COMPLETED)
                shed |= done
            for task in shed:
                problem(task.result(), 503, "overloaded")
                assert 1 <= int(task.result().headers["retry-after"]) <= 3
            await arrived(slow, MOST)
            slow.serve(MOST)
            statuses.update(task.result().status_code for task in (await asyncio.wait(sending))[0])
        assert statuses == {200: 5 * MOST, 503: 5 * MOST}
        assert slow.most == MOST  # nobody waited behind more than there may be
        total = (await api.student("ada", "history")).json()["total"]
        assert total == 5 * MOST  # what was shed was not begun


async def test_a_batch_is_as_much_work_as_it_is_long_and_one_beyond_all_goes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(Settings(data=tmp_path, max_in_flight=2)) as api:
        await api.tutor.import_catalog(catalog())
        slow = Slow(api.tutor.store.record)
        monkeypatch.setattr(api.tutor.store, "record", slow)
        large = asyncio.create_task(api.send([raw(f"r{n}", note="x" * 400) for n in range(200)]))
        await arrived(slow, 1)
        problem(await api.send(raw("small")), 503, "overloaded")
        assert (await api.client.get("/health/ready")).status_code == 200
        assert 'nextwise_shed_total{reason="overload"}' in (await api.client.get("/metrics")).text
        slow.serve()
        assert (await large).json()["recorded"] == 200
        slow.serve()
        assert (await api.send(raw("small"))).status_code == 200


async def test_a_request_that_fails_is_no_longer_in_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Settings(data=tmp_path, max_in_flight=1)) as api:

        async def broken(*_: Any) -> None:
            raise RuntimeError("broken")

        monkeypatch.setattr(api.tutor.store, "record", broken)
        assert [(await api.send(raw())).status_code for _ in range(3)] == [500, 500, 500]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return dict(headers)[b"ratelimit"]


def test_a_caller_has_ten_seconds_at_once_and_then_the_rate() -> None:
    clock = Clock()
    limits = RateLimits(2.0, clock)
    taken = [limits.take("moodle", 1) for _ in range(25)]
    assert [refused is None for refused, _ in taken] == [True] * 20 + [False] * 5
    assert dict(taken[0][1])[b"ratelimit-policy"] == b'"requests";q=20;w=10'
    assert (told(taken[0][1]), told(taken[19][1])) == (b'"requests";r=19;t=1', b'"requests";r=0;t=10')
    assert taken[20][0] is not None
    assert taken[20][0].seconds == 1
    assert limits.take("canvas", 1)[0] is None  # another caller has a bucket of its own
    clock.now = 1.0
    assert [limits.take("moodle", 1)[0] is None for _ in range(3)] == [True, True, False]


def test_what_is_larger_than_the_bucket_passes_when_it_is_full_and_is_paid_off() -> None:
    clock = Clock()
    limits = RateLimits(1.0, clock)
    assert limits.take("moodle", 30)[0] is None
    refused, headers = limits.take("moodle", 1)
    assert refused is not None
    assert refused.seconds == 21
    assert told(headers) == b'"requests";r=0;t=30'
    clock.now = 21.0
    assert limits.take("moodle", 1)[0] is None


def test_the_memory_of_callers_is_bounded() -> None:
    limits = RateLimits(0.1, Clock())
    assert limits.take("first", 1)[0] is None
    assert limits.take("first", 1)[0] is not None
    for n in range(CALLERS):
        limits.take(n, 1)
    assert limits.take("first", 1)[0] is None  # forgotten


async def refused_after(api: Api, key: str | None) -> list[httpx.Response]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return [await api.client.get("/v1/catalog", headers=headers) for _ in range(3)]


async def test_a_caller_beyond_its_rate_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with serving(Settings(data=tmp_path, rate_limit=0.2)) as api:
        answers = await refused_after(api, None)
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].headers["ratelimit"] == '"requests";r=1;t=5'
        problem(answers[2], 429, "too-many-requests")
        assert answers[2].headers["retry-after"] == "5"
        assert answers[2].headers["ratelimit-policy"] == '"requests";q=2;w=10'
        assert (await refused_after(api, "of no use where there are no keys"))[0].status_code == 429


async def test_with_keys_every_key_has_its_own_rate(tmp_path: Path) -> None:
    async with serving(Settings(data=tmp_path, rate_limit=0.2, access="links")) as api:
        assert [answer.status_code for answer in await refused_after(api, "one")] == [401, 401, 429]
        assert [answer.status_code for answer in await refused_after(api, "two")] == [401, 401, 429]
