"""What a page says is said in the reader's language: every page, in a language that marks what went through it."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterator
from gettext import NullTranslations
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path
from typing import ClassVar
from urllib.parse import urljoin

import pytest
from babel import Locale
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from engine.catalog import Item, Prerequisite, Skill, build
from service import language
from service.classroom.groups import GroupChange
from service.classroom.kept_groups import keep
from service.reports import speech
from service.reports.router import reports
from service.roster import Class, Enrolment, Person, School
from service.roster.roster import made
from service.settings import Settings
from tests.messages import catalogue, catalogues
from tests.service.api.conftest import Api, serving

BRAND = re.compile(r"\bnextwise\b")
WORD = re.compile(r"[^\W\d_]{2,}")
SPOKEN = ("aria-label", "aria-description", "title", "placeholder", "alt", "label", "summary")
DAYS = "|".join(chain.from_iterable(Locale("en").months["format"][width].values() for width in ("abbreviated", "wide")))
DAY = re.compile(rf"\d+ ({DAYS}|Sept)( \d+)?")
DAY_S = 86_400
ELSEWHERE = {"enter", "static", "nothing"}


class Marking(NullTranslations):
    """Says what the Spanish catalogue holds in English, in brackets; what is not in it stays as it is, and is found.

    What comes from outside has brackets of its own in these tests.
    """

    known: ClassVar[frozenset[str]] = frozenset(
        text
        for message in catalogue(catalogues()["es"])
        for text in ([message.id] if isinstance(message.id, str) else message.id)
    )

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧" if message in self.known else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


class Unmarked(HTMLParser):
    """Collects words that stand outside of the brackets, and the page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.depth, self.found, self.links, self._other = 0, list[str](), list[str](), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"style", "script", "code"} or "hreflang" in given:
            self._other = tag
        if tag == "a" and "hreflang" not in given:
            self.links.append(given.get("href") or "")
        for name in SPOKEN:
            _, outside = _outside(given.get(name) or "")
            self.found += [f"{name}={word}" for word in _words(outside)]

    def handle_endtag(self, tag: str) -> None:
        self._other = "" if tag == self._other else self._other

    def handle_data(self, data: str) -> None:
        if not self._other:
            self.depth, outside = _outside(data, self.depth)
            self.found += _words(outside)


def _outside(text: str, depth: int = 0) -> tuple[int, str]:
    """The depth of brackets after the text, and what stood outside of all."""
    kept = ""
    for sign in text:
        depth += {"⟦": 1, "⟧": -1}.get(sign, 0)
        kept += sign if depth == 0 and sign != "⟧" else " "
    return depth, kept


def _words(text: str) -> list[str]:
    return WORD.findall(DAY.sub("", BRAND.sub("", text)))


def unmarked(html: str) -> Unmarked:
    reader = Unmarked()
    reader.feed(html)
    reader.close()
    return reader


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """All that is said goes through :class:`Marking`; gives the names of the functions that said something."""
    asked: set[str] = set()

    def remember(request: Request, answer: Response) -> None:
        asked.add(request.scope["endpoint"].__name__)

    monkeypatch.setattr(language, "_sentences", lambda code: Marking())
    monkeypatch.setattr(speech, "remember", remember)
    return asked


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[Api]:
    """Names in brackets; students who are stuck, learning, done, idle and new."""
    titles = {"a": "⟦Adding⟧", "b": "⟦Halving⟧", "c": "⟦Sharing⟧", "d": "⟦Rest⟧"}
    items = [Item(f"⟦{skill}-{n}⟧", (skill,), f"⟦Item {n}⟧") for skill in titles for n in range(3)]
    catalog, _ = build([Skill(*pair, area="⟦Number⟧") for pair in titles.items()], items, [Prerequisite("a", "b")])
    signs = {"⟦p0⟧": "-", "⟦p1⟧": "-", "⟦p2⟧": "-+", "⟦p3⟧": "+", "⟦p4⟧": "--+-"}
    people = [Person(f"⟦p{n}⟧", f"⟦Pupil {n}⟧") for n in range(11)]
    enrolments = [Enrolment("⟦4a⟧", one.id, "student") for one in people] + [Enrolment("⟦4b⟧", "⟦p1⟧", "student")]
    classes = [Class("⟦4a⟧", "⟦Class 4a⟧", "hill"), Class("⟦4b⟧", "⟦Class 4b⟧", "hill")]
    roster = made(people, [], [School("hill", "⟦Hill⟧")], classes, enrolments)
    async with serving(Settings(data=tmp_path / "data")) as api:
        await api.tutor.import_catalog(catalog)
        await api.tutor.rosters.publish(roster)
        sent = [
            {
                "id": f"{skill}-{n}-{days}",
                "student_id": student,
                "item_id": f"⟦{skill}-{n % 3}⟧",
                "score": {"+": 1.0, "-": 0.0, "~": 0.5}[pattern[n % len(pattern)]],
                "answered_at": time.time() - DAY_S * days + 60 * n,
                "class_id": "⟦4a⟧",
            }
            for student, pattern in signs.items()
            for skill, times, days in (("a", 14, 40), ("b", 12, 9), ("c", 12, 1), ("d", 2, 0.5))
            for n in range(times)
        ]
        sent.append(sent[0] | {"id": "unknown", "item_id": "⟦nowhere⟧", "score": 0.5})
        answer = await api.send(sent)
        assert answer.status_code == 200, answer.text
        await keep(api.tutor, "⟦4a⟧", "⟦Monday⟧", "⟦smith⟧", GroupChange(("a",), ("⟦p1⟧",), (1,)))
        yield api


