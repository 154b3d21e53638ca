"""``/v1/items``: the items of all classes together, as far as the caller may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from engine.item_analysis import ItemFacts
from service.api.dependencies import TutorDep
from service.api.tables import DESCRIBED, Format, table
from service.classroom.items import ItemLine
from service.classroom.pooled_items import PooledItems, ask_pooled_items

router = APIRouter(tags=["classes"])

Item = Annotated[str, Query(description="Tell of this item who answered it.")]
BESIDE = ("item_id", "title", "skill_ids", "retired", "answers")
COLUMNS = (*BESIDE, *(field.name for field in fields(ItemFacts)))


@router.get("/v1/items", response_model=PooledItems, responses=DESCRIBED)
async def pooled_items(request: Request, tutor: TutorDep, item: Item = "", format: Format = None) -> Response:
    """How hard and how telling each item is over all classes, and which look wrong; as CSV one row an item. A leader is
    told of no item that fewer than ten students have answered."""
    view = await ask_pooled_items(tutor, item)
    return await table(request, format, PooledItems, view, lambda one: map(row, one.lines), COLUMNS)


def row(line: ItemLine) -> Mapping[str, object]:
    """An item with its facts beside it."""
    return {name: getattr(line, name) for name in BESIDE} | asdict(line.facts)
