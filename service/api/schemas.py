"""What the API answers, as OpenAPI tells it. Times go out as RFC 3339 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from engine.mastery import Status
from service.api.problems import ProblemOut


def _moment(value: object) -> object:
    return datetime.fromtimestamp(value / 1000, UTC) if isinstance(value, int) else value


Moment = Annotated[datetime, BeforeValidator(_moment)]


MASTERY = "Expected success: the chance of a right answer now, on an item of average difficulty of this skill alone."


class Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SkillNowOut(Out):
    skill_id: str
    mastery: float = Field(description=MASTERY)
    p_known: float = Field(description="P(known), for those who ask.")
    responses: int
    status: Status


class ReasonOut(Out):
    code: str = Field(examples=["most to gain"])
    text: str = Field(
        examples=["Fractions: the chance of a right answer is 41 in 100; more is expected to be learnt here."]
    )


class RecommendationOut(Out):
    recommendation_id: str = Field(description="The same question asked again has the same id.")
    item_id: str
    title: str
    skill_ids: list[str]
    reason: ReasonOut
    p_correct: float
    expected_gain: float = Field(description="Expected rise of mastery by learning, summed over the item's skills.")
    propensity: float = Field(description="Probability with which it was chosen.")
    policy: str = Field(examples=["default@2"])
    model_version: str
    catalog_version: str


class NextOut(Out):
    student_id: str
    outcome: str = Field(description="learn, nothing left (what comes is review), not ready, no items, no catalog")
    text: str
    recommendations: list[RecommendationOut]
    model_version: str
    catalog_version: str


class ResultOut(Out):
    id: str | None
    status: str = Field(description="recorded or rejected")
    item_known: bool | None = Field(None, description="false: kept, and counted once a catalog holds the item.")
    mastery: list[SkillNowOut] | None = None
    problem: ProblemOut | None = None


class RecordedOut(Out):
    """Answer to one response."""

    id: str
    status: str
    item_known: bool
    mastery: list[SkillNowOut]
    model_version: str
    catalog_version: str
    next: NextOut | None = None


class BatchOut(Out):
    """Answer to a batch: a result a response, in order."""

    results: list[ResultOut]
    recorded: int
    rejected: int
    model_version: str
    catalog_version: str
    next: list[NextOut] | None = Field(None, description="With ?next: what comes next, by student.")


class SkillMasteryOut(Out):
    skill_id: str
    title: str
    mastery: float = Field(description=MASTERY)
    interval: tuple[float, float] = Field(description="Low and high end of its 90 % interval.")
    p_known: float = Field(description="P(known), for those who ask.")
    threshold: float = Field(description="The mastery from which this skill is called mastered.")
    responses: int
    status: Status
    last_practised: Moment | None = Field(validation_alias="last_at")


class StudentMasteryOut(Out):
    student_id: str
    responses: int
    unknown_item_responses: int = Field(description="Kept, and counted once a catalog holds their items.")
    last_practised: Moment | None = Field(validation_alias="last_at")
    skills: list[SkillMasteryOut]
    model_version: str
    catalog_version: str


class MoveOut(Out):
    skill_id: str
    before: float
    after: float


class StepOut(Out):
    answered_at: Moment
    item_id: str | None = Field(description="null: the catalog does not hold the item.")
    score: float
    p_correct: float | None = Field(description="Predicted before the answer was learnt from.")
    moves: list[MoveOut]


class HistoryOut(Out):
    student_id: str
    total: int
    offset: int
    steps: list[StepOut] = Field(description="The newest first.")
    model_version: str
    catalog_version: str


class ClassesOut(Out):
    classes: list[str]


class SpreadOut(Out):
    skill_id: str
    title: str
    counts: dict[Status, int] = Field(description="Students by status.")


class ClassMasteryOut(Out):
    class_id: str
    students: list[StudentMasteryOut]
    skills: list[SpreadOut]
    model_version: str
    catalog_version: str


def reply(schema: type[Out], view: object) -> Response:
    """The view in the form of the schema."""
    return Response(schema.model_validate(view).model_dump_json(), media_type="application/json")
