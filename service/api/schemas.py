"""What the API answers, as OpenAPI tells it. Times go out as RFC 3339 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

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


class NoticeOut(Out):
    """Something that a teacher should be told of."""

    code: str = Field(examples=["wheel-spinning"])
    skill_id: str
    text: str


PARTS = Field(description="By name: gate (are its prerequisites known), gain, opens, guard; worth is their product.")


class SkillPartOut(Out):
    skill_id: str
    parts: dict[str, float] = PARTS


class AlternativeOut(Out):
    """A skill that was not given."""

    skill_id: str
    why: str = Field(
        description="mastered, not ready, near tie, limits, or the part that was lower: gate, gain, opens, guard"
    )
    text: str
    parts: dict[str, float] = PARTS


class DetailOut(Out):
    recommendation_id: str
    for_student: str = Field(description="The reason in a sentence for the student.")
    skills: list[SkillPartOut]
    ease: float = Field(description="What its P(correct) made of the worth of its skills.")
    score: float
    near_ties: int = Field(description="Among how many as good ones it was drawn.")
    alternatives: list[AlternativeOut]


class ExplanationOut(Out):
    candidates: int = Field(description="Items that could be given.")
    filtered: dict[str, int] = Field(description="How many items were kept from it, by what kept them.")
    recommendations: list[DetailOut]


class NextOut(Out):
    student_id: str
    outcome: str = Field(description="learn, nothing left (what comes is review), not ready, no items, no catalog")
    text: str
    recommendations: list[RecommendationOut]
    model_version: str
    catalog_version: str
    notices: list[NoticeOut] = Field(description="What a teacher should be told of.")
    explanation: ExplanationOut | None = Field(description="Where it was asked for.")


class NoteOut(Out):
    """What a teacher noted."""

    id: str
    kind: str = Field(description="pin, estimate or limits")
    author: str
    at: Moment
    said: dict[str, Any] = Field(description="item_id; or skill_id, mastery and answers; or the limits.")
    comment: str


class NotesOut(Out):
    student_id: str
    notes: list[NoteOut] = Field(description="The oldest first.")


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
    notes: list[NoteOut] = Field([], description="What teachers noted; estimates among them have moved the mastery.")


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
    area: str = Field("", description="The part of the subject that it belongs to, where the catalog says so.")


class ClassMasteryOut(Out):
    class_id: str
    students: list[StudentMasteryOut]
    skills: list[SpreadOut]
    model_version: str
    catalog_version: str


def reply(schema: type[Out], view: object, status: int = 200) -> Response:
    """The view in the form of the schema."""
    return Response(schema.model_validate(view).model_dump_json(), status, media_type="application/json")
