"""What is kept never takes more than its room, and those used last are in it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.lru import LRUCache

ROOM = 20


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, ROOM))))
def test_those_kept_last_are_there_as_far_as_they_fit(kept: list[tuple[int, int]]) -> None:
    cache, expected = LRUCache[int, int](ROOM), list[tuple[int, int, int]]()  # the oldest first
    for n, (key, size) in enumerate(kept):
        cache.keep(key, n, size)
        expected = [one for one in expected if one[0] != key] + [(key, n, size)]
        while sum(one[2] for one in expected) > ROOM:
            del expected[0]
    assert [(key, cache.get(key)) for key in cache] == [(key, n) for key, n, _ in expected]
    assert cache.room == ROOM - sum(size for _, _, size in expected)
    assert len(cache) == len(expected)


def test_what_is_larger_than_the_room_is_not_kept() -> None:
    cache = LRUCache[str, int](ROOM)
    cache.keep("a", 1, 5)
    cache.keep("b", 2, ROOM + 1)
    assert (list(cache), cache.room) == ([], ROOM)
