"""Catalogs as people have them: CSV tables or JSON, read with every fault named by table and row.

Tables that are not given are kept from the current catalog. Used by the API and the command line alike.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from engine.catalog import EMPTY, Catalog, CatalogError, Fault, Item, Prerequisite, Skill, build
from service.ids import id_fault

TABLES = ("items", "skills", "prerequisites")
KNOWN = (*TABLES, "version")  # what GET /v1/catalog gives can be sent back as it is
REQUIRED = {
    "items": ("item_id", "skill_ids"),
    "skills": ("skill_id",),
    "prerequisites": ("prerequisite", "skill"),
}
OPTIONAL = {"items": ("title", "retired"), "skills": ("title", "mastered_at", "area"), "prerequisites": ()}
ALIASES = {"exercise": "skill"}  # as Junyi Academy's table has it
IN_JSON = {"items": {"id": "item_id"}, "skills": {"id": "skill_id"}, "prerequisites": {}}
YES, NO = ("true", "1", "yes"), ("", "false", "0", "no")
MAX_TITLE = 1000
STAND_IN = "\0"  # begins no id: what the engine says of a stand-in was said before, of the id itself

Row = Mapping[str, Any]
Rows = Sequence[Row]
Read = tuple[Catalog, list[Prerequisite]]


def parse_tables(
    items: str | bytes | None = None,
    skills: str | bytes | None = None,
    prerequisites: str | bytes | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    current: Catalog = EMPTY,
    break_cycles: bool = False,
) -> Read:
    """A catalog from CSV texts, and the prerequisites dropped to break cycles. Raises :class:`CatalogError`.

    ``columns`` says which column holds a field: ``{"item_id": "name"}``. Several skills stand in one cell with ``;``
    between them.

    >>> catalog, _ = parse_tables("item_id,skill_ids\\ni1,adding;carrying\\n")
    >>> catalog.items[0].skill_ids
    ('adding', 'carrying')
    """
    given = {"items": items, "skills": skills, "prerequisites": prerequisites}
    faults: list[Fault] = []
    rows: dict[str, Rows | None] = {}
    for table, text in given.items():
        rows[table] = None if text is None else _csv_rows(table, text, columns or {}, faults)
    return _assemble(rows, current, break_cycles, faults)


def parse_json(text: str | bytes, *, current: Catalog = EMPTY, break_cycles: bool = False) -> Read:
    """The same from JSON: ``{"items": [{"id", "skill_ids", "title"}], "skills": [...], "prerequisites": [...]}``."""
    try:
        tables = orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        raise CatalogError([Fault("catalog", None, f"is not JSON: {fault}")]) from None
    if not isinstance(tables, dict) or not any(table in tables for table in TABLES):
        raise CatalogError([Fault("catalog", None, f"must be an object with {', '.join(TABLES)}")])
    faults = [Fault(str(name)[:100], None, "is not a table of the catalog") for name in tables if name not in KNOWN]
    rows: dict[str, Rows | None] = dict.fromkeys(TABLES)
    for table in TABLES:
        if table in tables and tables[table] is not None:
            rows[table] = _json_rows(table, tables[table], faults)
    return _assemble(rows, current, break_cycles, faults)


# ------------------------------------------------------------------------------------------------- from text to rows


def _csv_rows(table: str, text: str | bytes, columns: Mapping[str, str], faults: list[Fault]) -> Rows:
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
    except UnicodeDecodeError as fault:
        faults.append(Fault(table, None, f"is not UTF-8 (byte {fault.start}): save it as 'CSV UTF-8'"))
        return []
    try:
        lines = [line for line in csv.reader(io.StringIO(decoded, newline=""), delimiter=_delimiter(decoded)) if line]
    except csv.Error as fault:
        faults.append(Fault(table, None, f"cannot be read as CSV: {fault}"))
        return []
    if not lines:
        faults.append(Fault(table, None, "is empty: not even a header"))
        return []
    header = [name.strip() for name in lines[0]]
    places = _places(table, header, columns, faults)
    if len(lines) == 1:
        if table != "prerequisites":  # a school may have none
            faults.append(Fault(table, None, "is empty: there is no row below the header"))
        return []
    rows = []
    for number, cells in enumerate(lines[1:], 1):
        if len(cells) != len(header):
            faults.append(Fault(table, number, f"has {len(cells)} cells, and the header {len(header)}"))
        rows.append({field: cells[at].strip() for field, at in places.items() if at < len(cells)})
    return rows


def _delimiter(text: str) -> str:
    """The separator that the header has most of: spreadsheets write ``;`` in some countries."""
    header = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t", key=header.count)


def _places(table: str, header: list[str], columns: Mapping[str, str], faults: list[Fault]) -> dict[str, int]:
    """Where each field stands."""
    places: dict[str, int] = {}
    for at, name in enumerate(header):
        places.setdefault(ALIASES.get(name, name) if table == "prerequisites" else name, at)
    fields = (*REQUIRED[table], *OPTIONAL[table])
    for field, name in columns.items():
        if field in fields and name in header:
            places[field] = header.index(name)
        elif field in fields:
            faults.append(Fault(table, None, f"has no column {name!r} for {field}; found: {_names(header)}"))
    if missing := [field for field in REQUIRED[table] if field not in places and field not in columns]:
        message = f"lacks the column{'s' * (len(missing) > 1)} {_names(missing)}; found: {_names(header)}"
        faults.append(Fault(table, None, f"{message}. Name the column that holds it, if it is called otherwise"))
    return {field: places[field] for field in fields if field in places}


def _json_rows(table: str, given: object, faults: list[Fault]) -> Rows:
    if not isinstance(given, list):
        faults.append(Fault(table, None, "must be a list of objects"))
        return []
    rows: list[Row] = []
    for number, one in enumerate(given, 1):
        if not isinstance(one, dict):
            faults.append(Fault(table, number, "is not an object"))
            one = {}
        row = {IN_JSON[table].get(name, name): value for name, value in one.items()}
        if unknown := [name for name in row if name not in (*REQUIRED[table], *OPTIONAL[table])]:
            faults.append(Fault(table, number, f"has the unknown field{'s' * (len(unknown) > 1)} {_names(unknown)}"))
        rows.append(row)
    return rows


# ---------------------------------------------------------------------------------------------- from rows to a catalog


def _assemble(rows: Mapping[str, Rows | None], current: Catalog, break_cycles: bool, faults: list[Fault]) -> Read:
    if unread := {fault.table for fault in faults if fault.row is None}:
        raise CatalogError([fault for fault in faults if fault.table in unread] or faults)
    items = _items(rows["items"], faults) if rows["items"] is not None else list(current.items)
    edges = _edges(rows["prerequisites"], faults) if rows["prerequisites"] is not None else list(current.prerequisites)
    if rows["skills"] is not None:
        skills = _skills(rows["skills"], faults)
    else:
        skills = _kept_skills(current, items, edges if rows["prerequisites"] is None else [])
    try:
        catalog, dropped = build(skills, items, edges, break_cycles)
    except CatalogError as error:
        found = [fault for fault in error.faults if repr(STAND_IN)[1:-1] not in fault.message]
        told = {*faults, *(fault if rows[fault.table] is not None else _kept(fault) for fault in found)}
        ordered = sorted(told, key=lambda fault: (fault.table, fault.row or 0, fault.message))
        raise CatalogError(ordered, error.cycles) from None
    if faults:
        raise CatalogError(faults)
    return catalog, dropped


def _kept(fault: Fault) -> Fault:
    return replace(fault, message=f"{fault.message} (this table was not given: it is the current catalog's)")


def _kept_skills(current: Catalog, items: list[Item], kept_edges: list[Prerequisite]) -> list[Skill]:
    """Skills where no table of them is given: the current ones, or, where nobody ever named them, those in use.

    A table that was imported has titles, thresholds, areas, or skills without an item; without these it was made from
    the items, and items with new skills must not be refused for want of a table that the school does not have.
    """
    in_use = {skill for item in current.items for skill in item.skill_ids}
    if any(skill.title or skill.mastered_at or skill.area or skill.id not in in_use for skill in current.skills):
        return list(current.skills)
    named = [skill for item in items for skill in item.skill_ids]
    needed = [skill for edge in kept_edges for skill in (edge.prerequisite, edge.skill)]
    return [Skill(name) for name in dict.fromkeys([*named, *needed])]


def _items(rows: Rows, faults: list[Fault]) -> list[Item]:
    items = []
    for number, row in enumerate(rows, 1):
        given = row.get("skill_ids", "")
        cells = [part.strip() for part in given.split(";")] if isinstance(given, str) else given
        if not isinstance(cells, list):
            faults.append(Fault("items", number, "skill_ids must be a list of names"))
            cells = []
        skills = [_id("items", number, "skill_ids", name, faults) for name in cells if name != ""]
        item = _id("items", number, "item_id", row.get("item_id", ""), faults)
        title = _text("items", number, "title", row, faults)
        items.append(Item(item, tuple(skills), title, _flag(number, row.get("retired", ""), faults)))
    return items


def _skills(rows: Rows, faults: list[Fault]) -> list[Skill]:
    return [
        Skill(
            _id("skills", number, "skill_id", row.get("skill_id", ""), faults),
            _text("skills", number, "title", row, faults),
            _share(number, row.get("mastered_at"), faults),
            _text("skills", number, "area", row, faults).strip(),
        )
        for number, row in enumerate(rows, 1)
    ]


def _edges(rows: Rows, faults: list[Fault]) -> list[Prerequisite]:
    return [
        Prerequisite(
            *(_id("prerequisites", number, field, row.get(field, ""), faults) for field in REQUIRED["prerequisites"])
        )
        for number, row in enumerate(rows, 1)
    ]


def _id(table: str, number: int, field: str, given: object, faults: list[Fault]) -> str:
    """The id; where it is none, a stand-in of its own, so that one fault is not told twice."""
    fault = id_fault(given) if isinstance(given, str) else f"is not text but {given!r:.50}"
    if fault is None:
        return str(given)
    faults.append(Fault(table, number, f"{field} {fault}"))
    return f"{STAND_IN}{table} {number} {field}"


def _text(table: str, number: int, field: str, row: Row, faults: list[Fault]) -> str:
    given = row.get(field) or ""
    if isinstance(given, str) and len(given) <= MAX_TITLE and not any("\ud800" <= c <= "\udfff" for c in given):
        return given
    faults.append(Fault(table, number, f"{field} is not text of at most {MAX_TITLE} characters"))
    return ""


def _share(number: int, given: object, faults: list[Fault]) -> float | None:
    """A share between 0 and 1, both left out; None where nothing is set."""
    if given is None or given == "":
        return None
    try:
        share = math.nan if isinstance(given, bool) else float(str(given))
    except ValueError:
        share = math.nan
    if 0 < share < 1:
        return share
    told = f"mastered_at must lie between 0 and 1, such as 0.8, not {str(given)[:50]!r}"
    faults.append(Fault("skills", number, told))
    return None


def _flag(number: int, given: object, faults: list[Fault]) -> bool:
    if isinstance(given, bool):
        return given
    word = "" if given is None else str(given).strip().lower()
    if word not in (*YES, *NO):
        faults.append(Fault("items", number, f"retired must be true or false, not {word[:50]!r}"))
    return word in YES


def _names(names: Sequence[str]) -> str:
    return ", ".join(repr(str(name)[:100]) for name in names[:20]) or "nothing"
