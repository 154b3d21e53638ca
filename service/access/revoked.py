"""Links and keys that were taken back before their time: a list in the store, which every process looks at.

Sessions carry the id of the link that opened them, and end with it. An id stays on the list until its link would have
expired anyway.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from hashlib import sha256

import orjson

from service.errors import Unavailable
from service.store.base import Store, StoreUnavailable

SECONDS = 1.0
"""For so long a process may not know yet of what was taken back."""


class Revoked:
    """What one process knows of the list."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked = float("-inf")
        self._version: str | None = None
        self._ids: frozenset[str] = frozenset()

    async def holds(self, store: Store, token_id: str) -> bool:
        """Whether this link was taken back. Raises :class:`Unavailable` where the list was never read."""
        began = self._clock()
        if began - self._asked >= SECONDS:
            try:
                version = (await store.heads()).access
                if version != self._version:
                    self._ids, self._version = frozenset(await listed(store, version)), version
            except StoreUnavailable:
                if self._asked == float("-inf"):
                    raise Unavailable("The store does not answer now.") from None
            else:
                self._asked = began
        return token_id in self._ids


async def listed(store: Store, version: str | None) -> dict[str, int]:
    """The ids of a version of the list, each with the time (unix seconds) at which its link expires anyway."""
    blob = None if version is None else await store.fetch("access", version)
    found: dict[str, int] = orjson.loads(blob) if blob is not None else {}
    return found


async def revoke(store: Store, token_id: str, expires: int, now: int) -> None:
    """Put an id on the list, and drop those whose links have expired."""
    while True:  # until it is there: somebody else may have written at the same time
        before = (await store.heads()).access
        ids = await listed(store, before)
        if token_id in ids:
            return
        blob = orjson.dumps({one: until for one, until in {**ids, token_id: expires}.items() if until > now})
        await store.publish("access", sha256(blob).hexdigest()[:12], blob)
        if before is not None:
            await store.discard("access", before)
