"""When this browser looked at a class last, so that its page can tell what has changed since.

A cookie holds it, for the classes looked at last: a digest of who looked at what, the hour of that, and the hour of the
visit before. A visit goes on until nobody has looked for :data:`PAUSE` hours: what is loaded anew tells the same.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import blake2b

from fastapi import Request, Response

from service.access import viewer
from service.choosing import HOUR
from service.reports.links import ROOT

COOKIE = "nextwise_visits"
PAUSE = 4  # hours
MOST = 50  # classes
YEAR = 365 * 86_400
ENTRY = re.compile(r"([0-9a-f]{8}):([0-9]{1,9}):([0-9]{0,9})")


def before(told: str, key: str, hour: int) -> tuple[int | None, str]:
    """The hour of the visit before this one, and what the cookie says from now on; ``told`` is what it says.

    >>> before("", "0a1b2c3d", 1000)
    (None, '0a1b2c3d:1000:')
    >>> before("0a1b2c3d:1000:", "0a1b2c3d", 1003), before("0a1b2c3d:1003:", "0a1b2c3d", 1020)
    ((None, '0a1b2c3d:1003:'), (1003, '0a1b2c3d:1020:1003'))
    """
    visits = {one[1]: (int(one[2]), one[3]) for one in map(ENTRY.fullmatch, told.split(".")) if one}
    last, earlier = visits.pop(key, (None, ""))
    if last is not None and hour - last > PAUSE:
        earlier = str(last)
    newest_first = [f"{key}:{hour}:{earlier}", *(f"{one}:{at}:{then}" for one, (at, then) in visits.items())]
    return (int(earlier) if earlier else None), ".".join(newest_first[:MOST])


def told_by(request: Request, class_id: str, now: int) -> tuple[str, str]:
    """The moment of the visit before this one, as ``since`` has it (empty: none is known), and the cookie to give."""
    key = blake2b(f"{viewer().label}\0{class_id}".encode(errors="replace"), digest_size=4).hexdigest()
    hour, cookie = before(request.cookies.get(COOKIE, ""), key, now // HOUR)
    return ("" if hour is None else f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H:%MZ}"), cookie


def keep(request: Request, answer: Response, cookie: str) -> None:
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, cookie, max_age=YEAR, path=ROOT, httponly=True, samesite="lax", secure=secure)
