"""Links, sessions and keys: signed statements of who someone is and until when. Nothing of them is stored.

Signed with HMAC-SHA256 under keys derived from the installation's secret, one for each purpose, so that a link is no
session and a session no key. Whoever changes the secret (``NEXTWISE_SALT``) ends all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Literal

from itsdangerous import BadData, URLSafeSerializer

from engine.said import said
from service.access.viewer import Role, Viewer
from service.errors import NotSignedIn

Purpose = Literal["link", "session", "key"]

SESSION_SECONDS = 12 * 3600
"""A session ends with the day it was opened on; the link opens another, as long as it holds."""

STRANGE: Mapping[Purpose, str] = {
    "link": said("The link was not made by this installation, or not all of it arrived."),
    "session": said("The session was not made by this installation, or not all of it arrived."),
    "key": said("The key was not made by this installation, or not all of it arrived."),
}
EXPIRED: Mapping[Purpose, str] = {
    "link": said("The link has expired."),
    "session": said("The session has expired."),
    "key": said("The key has expired."),
}


class Tokens:
    """Makes and reads tokens under one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def make(self, purpose: Purpose, viewer: Viewer, expires: int) -> str:
        """A token that holds until ``expires`` (unix seconds). Only its signature is secret, not what it says."""
        assert viewer.role is not None
        text: str = self._serializer(purpose).dumps([viewer.role.value, viewer.id, expires])
        return text

    def read(self, purpose: Purpose, token: str, now: int) -> tuple[Viewer, int]:
        """Who comes with this token, and until when it holds. Raises :class:`NotSignedIn`."""
        try:
            role, name, expires = self._serializer(purpose).loads(token)
            found = Viewer(Role(role), str(name)), int(expires)
        except (BadData, ValueError, TypeError):
            raise NotSignedIn(STRANGE[purpose]) from None
        if (found[0].role is Role.LMS) != (purpose == "key"):
            raise NotSignedIn(said("What you came with is of no use here."))
        if now >= found[1]:
            raise NotSignedIn(EXPIRED[purpose])
        return found

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        options = {"key_derivation": "hmac", "digest_method": sha256}
        return URLSafeSerializer(self._secret, salt=f"nextwise.{purpose}.1", signer_kwargs=options)
