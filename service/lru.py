"""The values used last, as many as there is room for in bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """``room`` is in bytes, as its user counts them.

    >>> cache = LRUCache[str, int](10)
    >>> for name in ("a", "b", "a", "c"):
    ...     cache.keep(name, 1, size=4)
    >>> list(cache), cache.get("b"), cache.room
    (['a', 'c'], None, 2)
    """

    def __init__(self, room: int) -> None:
        self.room = room
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, where it is kept still; only :meth:`keep` counts as use."""
        kept = self._kept.get(key)
        return None if kept is None else kept[0]

    def keep(self, key: K, value: V, size: int) -> None:
        """Keep a value; those that were kept longest ago make room for it."""
        old = self._kept.pop(key, None)
        self._kept[key] = value, size
        self.room -= size if old is None else size - old[1]
        while self.room < 0:
            self.room += self._kept.popitem(last=False)[1][1]

    def __iter__(self) -> Iterator[K]:
        """The keys, the one kept longest ago first."""
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)
