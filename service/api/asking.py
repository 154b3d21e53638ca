"""What may be asked of ``/next``, and noted of a student: one definition for query, body and OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic import model_validator as checks

from engine.recommend import Mode
from service.answers import Id, Milliseconds
from service.asking import ONE, Question


def _named(given: object) -> object:
    """Without empty names: ``?skills=`` asks for nothing in particular."""
    return [name for name in given if name != ""] if isinstance(given, list) else given


Names = Annotated[list[Id], BeforeValidator(_named)]
Chance = Annotated[float, Field(ge=0.0, le=1.0)]


class LimitsIn(BaseModel):
    """What may be given at all."""

    skills: Names = Field([], description="Only items of these skills; one parameter each.")
    never: Names = Field([], description="No item of these skills.")
    items: Names = Field([], description="Only these items.")
    exclude: Names = Field([], description="Never these items; one parameter each.")
    order: Names = Field(
        [],
        description="Skills in the order in which they are to be taught, whatever they build on: the first of them "
        "that is not mastered.",
    )
    p_min: Chance | None = Field(None, description="Least P(correct) of an item; with p_max, no item beyond is given.")
    p_max: Chance | None = Field(None, description="Largest P(correct) of an item.")
    repeats: int | None = Field(
        None, ge=0, le=1000, description="How often an item may have been answered before; 0: only new items."
    )
    spacing: int | None = Field(
        None, ge=0, le=10_000, description="How many answers must lie between two on the same item."
    )

    @checks(mode="after")
    def _band(self) -> Self:
        if (self.p_min or 0.0) > (1.0 if self.p_max is None else self.p_max):
            raise ValueError("p_min is above p_max: no item could be given")
        return self

    def asked(self) -> dict[str, Any]:
        """As :class:`service.asking.Question` names it, what was left open left out."""
        found = {name: tuple(getattr(self, name)) for name in ("skills", "never", "items", "exclude", "order")}
        band = None if self.p_min is None and self.p_max is None else (self.p_min or 0.0, _or_one(self.p_max))
        rest = {"band": band, "repeats": self.repeats, "spacing": self.spacing}
        return {name: value for name, value in (found | rest).items() if value not in ((), None)}


class AskIn(LimitsIn):
    """A question to ``/next``."""

    n: int = Field(1, ge=1, le=50, description="How many different items.")
    mode: Mode = Field(
        Mode.LEARN,
        description="`learn`; `review`: what was mastered and is about to be forgotten; `diagnose`: what tells most "
        "about where a new student stands; `targets`: only what leads to `targets`.",
    )
    targets: Names = Field([], description="Skills to reach; asking for them means `mode=targets`.")
    by: Milliseconds | None = Field(
        None, description="When they are to be reached: what will be forgotten counts less."
    )
    left: int | None = Field(None, ge=0, le=100_000, description="How many more items there will be, where known.")
    explain: bool = Field(False, description="Tell what each part of the rule said, and why the next best lost.")

    @checks(mode="after")
    def _reachable(self) -> Self:
        if self.targets and self.mode is Mode.LEARN:
            self.mode = Mode.TARGETS
        if self.mode is Mode.TARGETS and not self.targets:
            raise ValueError("mode=targets needs targets: the skills to reach")
        if self.by is not None and self.mode not in (Mode.TARGETS, Mode.REVIEW):
            raise ValueError("by is for targets and review: say which skills are to be reached until then")
        return self

    def question(self) -> Question:
        """As the tutor takes it."""
        asked = self.asked()
        if self.mode is not Mode.LEARN:
            asked |= {"mode": self.mode, "targets": tuple(self.targets), "by": self.by}
        if self.left is not None:
            asked["left"] = self.left
        return Question.of(n=self.n, **asked) if asked or self.n != 1 else ONE


class AskBody(AskIn):
    """A question to ``/next`` as JSON."""

    model_config = ConfigDict(extra="forbid")


class _NoteIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    author: Id = Field(description="Who says so.")
    comment: str = Field("", max_length=1000)


class PinIn(_NoteIn):
    """Give this item next, until it was answered or the note is withdrawn."""

    kind: Literal["pin"]
    item_id: Id

    def said(self) -> dict[str, Any]:
        """What the note keeps."""
        return {"item_id": self.item_id}


class EstimateIn(_NoteIn):
    """What a teacher has seen of a skill. It counts as so many answers, and is never written over the estimate."""

    kind: Literal["estimate"]
    skill_id: Id
    mastery: Chance = Field(description="The share of average items of this skill that the student would get right.")
    answers: float = Field(5.0, gt=0, le=50, description="As how many answers it counts.")

    def said(self) -> dict[str, Any]:
        """What the note keeps."""
        return {"skill_id": self.skill_id, "mastery": self.mastery, "answers": self.answers}


class LimitsNoteIn(_NoteIn):
    """Limits on everything that is recommended to the student; new ones take the place of old ones."""

    kind: Literal["limits"]
    limits: LimitsIn

    def said(self) -> dict[str, Any]:
        """What the note keeps."""
        return self.limits.asked()


NoteIn = Annotated[PinIn | EstimateIn | LimitsNoteIn, Field(discriminator="kind")]
"""A note of one of the three kinds."""


def _or_one(p: float | None) -> float:
    return 1.0 if p is None else p
