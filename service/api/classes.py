"""``/v1/classes``: the classes seen, and where their students stand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from engine.mastery import Status
from service.access import borders
from service.answers import Id
from service.api.dependencies import TutorDep
from service.api.problems import problems
from service.api.schemas import ClassesOut, ClassMasteryOut, reply
from service.api.tables import DESCRIBED, Format, csv_reply, wants_csv
from service.classroom.selection import Selection, groups_of, selected
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
    request: Request,
    class_id: Annotated[Id, Path()],
    tutor: TutorDep,
    status: Annotated[
        Literal["", "stuck"] | Status, Query(description="Students with this status on a wanted skill.")
    ] = "",
    area: Annotated[str, Query(description="The skills of this area.")] = "",
    around: Annotated[str, Query(description="A skill with all that it builds on, and all that builds on it.")] = "",
    group: Annotated[str, Query(description="Students of whom the roster says this, as `column: value`.")] = "",
    who: Annotated[list[str], Query(description="These students.")] = [],  # noqa: B006
    format: Format = None,
) -> Response:
    """Every student of the class on every skill, and how many stand where; as CSV one row a student and skill.

    What is said of skills and students narrows it, as the filters of the page do.
    """
    await borders.require_class(tutor.rosters, class_id)
    view = await tutor.class_mastery(class_id)
    groups = groups_of(await tutor.rosters.current(), [one.student_id for one in view.students])
    edges = [(one.prerequisite, one.skill) for one in tutor.serving.catalog.prerequisites]
    view = selected(view, Selection(str(status), area, around, group, tuple(who)), groups, edges)
    if wants_csv(request, format):
        return await csv_reply(COLUMNS, _rows(view))
    return await asyncio.to_thread(reply, ClassMasteryOut, view)


def _rows(view: ClassMastery) -> Iterable[dict[str, object]]:
    for student in view.students:
        for row, skill in zip(student.skills, view.skills, strict=True):
            yield asdict(row) | {"class_id": view.class_id, "student_id": student.student_id, "area": skill.area}
