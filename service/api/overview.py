"""``/v1/overview``: schools and classes in figures, nobody by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from service.api.dependencies import TutorDep
from service.api.schemas import Out, reply
from service.api.tables import DESCRIBED, Format, csv_reply, wants_csv
from service.overview import GROWTH_DAYS, LEAST, Figures, Overview, overview

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
    missing: int = Field(description="Students without any answer.")
    growth: float | None = Field(
        description=f"Rise of expected success within {GROWTH_DAYS} days, over all skills, averaged over the students "
        f"with answers; null where these are fewer than {LEAST}."
    )
    growth_low: float | None = Field(description="Low end of its 90 % interval.")
    growth_high: float | None = Field(description="High end of its 90 % interval.")


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
    responses=DESCRIBED,
)
async def school_overview(request: Request, tutor: TutorDep, format: Format = None) -> Response:
    """Reach, use and mastery by school and class. Groups of fewer than ten have no figures, in any form."""
    view = await overview(tutor)
    if wants_csv(request, format):
        return await csv_reply(COLUMNS, _rows(view))
    return reply(OverviewOut, view)


def _rows(view: Overview) -> Iterable[dict[str, object]]:
    """The figures of a suppressed line are empty."""
    nothing = dict.fromkeys(Figures.__dataclass_fields__)
    for line in view.lines:
        yield asdict(line) | (asdict(line.figures) if line.figures else nothing)
