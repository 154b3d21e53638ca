"""Forms of the pages: what a browser sends when a button is pressed."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request

from service.errors import BodyTooLarge

MOST = 200_000  # bytes: a class of hundreds, each in a group


async def form_of(request: Request) -> list[tuple[str, str]]:
    """Its fields in their order, without those that were left empty. Raises :class:`BodyTooLarge`."""
    body = await request.body()
    if len(body) > MOST:
        raise BodyTooLarge(MOST)
    return parse_qsl(body.decode("utf-8", "replace"))
