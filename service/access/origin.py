"""Whether a form was sent from a page of ours: another site must not be able to press a button for the reader.

The session's cookie is SameSite=Lax, so that it does not come with another site's POST; this is the second lock, and
the only one where nobody signs in.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from engine.said import said
from service.errors import NotAllowed

SAFE = {"GET", "HEAD", "OPTIONS"}


def require_own_form(request: Request) -> None:
    """Raises :class:`NotAllowed` for what changes something and was not sent from this address.

    Browsers say where a request comes from (Sec-Fetch-Site; older ones Origin); what says nothing is no form.
    """
    if request.method in SAFE:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "")
    host = request.headers.get("host", "")
    own = site == "same-origin" if site is not None else bool(host) and urlsplit(origin).netloc == host
    if not own:
        raise NotAllowed(said("This was not sent from a page of this address."))
