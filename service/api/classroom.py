"""``/v1/classes/{id}/...``: what the pages of a class show, as JSON and CSV from the same answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from service.answers import Id
from service.api import items
from service.api.dependencies import SettingsDep, TutorDep
from service.api.problems import problems
from service.api.tables import DESCRIBED, Format, table
from service.classroom.dossier import MONTH, WEEK, ask
from service.classroom.given import GivenLine, GivenView, ask_given
from service.classroom.groups import GroupChange, GroupsView, GroupView, Member
from service.classroom.items import ItemsView, items_view
from service.classroom.kept_groups import KeptGroup, KeptGroups, ask_groups, change_of, keep, let_go
from service.classroom.skill import SkillLine, SkillView, skill_view
from service.classroom.today import Today, TodayLine, today

router = APIRouter(prefix="/v1/classes/{class_id:path}", tags=["classes"])

ClassId = Annotated[Id, Path()]
Since = Annotated[
    str,
    Query(description="Changes since the last `lesson`, since so many days (`7d`), or since a date (`2026-03-01`)."),
]


@router.get("/today", response_model=Today, responses=DESCRIBED)
async def class_today(
    request: Request, class_id: ClassId, tutor: TutorDep, since: Since = WEEK, format: Format = None
) -> Response:
    """Who needs help, who can move on, what changed, and what to do about each; as CSV one row a line."""
    view = await ask(tutor, class_id, lambda found: today(found, since))
    return await table(request, format, Today, view, lambda one: map(_row, one.lines), _names(TodayLine))


@router.get("/skill", response_model=SkillView, responses=DESCRIBED)
async def class_skill(
    request: Request,
    class_id: ClassId,
    tutor: TutorDep,
    skill: Annotated[Id, Query(description="The skill's id.")],
    format: Format = None,
) -> Response:
    """Who is where on a skill, what holds them back, the items that teach it; as CSV one row a student."""
    view = await ask(tutor, class_id, lambda found: skill_view(found, skill))
    return await table(request, format, SkillView, view, lambda one: map(_row, one.lines), _names(SkillLine))


@router.get("/items", response_model=ItemsView, responses=DESCRIBED)
async def class_items(
    request: Request,
    class_id: ClassId,
    tutor: TutorDep,
    item: items.Item = "",
    format: Format = None,
) -> Response:
    """How hard and how telling each item is, and which look wrong; as CSV one row an item."""
    view = await ask(tutor, class_id, lambda found: items_view(found, item))
    return await table(request, format, ItemsView, view, lambda one: map(items.row, one.lines), items.COLUMNS)


@router.get("/groups", response_model=GroupsView, responses=DESCRIBED)
async def class_groups(
    request: Request,
    class_id: ClassId,
    tutor: TutorDep,
    skill: Annotated[list[str], Query(description="Your own groups: the skill of each, in order.")] = [],  # noqa: B006
    who: Annotated[list[str], Query(description="Each student, in the order of `to`.")] = [],  # noqa: B006
    to: Annotated[list[int], Query(description="Each one's group: 1 for the first, 0 for none.")] = [],  # noqa: B006
    kept: Annotated[str, Query(description="The id of groups that are kept: show those.")] = "",
    format: Format = None,
) -> Response:
    """Groups to teach together, by shared gap: suggested, as given, or as kept; as CSV one row a student."""
    view = await ask_groups(tutor, class_id, GroupChange(tuple(skill), tuple(who), tuple(to)), kept)
    return await table(request, format, GroupsView, view, _members, ("group", *_names(Member)))


class GroupIn(BaseModel):
    """A skill and the students who are taught it together."""

    model_config = ConfigDict(extra="forbid")

    skill_id: Id
    students: list[Id] = Field(max_length=1000)


class GroupsIn(BaseModel):
    """Groups to keep for a class. A student stands in one of them; who is not of the class is left out."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="What they are kept under; groups of the same name are replaced.")
    author: Id = Field(description="Who keeps them.")
    groups: list[GroupIn] = Field(min_length=1, max_length=1000)


@router.post(
    "/groups", status_code=201, response_model=KeptGroups, responses=problems(400, 401, 403, 404, 409, 413, 422, 503)
)
async def keep_groups(class_id: ClassId, tutor: TutorDep, given: Annotated[GroupsIn, Body()]) -> Response:
    """Keep groups for whoever teaches the class."""
    change = change_of([KeptGroup(one.skill_id, tuple(one.students)) for one in given.groups])
    kept = await keep(tutor, class_id, given.name, given.author, change)
    return Response(TypeAdapter(KeptGroups).dump_json(kept), 201, media_type="application/json")


@router.delete("/groups/{kept_id}", status_code=204, responses=problems(401, 403, 404, 422, 503))
async def let_groups_go(class_id: ClassId, tutor: TutorDep, kept_id: Id) -> Response:
    """Keep groups no longer."""
    await let_go(tutor, class_id, kept_id)
    return Response(status_code=204)


@router.get("/recommendations", response_model=GivenView, responses=DESCRIBED)
async def class_recommendations(
    request: Request,
    class_id: ClassId,
    tutor: TutorDep,
    settings: SettingsDep,
    since: Since = MONTH,
    format: Format = None,
) -> Response:
    """What was recommended, whether it was followed, how it was answered, and the gain since; as CSV one row each."""
    view = await ask_given(tutor, settings.data / "archive", class_id, since)
    return await table(request, format, GivenView, view, lambda one: map(_row, one.lines), _names(GivenLine))


def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _row(line: TodayLine | SkillLine | GivenLine) -> Mapping[str, object]:
    return asdict(line)


def _members(view: GroupsView) -> Iterable[Mapping[str, object]]:
    """Who is in no group has an empty number."""
    rest: list[GroupView | None] = [*view.groups, None]
    for group in rest:
        for one in group.students if group else (*view.alone, *view.without_gap):
            yield {"group": group.number if group else None} | asdict(one)
