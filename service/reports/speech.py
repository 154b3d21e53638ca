"""Which language and time zone a request is answered in: asked for (``?lang=es``, kept in a cookie), else what the
browser wants, else the installation's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from service import language
from service.settings import Settings

ASKED, COOKIE = "lang", "nextwise_language"
YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Choice:
    """A language to choose on a page: ``name`` is its own name of itself."""

    tag: str
    name: str
    url: str
    current: bool


_query: ContextVar[list[tuple[str, str]] | None] = ContextVar("query", default=None)


@contextmanager
def speech(request: Request) -> Iterator[None]:
    """Everything that is said inside is said to this reader."""
    settings: Settings = getattr(request.app.state, "settings", None) or Settings()
    wanted = [request.query_params.get(ASKED, ""), request.cookies.get(COOKIE, "")]
    wanted += [*language.accepted(request.headers.get("accept-language", "")), settings.language]
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != ASKED]
    mark = _query.set(kept if request.method == "GET" else None)
    try:
        with language.speaking(language.find(wanted, ZoneInfo(settings.time_zone))):
            yield
    finally:
        _query.reset(mark)


def remember(request: Request, answer: Response) -> None:
    """Keep the language that was asked for, so that the next page has it too."""
    asked = request.query_params.get(ASKED)
    if asked in language.codes():
        answer.set_cookie(COOKIE, asked, max_age=YEAR, httponly=True, samesite="lax")


def choices() -> list[Choice]:
    """This page in each language; none where it is the answer to a form."""
    query = _query.get()
    if query is None:
        return []
    found, now = [language.find([code]) for code in language.codes()], language.language().code
    return [
        Choice(one.tag, _own_name(one), f"?{urlencode([*query, (ASKED, one.code)])}", one.code == now) for one in found
    ]


def _own_name(one: language.Language) -> str:
    name = one.locale.languages.get(one.locale.language) or one.code
    return name[:1].upper() + name[1:]
