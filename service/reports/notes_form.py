"""What a teacher notes of a student from a page: an item to give next, an estimate of mastery; and takes back."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import TypeAdapter, ValidationError

from service.access import borders, viewer
from service.api.asking import NoteIn
from service.api.dependencies import TutorDep
from service.errors import InvalidRequest
from service.reports.faults import PageRoute
from service.reports.forms import form_of
from service.reports.links import url

router = APIRouter(route_class=PageRoute)

NOTE: TypeAdapter[NoteIn] = TypeAdapter(NoteIn)


@router.post("/notes")
async def note(request: Request, tutor: TutorDep) -> Response:
    """A form that was filled in on the page of a class; its author is who is signed in."""
    form = dict(await form_of(request))
    student, class_id = form.pop("student_id", ""), form.pop("class_id", "")
    await borders.require_student(tutor.rosters, student)
    if withdrawn := form.get("withdraw"):
        await tutor.notebook.withdraw(student, withdrawn)
    else:
        try:
            given = NOTE.validate_python(form | {"author": viewer().label})
        except ValidationError as fault:
            told = [{"field": str((one["loc"] or ("kind",))[-1]), "message": one["msg"]} for one in fault.errors()]
            detail = "; ".join(f"{one['field']}: {one['message']}" for one in told)
            raise InvalidRequest(detail, errors=told) from None
        await tutor.notebook.add(student, given.kind, given.author, given.said(), given.comment)
    return RedirectResponse(url("recommendations", class_id, student=student) + "#notes-title", 303)
