"""``/v1/students/{id}/...``: what comes next, what is known, and how it came to be known."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Response
from pydantic import BeforeValidator

from service.access import borders
from service.answers import Id
from service.api.dependencies import TutorDep
from service.api.problems import problems
from service.api.schemas import HistoryOut, NextOut, StudentMasteryOut, reply

router = APIRouter(prefix="/v1/students/{student_id:path}", tags=["students"])


def _named(given: object) -> object:
    """Without empty names: ``?skills=`` asks for nothing in particular."""
    return [name for name in given if name != ""] if isinstance(given, list) else given


Names = Annotated[list[Id], BeforeValidator(_named)]
StudentId = Annotated[Id, Path(description="Percent-encoded; may hold any character that an id may.")]


@router.get("/next", response_model=NextOut, responses=problems(404, 409, 422, 503))
async def next_items(
    student_id: StudentId,
    tutor: TutorDep,
    n: Annotated[int, Query(ge=1, le=50, description="How many different items.")] = 1,
    skills: Annotated[Names, Query(description="Only items of these skills; one parameter each.")] = [],  # noqa: B006
    exclude: Annotated[Names, Query(description="Never these items; one parameter each.")] = [],  # noqa: B006
) -> Response:
    """What to give next, why, and how likely it was to be chosen. Answers for new students too.

    The same question has the same answer until a response of the student arrives. Names may hold commas, so each skill
    and each excluded item is a parameter of its own: `?skills=A&skills=B`.
    """
    answer = await tutor.next(student_id, n, skills, exclude)
    return Response(orjson.dumps(answer), media_type="application/json")  # as service.api.hot writes it


@router.get("/mastery", response_model=StudentMasteryOut, responses=problems(401, 403, 404, 422, 503))
async def mastery(student_id: StudentId, tutor: TutorDep) -> Response:
    """Mastery of every skill: the estimate, its interval, the evidence, and a word for it."""
    await borders.require_student(tutor.rosters, student_id)
    return reply(StudentMasteryOut, await tutor.mastery(student_id))


@router.get("/history", response_model=HistoryOut, responses=problems(401, 403, 404, 422, 503))
async def history(
    student_id: StudentId,
    tutor: TutorDep,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="Responses to skip, from the newest.")] = 0,
) -> Response:
    """Each response, the newest first, and how it moved the estimates under the model served now."""
    await borders.require_student(tutor.rosters, student_id)
    return reply(HistoryOut, await tutor.history(student_id, limit, offset))
