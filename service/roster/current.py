"""The roster that is current in the store, and what follows from it: which classes there are and who is in them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from service.roster.roster import EMPTY, Members, Roster, from_json, to_json
from service.store.base import Store

logger = logging.getLogger(__name__)


class Rosters:
    """Made once a process. Asks the store's head at every use: who lost a class must not see it a second longer.

    With no roster, classes are those that responses named; with one, they are the roster's and no others.
    """

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        """``now`` gives the time in ms."""
        self._store, self._now = store, now
        self._loaded: tuple[str | None, Roster] = (None, EMPTY)
        self._members: tuple[Roster, str, Members] | None = None

    async def current(self) -> Roster:
        """The roster, :data:`EMPTY` where none was imported. One that cannot be read leaves the last one in place."""
        version = (await self._store.heads()).roster
        if version == self._loaded[0]:
            return self._loaded[1]
        blob = b"" if version is None else await self._store.fetch("roster", version)
        try:
            roster = await asyncio.to_thread(_read, blob, version)
        except (ValueError, TypeError, KeyError):
            logger.exception("refused a roster", extra={"version": version, "kept": self._loaded[0]})
            return self._loaded[1]
        self._loaded = version, roster
        return roster

    async def members(self) -> Members | None:
        """Who belongs where today (in UTC); None without a roster."""
        roster = await self.current()
        if roster is EMPTY:
            return None
        day = f"{datetime.fromtimestamp(self._now() / 1000, UTC):%Y-%m-%d}"
        if self._members is None or self._members[0] is not roster or self._members[1] != day:
            self._members = roster, day, await asyncio.to_thread(roster.on, day)
        return self._members[2]

    async def class_ids(self) -> list[str]:
        """All classes, sorted."""
        members = await self.members()
        return await self._store.class_ids() if members is None else sorted(members.students)

    async def class_students(self, class_id: str) -> list[str]:
        """Students of a class, sorted; empty for an unknown class."""
        members = await self.members()
        if members is None:
            return await self._store.class_students(class_id)
        return list(members.students.get(class_id, ()))

    async def publish(self, roster: Roster) -> None:
        """Make a roster current, and forget the one before it: it holds names of those who left."""
        before = (await self._store.heads()).roster
        await self._store.publish("roster", roster.version, to_json(roster))
        if before is not None and before != roster.version:
            await self._store.discard("roster", before)


def _read(blob: bytes | None, version: str | None) -> Roster:
    if version is None:
        return EMPTY
    if blob is None:
        raise ValueError("the store does not hold it")
    roster = from_json(blob)
    if roster.version != version:
        raise ValueError("it was changed after it was published")
    return roster
