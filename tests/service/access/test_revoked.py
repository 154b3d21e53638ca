"""A link that was taken back opens nothing any more, nor does what it opened before; others do."""

from __future__ import annotations

import asyncio
import time

import pytest

from service.access import Revoked, Role, Tokens, Viewer
from service.access.revoked import SECONDS, listed, revoke
from service.api.gate import COOKIE
from service.errors import Unavailable
from service.store.base import ArtifactKind, Store, StoreUnavailable
from tests.service.access.conftest import FAR, LMS, SECRET, SMITH, Door

TOKENS = Tokens(SECRET.encode())
PAGE = {"accept": "text/html"}


def now() -> int:
    return int(time.time())


def fresh(door: Door) -> None:
    """As a second later."""
    door.api.app.state.revoked._asked = float("-inf")


async def test_a_link_and_the_sessions_it_opened(door: Door) -> None:
    one, other = (TOKENS.make("link", SMITH, FAR, name) for name in ("one", "other"))
    assert (await door.api.client.get("/reports/enter", params={"token": one})).status_code == 303
    assert (await door.api.client.get("/reports")).status_code == 200
    await revoke(door.api.tutor.store, "one", FAR, now())
    fresh(door)
    answer = await door.api.client.get("/reports", headers=PAGE)
    assert (answer.status_code, "was taken back" in answer.text) == (401, True)
    answer = await door.api.client.get("/reports/enter", params={"token": one}, headers=PAGE)
    assert (answer.status_code, "The link was taken back." in answer.text) == (401, True)
    assert (await door.api.client.get("/reports/enter", params={"token": other})).status_code == 303
    assert (await door.api.client.get("/reports")).status_code == 200


async def test_a_key(door: Door) -> None:
    keys = {name: {"authorization": f"Bearer {TOKENS.make('key', LMS, FAR, name)}"} for name in ("one", "other")}
    await revoke(door.api.tutor.store, "one", FAR, now())
    fresh(door)
    answers = {name: await door.api.client.get("/v1/classes", headers=key) for name, key in keys.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == {"one": 401, "other": 200}
    assert answers["one"].json()["detail"] == "The key was taken back."


async def test_one_that_was_made_before_links_had_names_still_opens(door: Door) -> None:
    old = TOKENS._serializer("session").dumps(["teacher", "smith", FAR])
    assert TOKENS.read("session", old, now()).id == ""
    answer = await door.api.client.get("/reports", headers={"cookie": f"{COOKIE}={old}"})
    assert answer.status_code == 200


async def test_the_list_forgets_what_has_expired(store: Store) -> None:
    at = now()
    await revoke(store, "short", at + 10, at)
    await revoke(store, "long", at + 1000, at)
    assert (await listed(store))[1] == {"short": at + 10, "long": at + 1000}
    before = (await store.heads()).access
    await revoke(store, "late", at + 2000, at + 100)
    assert (await listed(store))[1] == {"long": at + 1000, "late": at + 2000}
    assert before is not None
    assert await store.fetch("access", before) is None


async def test_of_many_taken_back_in_the_same_instant_none_is_lost(store: Store) -> None:
    at, names = now(), {f"link-{n}" for n in range(12)}
    known = Revoked(lambda: 0.0)
    await asyncio.gather(*(revoke(store, name, FAR, at) for name in names), known.holds(store, "link-0"))
    assert set((await listed(store))[1]) == names


async def test_a_list_that_is_replaced_while_it_is_read_is_not_taken_for_an_empty_one(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await revoke(store, "one", FAR, now())
    fetch, known = store.fetch, Revoked(lambda: 0.0)

    async def replaced(kind: ArtifactKind, version: str) -> bytes | None:
        monkeypatch.setattr(store, "fetch", fetch)
        await revoke(store, "two", FAR, now())
        return await fetch(kind, version)

    monkeypatch.setattr(store, "fetch", replaced)
    assert await known.holds(store, "one")
    assert await known.holds(store, "two")


class Away:
    """A store that stopped answering."""

    async def heads(self) -> object:
        raise StoreUnavailable("away")


async def test_a_process_asks_once_a_second_and_keeps_what_it_knows(store: Store) -> None:
    clock = [0.0]
    known = Revoked(lambda: clock[0])
    assert not await known.holds(store, "one")
    await revoke(store, "one", FAR, now())
    assert not await known.holds(store, "one")
    clock[0] = SECONDS
    assert await known.holds(store, "one")
    clock[0] = 2 * SECONDS
    assert await known.holds(Away(), "one")  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        await Revoked().holds(Away(), "one")  # type: ignore[arg-type]


def test_a_session_has_the_name_of_its_link() -> None:
    link = TOKENS.read("link", TOKENS.make("link", Viewer(Role.LEADER), FAR), now())
    session = TOKENS.read("session", TOKENS.make("session", link.viewer, FAR, link.id), now())
    assert session.id == link.id != ""
