"""What keeps an item from being given again."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.recommending.eligible import ANY, FRESH, SPACED, barred, barring

ITEMS = 40
items = st.integers(0, ITEMS - 1)
EVERY = np.empty(0, np.bool_)


@given(st.sets(items), st.lists(st.tuples(items, st.booleans()), max_size=70), st.integers(0, 80))
@settings(deadline=None)
def test_what_is_barred_is_what_is_blocked_or_was_given_lately(
    blocked: set[int], answers: list[tuple[int, bool]], spacing: int
) -> None:
    recent = np.array([item if right else ~item for item, right in answers], np.int64)
    bars = barring(np.array(sorted(blocked), np.int64), recent, spacing)
    given_lately = [item for item, _ in answers]
    very_last = set(given_lately[max(len(given_lately) - spacing, 0) :])
    for level, expected in ((FRESH, blocked | set(given_lately)), (SPACED, blocked | very_last), (ANY, blocked)):
        assert {item for item in range(ITEMS) if barred(bars, level, EVERY, item)} == expected


def test_what_is_not_allowed_is_barred_at_every_level() -> None:
    bars = barring(np.array([1]), np.empty(0, np.int64), 10)
    allowed = np.array([True, True, False])
    assert [[barred(bars, level, allowed, item) for item in range(3)] for level in (FRESH, SPACED, ANY)] == [
        [False, True, True]
    ] * 3
