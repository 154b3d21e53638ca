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
                if self._version != (await store.heads()).access:
                    self._version, ids = await listed(store)
                    self._ids = frozenset(ids)
            except StoreUnavailable:
                if self._asked == float("-inf"):
                    raise Unavailable("The store does not answer now.") from None
            else:
                self._asked = began
        return token_id in self._ids

    def spares(self, token_id: str) -> bool:
        """Whether this link holds for certain, without asking; else :meth:`holds` tells."""
        return self._clock() - self._asked < SECONDS and token_id not in self._ids


async def listed(store: Store) -> tuple[str | None, dict[str, int]]:
    """The version of the list, and its ids, each with the time (unix seconds) at which its link expires anyway."""
    version, ids = (await store.heads()).access, dict[str, int]()
    while version is not None:
        blob = await store.fetch("access", version)
        if blob is not None:
            ids = orjson.loads(blob)
            break
        missing, version = version, (await store.heads()).access
        if version == missing:  # it was lost; else another list has just taken its place
            break
    return version, ids


async def revoke(store: Store, token_id: str, expires: int, now: int) -> None:
    """Put an id on the list, and drop those whose links have expired."""
    while True:  # again where somebody else wrote meanwhile
        before, ids = await listed(store)
        if token_id in ids:
            return
        blob = orjson.dumps({one: until for one, until in {**ids, token_id: expires}.items() if until > now})
        if await store.replace("access", sha256(blob).hexdigest()[:12], blob, before):
            if before is not None:
                await store.discard("access", before)
            return
