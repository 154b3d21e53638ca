"""``/v1/classes``: the classes seen, and where their students stand."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from service.access import borders
from service.answers import Id
from service.api.dependencies import TutorDep
from service.api.problems import problems
from service.api.schemas import ClassesOut, ClassMasteryOut, reply
from service.views import ClassMastery

router = APIRouter(prefix="/v1/classes", tags=["classes"])

CSV = "text/csv"
COLUMNS = (
    *("class_id", "student_id", "skill_id", "title", "mastery", "low", "high", "responses", "status"),
    *("p_known", "threshold"),  # new columns come last: a sheet that counts on the places of the others goes on working
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@router.get("", response_model=ClassesOut, responses=problems(401, 403, 503))
async def classes(tutor: TutorDep) -> Response:
    """The classes of the roster; without one, all that responses named. A teacher is told of their own."""
    return reply(ClassesOut, {"classes": await borders.visible(tutor.rosters, await tutor.classes())})


@router.get(
    "/{class_id:path}/mastery",
    response_model=ClassMasteryOut,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}, **problems(401, 403, 404, 422, 503)},
)
async def class_mastery(
    request: Request,
    class_id: Annotated[Id, Path()],
    tutor: TutorDep,
    format: Annotated[Literal["json", "csv"] | None, Query(description="Or ask by the Accept header.")] = None,
) -> Response:
    """Every student of the class on every skill, and how many stand where; as CSV one row a student and skill."""
    await borders.require_class(tutor.rosters, class_id)
    view = await tutor.class_mastery(class_id)
    wants_csv = format == "csv" or (format is None and CSV in request.headers.get("accept", ""))
    if not wants_csv:
        return await asyncio.to_thread(reply, ClassMasteryOut, view)
    return Response(await asyncio.to_thread(as_csv, view), media_type=f"{CSV}; charset=utf-8")


def as_csv(view: ClassMastery) -> str:
    """One row a student and skill."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for student in view.students:
        for row in student.skills:
            names = (view.class_id, student.student_id, row.skill_id, row.title)
            numbers = (f"{row.mastery:.4f}", f"{row.low:.4f}", f"{row.high:.4f}", row.responses, str(row.status))
            writer.writerow([*map(safe_cell, names), *numbers, f"{row.p_known:.4f}", f"{row.threshold:.4f}"])
    return out.getvalue()


def safe_cell(text: str) -> str:
    """Text that a spreadsheet shows and does not run as a formula.

    >>> safe_cell("=1+1"), safe_cell("a=1")
    ("'=1+1", 'a=1')
    """
    return f"'{text}" if text.startswith(FORMULA) else text
