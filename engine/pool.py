"""Items that may be given, counted by their set of skills.

Items with the same skills are worth the same, so a choice is made among sets and needs the items only at its end: its
cost does not grow with the catalog.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from engine.catalog import Catalog
from engine.scoring import items_between

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


class Pool:
    """The active items of a catalog without those that are ``blocked`` (positions). ``counts`` [sets] are left."""

    def __init__(self, catalog: Catalog, blocked: Iterable[int] = ()) -> None:
        self._catalog, self._sets, self._blocked = catalog, catalog.skill_sets, set[int]()
        self.counts = self._sets.offered.copy()
        for item in blocked:
            self.take(item)

    def take(self, item: int) -> None:
        """Leave an item out from here on."""
        if item not in self._blocked and not self._catalog.items[item].retired:
            self.counts[self._sets.of_item[item]] -= 1
        self._blocked.add(item)

    def without(self, items: Iterable[int]) -> Pool:
        """Another pool that lacks these items too."""
        return Pool(self._catalog, (*self._blocked, *items))

    def size(self, among: Mask) -> int:
        """How many items the sets marked [sets] have left."""
        return int(self.counts[among].sum())

    def item(self, among: Mask, place: int) -> int:
        """The item at a place, 0 .. size - 1, among those left of the sets marked."""
        marked = np.flatnonzero(among)
        ends = np.cumsum(self.counts[marked])
        at = int(np.searchsorted(ends, place, side="right"))
        place -= int(ends[at - 1]) if at else 0
        return self._left(int(marked[at]))[place]

    def items(self, among: Mask, low: int, high: int) -> list[int]:
        """The items at places low .. high - 1."""
        blocked = np.array(sorted(self._blocked), np.int64)
        found: list[int] = items_between(
            among, self.counts, self._sets.first, self._sets.members, blocked, low, high
        ).tolist()
        return found

    def place(self, among: Mask, item: int) -> int:
        """The place of an item that is left in one of the sets marked."""
        own = self.set_of(item)
        return int(self.counts[:own][among[:own]].sum()) + self._left(own).index(item)

    def _left(self, s: int) -> list[int]:
        """The items that set s has left, in order."""
        members: list[int] = self._sets.members[self._sets.first[s] : self._sets.first[s + 1]].tolist()
        return members if len(members) == self.counts[s] else [item for item in members if item not in self._blocked]

    def any(self, flags: Flags) -> Flags:
        """The flags (bits) of a set's skills together, [sets]; ``flags`` [K]."""
        return np.bitwise_or.reduceat(flags[self._sets.skills], self._sets.start[:-1])

    def mean(self, values: Floats) -> Floats:
        """Mean of a value over each set's skills, [sets]; ``values`` [K]."""
        return np.asarray(np.add.reduceat(values[self._sets.skills], self._sets.start[:-1]) / self._sets.size)

    def set_of(self, item: int) -> int:
        return int(self._sets.of_item[item])

    def skills_of(self, among: Mask) -> list[int]:
        """Skills of the sets marked, each once."""
        low, high = self._sets.start[:-1][among], self._sets.start[1:][among]
        pairs = zip(low.tolist(), high.tolist(), strict=True)
        return list(dict.fromkeys(int(k) for a, b in pairs for k in self._sets.skills[a:b]))
