"""Reading bodies by hand: content type, encoding and form are checked with words of our own."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Request

from service.errors import MalformedBody, UnsupportedMediaType


async def read_json(request: Request) -> Any:
    """The decoded body. Raises :class:`UnsupportedMediaType` and :class:`MalformedBody`."""
    _, decoded = await _json(request)
    return decoded


async def read_json_bytes(request: Request) -> bytes:
    """The body as it came, known to be JSON."""
    body, _ = await _json(request)
    return body


async def read_csv(request: Request) -> bytes:
    """The raw body of a table."""
    require_type(request, "text/csv")
    return await request.body()


def require_type(request: Request, wanted: str) -> None:
    """Raise :class:`UnsupportedMediaType` where the body is said to be something else."""
    found = request.headers.get("content-type")
    if found is None or found.partition(";")[0].strip().lower() != wanted:
        raise UnsupportedMediaType(wanted, found)


async def _json(request: Request) -> tuple[bytes, Any]:
    require_type(request, "application/json")
    body = await request.body()
    return body, decoded(body)


def decoded(body: bytes) -> Any:
    """What JSON says. Raises :class:`MalformedBody`."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise MalformedBody(f"{fault}"[:300]) from None
