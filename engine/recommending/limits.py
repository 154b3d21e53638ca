"""A wish as the compiled parts read it: which skills and items may be given at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.recommending.eligible import ASKED, NEVER
from engine.recommending.table import Table
from engine.recommending.wish import ANYTHING, Wish

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_NOBODY, _ALL = np.empty(0, np.int64), np.empty(0, np.bool_)


@dataclass(slots=True)
class Limits:
    """asked [K], bits; blocked: positions of items, sorted; allowed [I], or empty for all."""

    asked: Flags
    blocked: Ints
    allowed: Mask

    def take(self, item: int) -> None:
        """Leave an item out from here on."""
        self.blocked = _sorted([*self.blocked.tolist(), item])


def limits(
    table: Table, skills: Collection[str], exclude: Collection[str], wish: Wish, answered: Ints | None
) -> Limits:
    """``answered``: positions of the items answered, in order of time; needed where the wish limits repeats or spacing.

    Raises ValueError where it is missing.
    """
    catalog, asked = table.catalog, table.everything
    if skills:
        asked = np.zeros(len(catalog.skills), np.uint8)
        asked[_places(catalog.skill_index, skills)] = ASKED
    if wish is ANYTHING:
        return Limits(asked, _sorted(_places(catalog.item_index, exclude)) if exclude else _NOBODY, _ALL)
    asked = asked.copy()
    asked[_places(catalog.skill_index, wish.never)] |= NEVER
    blocked = [*_places(catalog.item_index, exclude), *_worn(wish, answered)]
    allowed = _ALL
    if wish.items:
        allowed = np.zeros(len(catalog.items), np.bool_)
        allowed[_places(catalog.item_index, wish.items)] = True
    return Limits(asked, _sorted(blocked), allowed)


def _worn(wish: Wish, answered: Ints | None) -> list[int]:
    """Items that were answered too often, or too lately."""
    if wish.repeats is None and wish.spacing is None:
        return []
    if answered is None:
        raise ValueError("limits on repeats or spacing need the items answered so far")
    found: list[int] = answered[len(answered) - min(wish.spacing or 0, len(answered)) :].tolist()
    if wish.repeats is not None:
        items, counts = np.unique(answered, return_counts=True)
        found += items[counts > wish.repeats].tolist()
    return found


def _places(index: Mapping[str, int], names: Iterable[str]) -> list[int]:
    return [index[name] for name in names if name in index]


def _sorted(items: Iterable[int]) -> Ints:
    return np.array(sorted(set(items)), np.int64)
