"""What an id may be: one rule for students, items, skills, classes and responses, wherever they come from."""

from __future__ import annotations

import re

MAX_LENGTH = 256

_FORBIDDEN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def id_fault(text: str) -> str | None:
    """What is wrong with an id, or None. Emoji and any script are fine; what cannot be seen or sent is not.

    >>> id_fault("Order of Operations +,-,/,* () positive reals"), id_fault("a\\x00b")
    (None, "holds the control character '\\\\x00'")
    """
    if not text:
        return "is empty"
    if len(text) > MAX_LENGTH:
        return f"has {len(text)} characters: at most {MAX_LENGTH} are allowed"
    if bad := _FORBIDDEN.search(text):
        kind = "half of a surrogate pair" if bad[0] >= "\ud800" else "control character"
        return f"holds the {kind} {bad[0]!r}"
    return None