async def test_every_page_says_everything_through_the_catalogues(school: Api, marked: set[str]) -> None:
    assert not await _crawl(school, "/reports")
    assert set(_pages(reports)) - ELSEWHERE - marked == set(), "no link leads there: link it, or look at it here"


@pytest.mark.parametrize(
    "address",
    [
        "/reports/nowhere",
        "/reports/students/none",
        "/reports/classes/none",
        "/reports/classes?page=0",
        "/reports/enter",
    ],
)
async def test_pages_of_faults_too(school: Api, marked: set[str], address: str) -> None:
    answer = await school.client.get(address, headers={"accept": "text/html"})
    assert answer.status_code >= 400
    assert not unmarked(answer.text).found


async def test_pages_without_anything_too(tmp_path: Path, marked: set[str]) -> None:
    async with serving(Settings(data=tmp_path / "data")) as api:
        assert not await _crawl(api, "/reports")


async def _crawl(api: Api, start: str) -> dict[str, list[str]]:
    """Words outside of the catalogues, by page; every page that a link leads to is looked at."""
    found: dict[str, list[str]] = {}
    waiting, known = [start], {start}
    while waiting:
        here = waiting.pop(0)
        answer = await api.client.get(here, headers={"accept": "text/html"})
        assert answer.status_code == 200, (here, answer.text)
        reader = unmarked(answer.text)
        if reader.found:
            found[here] = reader.found
        for address in (urljoin(here, link).partition("#")[0] for link in reader.links):
            if address.startswith("/reports") and address not in known:
                known.add(address)
                waiting.append(address)
    return found


def _pages(router: APIRouter) -> Iterator[str]:
    """The names of all functions that answer with a page."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _pages(inner)
        elif isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            yield route.endpoint.__name__


# ------------------------------------------------------------------------------------------------ which language


@pytest.mark.parametrize(
    ("asked", "header", "cookie", "said"),
    [
        ("", "", "", "en"),
        ("", "es-MX,en;q=0.5", "", "es"),
        ("", "de, fr", "", "en"),
        ("?lang=es", "en", "", "es"),
        ("?lang=xx", "es", "", "es"),
        ("", "en", "es", "es"),
        ("?lang=en", "es", "es", "en"),
    ],
)
async def test_the_language_is_what_was_asked_for_else_what_the_browser_wants(
    school: Api, asked: str, header: str, cookie: str, said: str
) -> None:
    headers = {"accept-language": header} | ({"cookie": f"nextwise_language={cookie}"} if cookie else {})
    answer = await school.client.get(f"/reports{asked}", headers=headers)
    assert f'<html lang="{said}" dir="ltr">' in answer.text
    assert {"en": "Classes", "es": "Clases"}[said] in answer.text


async def test_a_language_that_was_chosen_stays(school: Api) -> None:
    answer = await school.client.get("/reports?lang=es")
    assert "nextwise_language=es" in answer.headers["set-cookie"]
    assert "Clases" in (await school.client.get("/reports")).text
    refused = await school.client.get("/reports?lang=%0d%0aX")
    assert "set-cookie" not in refused.headers


async def test_an_installations_language_and_time_zone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", language="es", time_zone="America/Lima")
    async with serving(settings) as api:
        page = (await api.client.get("/reports")).text
        assert 'lang="es"' in page
        assert "America/Lima" in page
        assert 'lang="en"' in (await api.client.get("/reports", headers={"accept-language": "en"})).text
