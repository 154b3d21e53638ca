"""Who looks, how we know, and what they may see.

``NEXTWISE_ACCESS=open`` has no sign-in: whoever reaches the service sees everything, as on a developer's machine.
With ``links`` everybody comes by a signed link or key, and :mod:`service.access.borders` says what each may see.
"""

from service.access.revoked import Revoked
from service.access.tokens import Token, Tokens
from service.access.viewer import NOBODY, OPEN, Role, Viewer, seen_by, viewer

__all__ = ["NOBODY", "OPEN", "Revoked", "Role", "Token", "Tokens", "Viewer", "seen_by", "viewer"]
