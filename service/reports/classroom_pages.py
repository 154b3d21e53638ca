"""Pages about a class beside its own: a skill, groups, items. Each shows what the API answers, in sentences."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from service.api.dependencies import SettingsDep, TutorDep
from service.classroom.dossier import MONTH, ask, dossier
from service.classroom.given import ask_given
from service.classroom.groups import GroupChange
from service.classroom.items import items_view
from service.classroom.kept_groups import ask_groups
from service.classroom.pooled_items import ask_pooled_items
from service.classroom.skill import skill_view
from service.overview import LEAST
from service.reports import pages
from service.reports.facts import Context
from service.reports.faults import PageRoute
from service.reports.links import api_url
from service.tutor import Tutor

router = APIRouter(route_class=PageRoute)

MOST = 100  # recommendations, or items, on a page: the CSV has them all
OFFERED = 1000  # items to choose from where one is given; any other can be written


# An id that a path cannot hold comes in the query: see service.reports.links.
@router.get("/skills")
@router.get("/skills/{id:path}")
async def one_skill(tutor: TutorDep, id: str, skill: str) -> Response:
    view = await ask(tutor, id, lambda found: skill_view(found, skill))
    return pages.page("skill.html", view=view, context=context(tutor))


@router.get("/groups")
@router.get("/groups/{id:path}")
async def groups(
    tutor: TutorDep,
    id: str,
    skill: Annotated[list[str], Query()] = [],  # noqa: B006
    who: Annotated[list[str], Query()] = [],  # noqa: B006
    to: Annotated[list[int], Query()] = [],  # noqa: B006
    kept: str = "",
    name: str = "",
) -> Response:
    change = GroupChange(tuple(one for one in skill if one), tuple(who), tuple(to))
    view = await ask_groups(tutor, id, change, kept)
    asked = {"kept": kept} if view.kept_as else {"skill": change.skills, "who": change.students, "to": change.numbers}
    sheet = api_url(id, "groups", **(asked if view.changed else {}))
    name = view.kept_as.name if view.kept_as else name
    skills = tutor.serving.catalog.skills
    return pages.page("groups.html", view=view, context=context(tutor), skills=skills, sheet=sheet, name=name)


@router.get("/items")
@router.get("/items/{id:path}")
async def items(tutor: TutorDep, id: str, item: str = "") -> Response:
    view = await ask(tutor, id, lambda found: items_view(found, item))
    return pages.page("items.html", view=view, context=context(tutor), wanted=item, most=MOST)


@router.get("/all-items")
async def all_items(tutor: TutorDep, item: str = "") -> Response:
    view = await ask_pooled_items(tutor, item)
    return pages.page("all_items.html", view=view, context=context(tutor), most=MOST, least=LEAST)


@router.get("/recommendations")
@router.get("/recommendations/{id:path}")
async def recommendations(
    tutor: TutorDep, settings: SettingsDep, id: str, since: str = MONTH, student: str = ""
) -> Response:
    """``student`` is who the reader comes from: the forms begin with them."""
    view = await ask_given(tutor, settings.data / "archive", id, since)
    found = await dossier(tutor, id)
    return pages.page(
        "recommendations.html",
        view=view,
        context=context(tutor),
        since=since,
        most=MOST,
        pupils=found.pupils,
        catalog=found.catalog,
        offered=[one for one in found.catalog.items if not one.retired][:OFFERED],
        whom=student,
    )


def context(tutor: Tutor) -> Context:
    """Under what the numbers of a page were made."""
    serving = tutor.serving
    return Context(serving.model_version, serving.catalog_version, bool(serving.catalog.items), tutor.now())
