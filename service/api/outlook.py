"""``/v1/students/{id}/outlook``: how a student's estimates went, and what is about to be forgotten."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from service.answers import Id
from service.api.dependencies import TutorDep
from service.api.tables import DESCRIBED, Format, table
from service.classroom.outlook import CoursePoint, Outlook, ask_outlook

router = APIRouter(prefix="/v1/students/{student_id:path}", tags=["students"])


@router.get("/outlook", response_model=Outlook, responses=DESCRIBED)
async def student_outlook(
    request: Request,
    student_id: Annotated[Id, Path()],
    tutor: TutorDep,
    format: Format = None,
) -> Response:
    """Intervals along the way, and mastered skills that will need review within two weeks without practice; as CSV one
    row a moment and skill."""
    view = await ask_outlook(tutor, student_id)
    columns = tuple(field.name for field in fields(CoursePoint))
    return await table(request, format, Outlook, view, lambda one: map(asdict, one.course), columns)
