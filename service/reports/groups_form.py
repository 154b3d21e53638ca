"""Groups that a teacher keeps, or keeps no longer, from the page of the groups."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from service.access import viewer
from service.api.dependencies import TutorDep
from service.classroom.groups import GroupChange
from service.classroom.kept_groups import keep, let_go
from service.errors import InvalidRequest
from service.reports.faults import PageRoute
from service.reports.forms import form_of
from service.reports.links import url

router = APIRouter(route_class=PageRoute)


@router.post("/groups")
@router.post("/groups/{id:path}")
async def keep_groups(request: Request, tutor: TutorDep, id: str) -> Response:
    """A button of the page was pressed; the author is who is signed in."""
    form = await form_of(request)
    named = dict(form)
    if kept := named.get("let_go"):
        await let_go(tutor, id, kept)
        return RedirectResponse(url("groups", id), 303)
    made = await keep(tutor, id, named.get("name", ""), viewer().label, _change(form))
    return RedirectResponse(url("groups", id, kept=made.id), 303)


def _change(form: list[tuple[str, str]]) -> GroupChange:
    """As the address has it where groups are changed (:func:`service.reports.classroom_pages.groups`)."""
    try:
        numbers = tuple(int(value) for name, value in form if name == "to")
    except ValueError:
        raise InvalidRequest("The group of a student is a number, 0 for none.") from None
    skills, who = (tuple(value for name, value in form if name == field) for field in ("skill", "who"))
    return GroupChange(skills, who, numbers)
