"""Answers that come as JSON or, for a spreadsheet, as CSV: the same answer, so that the two cannot differ."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Query, Request, Response
from pydantic import TypeAdapter

from service.api.problems import problems

T = TypeVar("T")

CSV = "text/csv"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {"content": {CSV: {"schema": {"type": "string"}}}},
    **problems(401, 403, 404, 422, 503),
}

Format = Annotated[Literal["json", "csv"] | None, Query(description="Or ask by the Accept header.")]
Rows = Iterable[Mapping[str, object]]


async def table(
    request: Request, format: str | None, kind: type[T], view: T, rows: Callable[[T], Rows], columns: Sequence[str]
) -> Response:
    """``view`` as JSON, or its ``rows`` as CSV with these ``columns``, whichever was asked for."""
    if wants_csv(request, format):
        return await csv_reply(columns, rows(view))
    return Response(await asyncio.to_thread(TypeAdapter(kind).dump_json, view), media_type="application/json")


def wants_csv(request: Request, format: str | None) -> bool:
    return format == "csv" or (format is None and CSV in request.headers.get("accept", ""))


async def csv_reply(columns: Sequence[str], rows: Rows) -> Response:
    return Response(await asyncio.to_thread(as_csv, columns, rows), media_type=f"{CSV}; charset=utf-8")


def as_csv(columns: Sequence[str], rows: Rows) -> str:
    """One line a row; what is None is empty, and names are joined by semicolons.

    >>> as_csv(["a", "b"], [{"a": "=1", "b": 0.5}, {"a": ("x", "y"), "b": None}])
    "a,b\\r\\n'=1,0.5000\\r\\nx;y,\\r\\n"
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(name, row[name]) for name in columns])
    return out.getvalue()


def _cell(name: str, value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, tuple):
        return safe_cell(";".join(map(str, value)))
    if isinstance(value, int) and not isinstance(value, bool) and name in TIMES:
        return f"{datetime.fromtimestamp(value / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return safe_cell(str(value)) if isinstance(value, str) else value


TIMES = {"last_practised", "at", "answered_at"}
"""Columns of moments (ms): written as in JSON."""


def safe_cell(text: str) -> str:
    """Text that a spreadsheet shows and does not run as a formula.

    >>> safe_cell("=1+1"), safe_cell("a=1")
    ("'=1+1", 'a=1')
    """
    return f"'{text}" if text.startswith(FORMULA) else text
