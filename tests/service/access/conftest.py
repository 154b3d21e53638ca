"""A school behind the gate: two teachers, three students, everybody's credentials."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from service.access import Role, Tokens, Viewer
from service.api.gate import COOKIE
from service.roster import Class, Enrolment, Person, Roster, School
from service.roster.roster import made
from service.settings import Settings
from tests.service.api.conftest import Api, serving
from tests.service.made import catalog, raw

SECRET = "the secret of this installation"
FAR = int(time.time()) + 86_400
SMITH, JONES = Viewer(Role.TEACHER, "smith"), Viewer(Role.TEACHER, "jones")
ADA, LEADER, ADMIN = Viewer(Role.STUDENT, "ada"), Viewer(Role.LEADER, "head"), Viewer(Role.ADMIN)
LMS = Viewer(Role.LMS, "moodle")


def roster() -> Roster:
    """Smith teaches 4a (ada, ben), Jones 4b (cy, who answered in 4a before)."""
    pupils = {"4a": ("ada", "ben"), "4b": ("cy",)}
    rows = [Enrolment(group, name, "student") for group, names in pupils.items() for name in names]
    rows += [Enrolment("4a", "smith", "teacher"), Enrolment("4b", "jones", "teacher")]
    people = [Person("ada", "Ada Lovelace"), Person("ben", "Ben Bova"), Person("cy", "Cy Twombly")]
    classes = [Class("4a", "Maths 4a", "hill"), Class("4b", "Maths 4b", "hill")]
    return made(people, [Person("smith"), Person("jones")], [School("hill", "Hill School")], classes, rows)


class Door:
    """Asks as somebody."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def ask(
        self, who: Viewer | None, path: str, method: str = "GET", accept: str = "*/*", **more: object
    ) -> httpx.Response:
        headers = {"accept": accept} | credentials(who)
        return await self.api.client.request(method, path, headers=headers, **more)  # type: ignore[arg-type]


def credentials(who: Viewer | None, secret: str = SECRET, expires: int = FAR) -> dict[str, str]:
    if who is None:
        return {}
    tokens = Tokens(secret.encode())
    if who.role is Role.LMS:
        return {"authorization": f"Bearer {tokens.make('key', who, expires)}"}
    return {"cookie": f"{COOKIE}={tokens.make('session', who, expires)}"}


@asynccontextmanager
async def school(data: Path, access: str) -> AsyncIterator[Door]:
    settings = Settings(data=data, access=access, salt=SECRET)
    async with serving(settings) as api:
        await api.tutor.import_catalog(catalog())
        door = Door(api)
        answers = [raw(f"r{n}", name, class_id="4a") for n, name in enumerate(("ada", "ben", "cy"))]
        assert (await door.ask(LMS, "/v1/responses", "POST", json=answers)).status_code == 200
        await api.tutor.rosters.publish(roster())
        yield door


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with school(tmp_path / "links", "links") as made:
        yield made


@pytest.fixture
async def open_door(tmp_path: Path) -> AsyncIterator[Door]:
    async with school(tmp_path / "open", "open") as made:
        yield made
