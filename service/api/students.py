"""``/v1/students/{id}/...``: what comes next, what is known, and how it came to be known."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import APIRouter, Body, Path, Query, Response

from service.access import borders
from service.answers import Id
from service.api.asking import AskBody, AskIn, NoteIn
from service.api.dependencies import TutorDep
from service.api.problems import problems
from service.api.schemas import HistoryOut, NextOut, NoteOut, NotesOut, StudentMasteryOut, reply
from service.asking import Question
from service.tutor import Tutor

router = APIRouter(prefix="/v1/students/{student_id:path}", tags=["students"])


StudentId = Annotated[Id, Path(description="Percent-encoded; may hold any character that an id may.")]


@router.get("/next", response_model=NextOut, responses=problems(404, 409, 422, 503))
async def next_items(student_id: StudentId, tutor: TutorDep, asked: Annotated[AskIn, Query()]) -> Response:
    """What to give next, why, and how likely it was to be chosen. Answers for new students too.

    The same question has the same answer until a response of the student arrives. Names may hold commas, so each skill
    and each excluded item is a parameter of its own: `?skills=A&skills=B`.
    """
    return await _asked(tutor, student_id, asked)


@router.post("/next", response_model=NextOut, responses=problems(400, 404, 409, 413, 422, 503))
async def ask_for_items(student_id: StudentId, tutor: TutorDep, asked: AskBody) -> Response:
    """The same, for long lists: the parameters as a JSON object."""
    return await _asked(tutor, student_id, asked)


async def _asked(tutor: Tutor, student_id: str, asked: AskIn) -> Response:
    question = asked.question()
    if question == Question(question.n) and not asked.explain:
        answer = await tutor.next_one(student_id, question.n)
    else:
        answer = await tutor.ask(student_id, question, explain=asked.explain)
    return Response(orjson.dumps(answer), media_type="application/json")  # as service.api.direct writes it


@router.get("/notes", response_model=NotesOut, responses=problems(401, 403, 404, 422, 503))
async def notes(student_id: StudentId, tutor: TutorDep) -> Response:
    """What teachers noted of a student: items to give next, estimates of mastery, limits."""
    await borders.require_student(tutor.rosters, student_id)
    return reply(NotesOut, {"student_id": student_id, "notes": await tutor.notebook.notes(student_id)})


@router.post(
    "/notes", status_code=201, response_model=NoteOut, responses=problems(400, 401, 403, 404, 409, 413, 422, 503)
)
async def note(student_id: StudentId, tutor: TutorDep, given: Annotated[NoteIn, Body()]) -> Response:
    """Note something of a student: an item to give next (`pin`), an estimate of mastery (`estimate`), or limits.

    It is heard from the next answer on. An estimate is evidence beside the answers: it moves the estimate of the model,
    and later answers move it on.
    """
    await borders.require_student(tutor.rosters, student_id)
    made = await tutor.notebook.add(student_id, given.kind, given.author, given.said(), given.comment)
    return reply(NoteOut, made, 201)


@router.delete("/notes/{note_id}", status_code=204, responses=problems(401, 403, 404, 422, 503))
async def withdraw(student_id: StudentId, tutor: TutorDep, note_id: Id) -> Response:
    """Take a note back: everything is as if it had not been made."""
    await borders.require_student(tutor.rosters, student_id)
    await tutor.notebook.withdraw(student_id, note_id)
    return Response(status_code=204)


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
