"""Routes and faults: which page answers, with which status, in which form."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest
from fastapi import FastAPI

from service.api import problems
from service.classroom.today import Today
from service.errors import UnknownClass, UnknownStudent
from service.reports import router
from service.reports.facts import ClassFacts, ClassSum, Context, StudentFacts
from service.reports.source import source
from service.store.base import StoreUnavailable
from tests.service.reports.made import CONTEXT, NOW, a_class, a_student, a_today, mastered, stuck, summed

ODD = "4/a?#🎈 b/"


class Fixed:
    """A source that knows one class and one student, or a store that is away."""

    def __init__(self, away: bool = False) -> None:
        self.away = away

    def now(self) -> int:
        return NOW

    async def classes(self) -> tuple[Context, Sequence[ClassSum]]:
        return CONTEXT, [summed(await self.one_class(ODD))]

    async def class_today(self, class_id: str, since: str) -> tuple[ClassFacts, Today]:
        return await self.one_class(class_id), a_today(class_id)

    async def one_class(self, class_id: str) -> ClassFacts:
        if self.away:
            raise StoreUnavailable("no route to redis://secret@host")
        if class_id not in {ODD, ".."}:
            raise UnknownClass(class_id)
        return a_class(("ada", (stuck(),)), ("ben", (mastered(),)), id=class_id)

    async def one_student(self, student_id: str) -> StudentFacts:
        if student_id != "ada":
            raise UnknownStudent(student_id)
        return a_student((stuck(),))


def client(away: bool = False) -> httpx.AsyncClient:
    app = FastAPI(redirect_slashes=False)
    problems.install(app)
    app.include_router(router)
    app.dependency_overrides[source] = lambda: Fixed(away)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers={"accept": "text/html"}
    )


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/reports", 200, "Classes"),
        ("/reports/", 200, "Classes"),
        ("/reports/classes/4%2Fa%3F%23%F0%9F%8E%88%20b%2F", 200, "4/a?#🎈 b/"),
        ("/reports/classes?id=..", 200, "Class"),
        ("/reports/students/ada", 200, "ada"),
        ("/reports/students?id=ada", 200, "ada"),
        ("/reports/classes/none", 404, "No student is known in this class"),
        ("/reports/students/none", 404, "Nothing is known of this student"),
        ("/reports/students/%3Cscript%3E", 404, "&lt;script&gt;"),
        ("/reports/nowhere", 404, "There is nothing at this address"),
        ("/reports/static/other.css", 404, "There is nothing at this address"),
        ("/reports/students", 422, "This address is not right"),
        ("/reports/classes?id=..&sort=luck", 422, "sort"),
        ("/reports/classes?id=..&page=0", 422, "page"),
        ("/reports/classes?id=..&status=odd", 422, "status"),
        ("/reports/classes?id=..&status=stuck&area=Number&around=fractions&who=ada", 200, "Show everything"),
        ("/reports/classes?id=..&status=needs+review", 200, "Nobody fits this filter."),
        ("/reports/classes?id=..&page=999", 200, "Students 1 to 2 of 2"),
    ],
)
async def test_every_address_answers_with_a_page(address: str, status: int, said: str) -> None:
    async with client() as asked:
        answer = await asked.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "content-security-policy" in answer.headers
    assert said in answer.text


async def test_the_front_leads_to_the_reports() -> None:
    async with client() as asked:
        answer = await asked.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, "/reports")


async def test_the_style_is_served_under_its_digest() -> None:
    async with client() as asked:
        page = await asked.get("/reports")
        address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
        answer = await asked.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("address", ["/reports", "/reports/students/none"])
async def test_pages_are_compressed_for_who_takes_that_and_say_the_same(address: str) -> None:
    async with client() as asked:
        plain, small = [await asked.get(address, headers={"accept-encoding": one}) for one in ("identity", "gzip")]
    assert (plain.text, plain.status_code) == (small.text, small.status_code)
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) < int(plain.headers["content-length"])
    assert small.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"


async def test_who_asks_for_json_alone_gets_the_apis_problem() -> None:
    async with client() as asked:
        answer = await asked.get("/reports/students/none", headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_store_that_is_away_is_told_without_its_address() -> None:
    async with client(away=True) as asked:
        answer = await asked.get("/reports")
    assert answer.status_code == 503
    assert "Not now" in answer.text
    assert "secret" not in answer.text


def test_pages_are_not_in_the_apis_document() -> None:
    app = FastAPI()
    app.include_router(router)
    assert app.openapi()["paths"] == {}
