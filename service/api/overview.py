"""``/v1/overview``: schools and classes in figures, nobody by name."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from service.api.classes import CSV, safe_cell
from service.api.dependencies import TutorDep
from service.api.problems import problems
from service.api.schemas import Out, reply
from service.overview import LEAST, Figures, Overview, overview

router = APIRouter(tags=["classes"])

NAMES = ("level", "school", "class_id", "title")
COLUMNS = (*NAMES, *Figures.__dataclass_fields__)


class FiguresOut(Out):
    students: int
    reached: int = Field(description="Students with an answer at any time.")
    active: int = Field(description="Students with an answer in the last seven days.")
    answers: int = Field(description="All answers of these students.")
    judged: int = Field(description="Pairs of a student and a skill with enough answers to judge.")
    mastered: int = Field(description="Of those, how many are mastered, also where it is time to review.")


class LineOut(Out):
    level: Literal["school", "class"]
    school: str
    class_id: str = Field(description="Empty on a school's line.")
    title: str
    figures: FiguresOut | None = Field(description=f"null: fewer than {LEAST} students, or it would tell of so few.")


class OverviewOut(Out):
    lines: list[LineOut] = Field(description="Each school, over its classes that are shown, before its classes.")
    suppressed: int = Field(description="Classes without figures.")
    model_version: str
    catalog_version: str


@router.get(
    "/v1/overview",
    response_model=OverviewOut,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}, **problems(401, 403, 422, 503)},
)
async def school_overview(
    request: Request,
    tutor: TutorDep,
    format: Annotated[Literal["json", "csv"] | None, Query(description="Or ask by the Accept header.")] = None,
) -> Response:
    """Reach, use and mastery by school and class. Groups of fewer than ten have no figures, in any form."""
    view = await overview(tutor)
    if format == "csv" or (format is None and CSV in request.headers.get("accept", "")):
        return Response(as_csv(view), media_type=f"{CSV}; charset=utf-8")
    return reply(OverviewOut, view)


def as_csv(view: Overview) -> str:
    """One row a line; the figures of a suppressed one are empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in view.lines:
        numbers = asdict(line.figures).values() if line.figures else [""] * len(Figures.__dataclass_fields__)
        writer.writerow([*(safe_cell(getattr(line, name)) for name in NAMES), *numbers])
    return out.getvalue()
