"""The report pages: ``/reports``, ``/reports/classes/{class}`` and ``/reports/students/{student}``."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute

from service.errors import NotFound, Problem
from service.reports import pages
from service.reports.class_view import class_line, class_page
from service.reports.links import ROOT
from service.reports.source import Source, source
from service.reports.student_view import student_page
from service.store.base import StoreUnavailable

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """What goes wrong on the way to a page is told by a page; who asks for JSON alone gets the API's form."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except (Problem, StoreUnavailable, RequestValidationError) as fault:
                if not _wants_page(request):
                    raise
                return _problem(fault)

        return handle


reports = APIRouter(prefix=ROOT, route_class=PageRoute, include_in_schema=False)
Facts = Annotated[Source, Depends(source)]
Page = Annotated[int, Query(ge=1, le=1_000_000)]


@reports.get("")
@reports.get("/")
async def classes(facts: Facts) -> Response:
    context, found = await facts.classes()
    return pages.page("classes.html", context=context, lines=[class_line(one) for one in found])


# An id that a path cannot hold (".." is resolved away by browsers) comes in the query; so does the search field's.
@reports.get("/classes")
@reports.get("/classes/{id:path}")
async def one_class(
    facts: Facts, id: str, sort: Literal["need", "name", "mastery"] = "need", page: Page = 1
) -> Response:
    found = await facts.one_class(id)
    return pages.page("class.html", page=class_page(found, sort, page))


@reports.get("/students")
@reports.get("/students/{id:path}")
async def one_student(
    facts: Facts, id: str, page: Page = 1, class_id: Annotated[str, Query(alias="class")] = ""
) -> Response:
    found = await facts.one_student(id)
    return pages.page("student.html", page=student_page(found, page, class_id))


@reports.get("/static/{name}")
async def static(name: str) -> Response:
    if found := pages.static(name):
        return found
    raise NotFound(f"There is no file {name!r}.")


@reports.get("/{rest:path}")
async def nothing(rest: str) -> Response:
    raise NotFound(f"There is no report {rest!r}.")


router = APIRouter(include_in_schema=False)
router.include_router(reports)


@router.get("/")
async def front() -> Response:
    """Who opens the bare address wants to look at something."""
    return RedirectResponse(ROOT)


def _wants_page(request: Request) -> bool:
    accept = request.headers.get("accept", "*/*")
    return "text/html" in accept or "json" not in accept


def _problem(fault: Problem | StoreUnavailable | RequestValidationError) -> Response:
    """The page that says what went wrong and what helps."""
    if isinstance(fault, StoreUnavailable):
        text = "The store does not answer now. Nothing is lost."
        return pages.page("problem.html", 503, title="Not now", text=text, help=["Open this page again in a moment."])
    if isinstance(fault, RequestValidationError):
        text = "; ".join(f"{error['loc'][-1]}: {error['msg']}" for error in fault.errors())
        return pages.page("problem.html", 422, title="This address is not right", text=text, help=[])
    lines = {
        "unknown-class": ["Classes appear with the first answer that names them.", "Check the name: capitals count."],
        "unknown-student": [
            "A student appears with their first answer.",
            "Check the name: it is the id that your learning platform sends, and capitals count.",
        ],
    }.get(fault.slug, [fault.mend] if fault.mend and not isinstance(fault, NotFound) else [])
    return pages.page("problem.html", fault.status, title=fault.title, text=fault.detail, help=lines)
