"""Links, sessions and keys: signed statements of who someone is and until when. Nothing of them is stored.

Signed with HMAC-SHA256 under keys derived from the installation's secret, one for each purpose, so that a link is no
session and a session no key. Whoever changes the secret (``NEXTWISE_SALT``) ends all of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Literal, NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from engine.said import said
from service.access.viewer import Role, Viewer
from service.errors import NotSignedIn

Purpose = Literal["link", "session", "key"]

ID_BYTES = 5

SESSION_SECONDS = 12 * 3600
"""A session ends with the day it was opened on; the link opens another, as long as it holds."""

REVOKED: Mapping[Purpose, str] = {
    "link": said("The link was taken back."),
    "session": said("The link that opened the session was taken back."),
    "key": said("The key was taken back."),
}
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


class Token(NamedTuple):
    """What a token says; ``id`` names it, and a session by the link that opened it."""

    viewer: Viewer
    expires: int
    id: str


class Tokens:
    """Makes and reads tokens under one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def make(self, purpose: Purpose, viewer: Viewer, expires: int, id: str = "") -> str:
        """A token that holds until ``expires`` (unix seconds), with an id of its own where none is given.

        Only its signature is secret, not what it says.
        """
        assert viewer.role is not None
        content = [viewer.role.value, viewer.id, expires, id or secrets.token_hex(ID_BYTES)]
        text: str = self._serializer(purpose).dumps(content)
        return text

    def read(self, purpose: Purpose, token: str, now: int) -> Token:
        """Who comes with this token, and until when it holds. Raises :class:`NotSignedIn`.

        Whether it was taken back, only the store knows: :mod:`service.access.revoked`.
        """
        try:
            role, name, expires, *given = self._serializer(purpose).loads(token)  # the first ones made had no id
            found = Token(Viewer(Role(role), str(name)), int(expires), str(*given))
        except (BadData, ValueError, TypeError):
            raise NotSignedIn(STRANGE[purpose]) from None
        if (found.viewer.role is Role.LMS) != (purpose == "key"):
            raise NotSignedIn(said("What you came with is of no use here."))
        if now >= found.expires:
            raise NotSignedIn(EXPIRED[purpose])
        return found

    def key(self, authorization: str, now: int) -> Token:
        """Who comes with this Authorization header. Raises :class:`NotSignedIn`."""
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn("The Authorization header must be a Bearer key.")
        return self.read("key", key.strip(), now)

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        options = {"key_derivation": "hmac", "digest_method": sha256}
        return URLSafeSerializer(self._secret, salt=f"nextwise.{purpose}.1", signer_kwargs=options)
