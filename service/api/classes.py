"""``/v1/classes``: the classes seen, and where their students stand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from service.access import borders
from service.answers import Id
from service.api.dependencies import TutorDep
from service.api.problems import problems
from service.api.schemas import ClassesOut, ClassMasteryOut, reply
from service.api.tables import DESCRIBED, Format, csv_reply, wants_csv
from service.views import ClassMastery

router = APIRouter(prefix="/v1/classes", tags=["classes"])

COLUMNS = (
    *("class_id", "student_id", "skill_id", "title", "mastery", "low", "high", "responses", "status"),
    *(
        "p_known",
        "threshold",
        "area",
    ),  # new columns come last: a sheet that counts on the places of the others goes on working
)


@router.get("", response_model=ClassesOut, responses=problems(401, 403, 503))
async def classes(tutor: TutorDep) -> Response:
    """The classes of the roster; without one, all that responses named. A teacher is told of their own."""
    return reply(ClassesOut, {"classes": await borders.visible(tutor.rosters, await tutor.classes())})


@router.get(
    "/{class_id:path}/mastery",
    response_model=ClassMasteryOut,
    responses=DESCRIBED,
)
async def class_mastery(
    request: Request, class_id: Annotated[Id, Path()], tutor: TutorDep, format: Format = None
) -> Response:
    """Every student of the class on every skill, and how many stand where; as CSV one row a student and skill."""
    await borders.require_class(tutor.rosters, class_id)
    view = await tutor.class_mastery(class_id)
    if wants_csv(request, format):
        return await csv_reply(COLUMNS, _rows(view))
    return await asyncio.to_thread(reply, ClassMasteryOut, view)


def _rows(view: ClassMastery) -> Iterable[dict[str, object]]:
    for student in view.students:
        for row, skill in zip(student.skills, view.skills, strict=True):
            yield asdict(row) | {"class_id": view.class_id, "student_id": student.student_id, "area": skill.area}
