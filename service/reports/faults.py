"""What goes wrong on the way to a page is told by a page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.types import Scope

from service.access.origin import require_own_form
from service.errors import NotFound, Problem
from service.language import _, translated
from service.reports import pages, speech, weight
from service.reports.links import ROOT
from service.store.base import StoreUnavailable

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class PageRoute(APIRoute):
    """What goes wrong on the way to a page is told by a page; who asks for JSON alone gets the API's form."""

    def get_route_handler(self) -> Handler:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            with speech.speech(request):
                try:
                    require_own_form(request)
                    answer = await handler(request)
                except (Problem, StoreUnavailable, RequestValidationError) as fault:
                    if not wants_page(request):
                        raise
                    answer = problem_page(fault)
            speech.remember(request, answer)
            return await weight.compressed(request, answer)

        return handle


def refused(scope: Scope, problem: Problem) -> Response | None:
    """The page that tells of a refusal at the gate; None where the API's form will do."""
    request = Request(scope)
    if not (scope["path"].startswith(ROOT) and wants_page(request)):
        return None
    with speech.speech(request):
        return problem_page(problem)


def wants_page(request: Request) -> bool:
    accept = request.headers.get("accept", "*/*")
    return "text/html" in accept or "json" not in accept


def problem_page(fault: Problem | StoreUnavailable | RequestValidationError) -> Response:
    """The page that says what went wrong and what helps."""
    if isinstance(fault, StoreUnavailable):
        text = _("The store does not answer now. Nothing is lost.")
        lines = [_("Open this page again in a moment.")]
        return pages.page("problem.html", 503, title=_("Not now"), text=text, help=lines)
    if isinstance(fault, RequestValidationError):
        names = ", ".join(str(error["loc"][-1]) for error in fault.errors())
        text = _("What cannot be as it is, or is missing: %(names)s.", names=names)
        return pages.page("problem.html", 422, title=_("This address is not right"), text=text, help=[])
    lines = {
        "unknown-class": [
            _("Classes appear with the first answer that names them."),
            _("Check the name: capitals count."),
        ],
        "unknown-student": [
            _("A student appears with their first answer."),
            _("Check the name: it is the id that your learning platform sends, and capitals count."),
        ],
    }.get(fault.slug, [translated(fault.mend)] if fault.mend and not isinstance(fault, NotFound) else [])
    title, text = translated(fault.title), translated(fault.detail)
    answer = pages.page("problem.html", fault.status, title=title, text=text, help=lines)
    answer.headers.update(fault.headers)
    return answer
