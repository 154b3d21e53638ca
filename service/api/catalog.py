"""``/v1/catalog``: items, skills and prerequisites, read and replaced; ``/v1/model``: what is served."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from engine.catalog import Catalog, CatalogError, Prerequisite, to_json
from service.api.bodies import read_csv, read_json_bytes
from service.api.dependencies import TutorDep
from service.api.problems import problems
from service.api.schemas import Out, reply
from service.catalogs import TABLES, parse_json, parse_tables
from service.errors import CatalogRefused, InvalidRequest, UnknownTable
from service.tutor import Tutor, summary
from service.views import CatalogSummary

router = APIRouter(tags=["catalog"])


class SkillRow(BaseModel):
    id: str
    title: str = ""
    mastered_at: float | None = Field(
        None, gt=0, lt=1, description="Expected success from which this skill is mastered. Default: as for any skill."
    )
    area: str = Field("", description="The part of the subject that it belongs to; the class report filters by it.")


class ItemRow(BaseModel):
    id: str
    skill_ids: list[str]
    title: str = ""
    retired: bool = Field(False, description="Never recommended; past answers still count.")


class PrerequisiteRow(BaseModel):
    prerequisite: str
    skill: str


class CatalogIn(BaseModel):
    """Tables left out are kept from the current catalog."""

    items: list[ItemRow] | None = None
    skills: list[SkillRow] | None = Field(None, description="Left out on the first import: those that the items name.")
    prerequisites: list[PrerequisiteRow] | None = None


class CatalogOut(Out):
    version: str = Field(description="Empty where no catalog was imported.")
    items: list[ItemRow]
    skills: list[SkillRow]
    prerequisites: list[PrerequisiteRow]


class ImportedOut(Out):
    version: str
    items: int
    skills: int
    prerequisites: int
    retired: int = Field(description="Items that the import lacks: kept, never recommended.")
    dropped: list[PrerequisiteRow] = Field([], description="Prerequisites dropped to break cycles.")


class ModelOut(Out):
    version: str
    skills: int = Field(description="Skills with parameters of their own; others back off to the population.")
    about: dict[str, Any] = Field(description="How it was made.")
    catalog_version: str


EXAMPLE = {
    "items": [{"id": "fractions-7", "skill_ids": ["fractions"], "title": "Halves and quarters"}],
    "skills": [{"id": "fractions", "title": "Fractions"}, {"id": "division", "title": "Division"}],
    "prerequisites": [{"prerequisite": "division", "skill": "fractions"}],
}
JSON_BODY = {"application/json": {"schema": {"$ref": "#/components/schemas/CatalogIn"}, "example": EXAMPLE}}
CSV_BODY = {"text/csv": {"schema": {"type": "string"}, "example": "item_id,skill_ids,title\nf-7,fractions;division,\n"}}

Break = Annotated[bool, Query(description="Drop the prerequisites that close a cycle, and tell which.")]


@router.get("/v1/catalog", response_model=CatalogOut, responses=problems(503))
async def catalog(tutor: TutorDep) -> Response:
    """The current catalog, in the form that PUT takes."""
    current = await tutor.catalog()
    tables = await asyncio.to_thread(to_json, current)
    return Response(f'{{"version":"{summary(current).version}",{tables[1:]}', media_type="application/json")


@router.put(
    "/v1/catalog",
    response_model=ImportedOut,
    responses=problems(400, 413, 415, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": JSON_BODY}},
)
async def put_catalog(request: Request, tutor: TutorDep, break_cycles: Break = False) -> Response:
    """Replace the catalog. Faults are all told, with table and row; then the current one stays."""
    body = await read_json_bytes(request)
    return await _import(tutor, partial(parse_json, body, break_cycles=break_cycles))


@router.put(
    "/v1/catalog/{table}",
    response_model=ImportedOut,
    responses=problems(404, 413, 415, 422, 503),
    openapi_extra={"requestBody": {"required": True, "content": CSV_BODY}},
)
async def put_table(
    request: Request,
    table: Annotated[str, Path(description="items, skills or prerequisites", json_schema_extra={"enum": list(TABLES)})],
    tutor: TutorDep,
    break_cycles: Break = False,
    column: Annotated[
        list[str], Query(description="Where a field stands in a column of another name: `item_id=name`.")
    ] = [],  # noqa: B006
) -> Response:
    """Replace one table by CSV; the other two stay. Several skills stand in a cell with `;` between them."""
    if table not in TABLES:
        raise UnknownTable(f"There is no table {table[:100]!r}.")
    body = await read_csv(request)
    given: dict[str, Any] = {table: body}
    read = partial(parse_tables, **given, columns=_columns(column), break_cycles=break_cycles)
    return await _import(tutor, read)


@router.get("/v1/model", response_model=ModelOut, responses=problems(503))
async def model(tutor: TutorDep) -> Response:
    """The model that is served now."""
    serving = await tutor.servings.refresh()
    about = {"version": serving.model_version, "skills": len(serving.model.skills), "about": dict(serving.model.about)}
    return reply(ModelOut, about | {"catalog_version": serving.catalog_version})


def _columns(pairs: list[str]) -> dict[str, str]:
    columns = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(columns) != len(pairs):
        raise InvalidRequest("column must be field=name, one parameter a field: ?column=item_id=name")
    return columns


async def _import(tutor: Tutor, read: Callable[..., tuple[Catalog, list[Prerequisite]]]) -> Response:
    current = await tutor.catalog()
    try:
        parsed, dropped = await asyncio.to_thread(read, current=current)
    except CatalogError as error:
        raise CatalogRefused(error) from None
    told: CatalogSummary = await tutor.import_catalog(parsed)
    imported = ImportedOut.model_validate(told)
    imported.dropped = [PrerequisiteRow(prerequisite=edge.prerequisite, skill=edge.skill) for edge in dropped]
    return reply(ImportedOut, imported)
