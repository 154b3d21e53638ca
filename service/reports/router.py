"""The report pages: ``/reports``, ``/reports/classes/{class}`` and ``/reports/students/{student}``."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from engine.mastery import Status
from engine.said import said
from service.access import Role, viewer
from service.classroom.dossier import WEEK
from service.errors import NotFound
from service.reports import classroom_pages, entry, groups_form, notes_form, pages, visits
from service.reports.class_view import class_line, class_page
from service.reports.faults import PageRoute
from service.reports.grid import Wish
from service.reports.links import ROOT
from service.reports.overview_view import overview_page
from service.reports.parents_view import parents_page
from service.reports.source import Source, source
from service.reports.student_view import student_page

reports = APIRouter(prefix=ROOT, route_class=PageRoute, include_in_schema=False)
reports.include_router(entry.router)
reports.include_router(classroom_pages.router)
reports.include_router(notes_form.router)
reports.include_router(groups_form.router)
Facts = Annotated[Source, Depends(source)]
Page = Annotated[int, Query(ge=1, le=1_000_000)]


@reports.get("")
@reports.get("/")
async def classes(facts: Facts) -> Response:
    if viewer().role in {Role.STUDENT, Role.LEADER}:
        return RedirectResponse(entry.home(viewer()), 303)
    context, found = await facts.classes()
    return pages.page("classes.html", context=context, lines=[class_line(one) for one in found])


# An id that a path cannot hold (".." is resolved away by browsers) comes in the query; so does the search field's.
@reports.get("/classes")
@reports.get("/classes/{id:path}")
async def one_class(
    request: Request,
    facts: Facts,
    id: str,
    sort: Literal["need", "name", "mastery"] = "need",
    by: str = "",
    status: Literal["", "stuck"] | Status = "",
    area: str = "",
    around: str = "",
    group: str = "",
    who: Annotated[list[str], Query()] = [],  # noqa: B006
    page: Page = 1,
    since: str = "",
) -> Response:
    last, cookie = visits.told_by(request, id, facts.now())
    since = since or last or WEEK
    found, today = await facts.class_today(id, since)
    wish = Wish(sort, by, str(status), area, around, group, tuple(who), page)
    answer = pages.page("class.html", page=class_page(found, wish), today=today, since=since, last=last)
    visits.keep(request, answer, cookie)
    return answer


@reports.get("/students")
@reports.get("/students/{id:path}")
async def one_student(
    facts: Facts, id: str, page: Page = 1, class_id: Annotated[str, Query(alias="class")] = ""
) -> Response:
    found = await facts.one_student(id)
    return pages.page("student.html", page=student_page(found, page, class_id))


@reports.get("/parents")
@reports.get("/parents/{id:path}")
async def for_parents(facts: Facts, id: str) -> Response:
    return pages.page("parents.html", page=parents_page(await facts.one_student(id)))


@reports.get("/overview")
async def overview(facts: Facts) -> Response:
    context, found = await facts.overview()
    return pages.page("overview.html", page=overview_page(found, context))


@reports.get("/static/{name}")
async def static(name: str) -> Response:
    if found := pages.static(name):
        return found
    raise NotFound(f"There is no file {name!r}.")


@reports.get("/{rest:path}")
async def nothing(rest: str) -> Response:
    raise NotFound(said("There is no report %(name)r.", name=rest))


router = APIRouter(include_in_schema=False)
router.include_router(reports)


@router.get("/")
async def front() -> Response:
    """Who opens the bare address wants to look at something."""
    return RedirectResponse(ROOT)
