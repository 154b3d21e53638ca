"""Direct answers where callers need a key, have a rate, or come in numbers."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from service.access import Tokens
from service.access.revoked import revoke
from service.settings import Settings
from tests.service.access.conftest import FAR, LMS, SECRET, SMITH
from tests.service.api.conftest import Api, problem, serving
from tests.service.api.test_direct import answered
from tests.service.made import catalog, raw


def key(expires: int = FAR, secret: str = SECRET, id: str = "one") -> dict[str, str]:
    return {"authorization": f"Bearer {Tokens(secret.encode()).make('key', LMS, expires, id)}"}


async def ask(api: Api, headers: dict[str, str], **body: Any) -> Any:
    """What comes next, or to record a response."""
    if body:
        return await api.client.post("/v1/responses", json=raw(**body), headers=headers)
    return await api.client.get("/v1/students/ada/next", headers=headers)


async def test_a_key_opens_and_nothing_else_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Settings(data=tmp_path, access="links", salt=SECRET)) as api:
        await api.tutor.import_catalog(catalog())
        assert (await ask(api, key())).status_code == 200  # by the routes, which read the list of those taken back
        seen = answered(api, monkeypatch)
        for answer in (await ask(api, key()), await ask(api, key(), response_id="r1")):
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "no-store"
        assert seen == [True, True]
        session = {"authorization": f"Bearer {Tokens(SECRET.encode()).make('session', SMITH, FAR)}"}
        for strange in ({}, key(secret="another one's secret"), key(expires=1), session, {"authorization": "Basic x"}):
            problem(await ask(api, strange), 401, "not-signed-in")
            problem(await ask(api, strange, response_id="r2"), 401, "not-signed-in")
        assert seen == [True, True]
        assert (await ask(api, key(), response_id="r1")).headers["idempotent-replayed"] == "true"


async def test_a_key_that_was_taken_back_is_not_taken_for_longer_than_a_second(tmp_path: Path) -> None:
    async with serving(Settings(data=tmp_path, access="links", salt=SECRET)) as api:
        await api.tutor.import_catalog(catalog())
        assert (await ask(api, key())).status_code == 200
        await revoke(api.tutor.store, "one", FAR, int(time.time()))
        began = time.monotonic()
        while (await ask(api, key())).status_code == 200:
            assert time.monotonic() < began + 3
            await asyncio.sleep(0.05)
        problem(await ask(api, key(), response_id="r1"), 401, "not-signed-in")
        assert (await ask(api, key(id="two"))).status_code == 200


async def test_every_key_has_its_own_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Settings(data=tmp_path, access="links", salt=SECRET, rate_limit=0.2)) as api:
        await api.tutor.import_catalog(catalog())
        assert (await ask(api, key(id="three"))).status_code == 200
        seen = answered(api, monkeypatch)
        answers = [await ask(api, key(), response_id=f"r{n}") for n in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].headers["ratelimit"] == '"requests";r=1;t=5'
        problem(answers[2], 429, "too-many-requests")
        assert answers[2].headers["retry-after"] == "5"
        assert (await ask(api, key(id="two"), response_id="r9")).status_code == 200
        assert seen == [True] * 4


async def test_by_address_the_routes_tell_since_they_know_whom_a_proxy_stands_for(tmp_path: Path) -> None:
    async with serving(Settings(data=tmp_path, rate_limit=0.1)) as api:
        assert api.app.state.direct is None
        await api.tutor.import_catalog(catalog())
        for number in range(3):
            answer = await ask(api, {"x-forwarded-for": f"10.0.0.{number}"}, response_id=f"r{number}")
            assert answer.status_code == 200
        problem(await ask(api, {"x-forwarded-for": "10.0.0.1"}), 429, "too-many-requests")


async def test_beyond_what_can_be_done_it_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(Settings(data=tmp_path, max_in_flight=4)) as api:
        await api.tutor.import_catalog(catalog())
        go, record = asyncio.Event(), api.tutor.store.record

        async def waiting(*given: Any) -> Any:
            await go.wait()
            return await record(*given)

        monkeypatch.setattr(api.tutor.store, "record", waiting)
        seen = answered(api, monkeypatch)
        sent = [asyncio.create_task(api.send(raw(f"r{n}", f"s{n}"), next=1)) for n in range(10)]
        shed, _ = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        while len(shed) < 6:
            done, _ = await asyncio.wait(set(sent) - shed, return_when=asyncio.FIRST_COMPLETED, timeout=20)
            shed |= done
        for one in shed:
            problem(one.result(), 503, "overloaded")
            assert 1 <= int(one.result().headers["retry-after"]) <= 3
        go.set()
        assert sorted([answer.status_code for answer in await asyncio.gather(*sent)]) == [200] * 4 + [503] * 6
        assert seen == [True] * 10
        assert [(await api.send(raw(f"q{n}", f"s{n}"))).status_code for n in range(6)] == [200] * 6
