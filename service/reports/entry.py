"""In by a signed link, out by a button: the only places where a session is set and taken away."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from service.access import NOBODY, Role, Tokens, Viewer, seen_by
from service.access.tokens import REVOKED, SESSION_SECONDS
from service.api.dependencies import SettingsDep, TutorDep
from service.api.gate import COOKIE
from service.errors import NotSignedIn
from service.reports import pages
from service.reports.faults import PageRoute
from service.reports.links import ROOT, student_url

router = APIRouter(route_class=PageRoute)


@router.get("/enter")
async def enter(request: Request, settings: SettingsDep, tutor: TutorDep, token: str = "") -> Response:
    """Exchange a link for a session. The token stands in the query, which no log of ours holds."""
    now = int(time.time())
    tokens = Tokens(settings.resolve_salt())
    viewer, expires, name = tokens.read("link", token, now)
    if await request.app.state.revoked.holds(tutor.store, name):
        raise NotSignedIn(REVOKED["link"])
    until = min(expires, now + SESSION_SECONDS)
    answer = RedirectResponse(home(viewer), 303, pages.HEADERS | pages.PRIVATE)
    answer.set_cookie(
        COOKIE,
        tokens.make("session", viewer, until, name),
        max_age=until - now,
        httponly=True,
        # Lax, not strict: who comes by a link in a mail or from the learning platform must arrive signed in.
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/leave")
async def leave() -> Response:
    """End the session on this machine. A form of another site cannot: PageRoute takes none."""
    seen_by.set(NOBODY)
    answer = pages.page("left.html")
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return answer


def home(viewer: Viewer) -> str:
    """The page that someone begins with."""
    if viewer.role is Role.STUDENT:
        return student_url(viewer.id)
    return f"{ROOT}/overview" if viewer.role is Role.LEADER else ROOT
