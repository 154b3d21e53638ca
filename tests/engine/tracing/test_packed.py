"""Which of the items asked for a student has met."""

from __future__ import annotations

import numpy as np
import pytest

from engine.tracing.packed import FEW, places, slots

ITEMS = 300


@pytest.mark.parametrize("asked", [0, 1, 32, FEW, FEW + 1, ITEMS])
@pytest.mark.parametrize("met", [0, 1, 120])
def test_items_are_found_where_they_were_met(asked: int, met: int) -> None:
    """However many are looked for, and one that is asked for twice."""
    rng = np.random.default_rng(asked + met)
    known, items = rng.permutation(ITEMS)[:met], rng.permutation(ITEMS)[:asked]
    items = np.append(items, items[:1])
    where = {int(item): at for at, item in enumerate(known)}
    assert places(known, items, ITEMS).tolist() == [where.get(int(item), -1) for item in items]


@pytest.mark.parametrize("answers", [1, 40, 400])
def test_items_met_for_the_first_time_are_added_in_their_order(answers: int) -> None:
    rng = np.random.default_rng(answers)
    known, items = rng.permutation(ITEMS)[:30], rng.integers(0, ITEMS, answers)
    order = list(dict.fromkeys([*known.tolist(), *items.tolist()]))
    found, met = slots(known, items, ITEMS)
    assert met.tolist() == order
    assert found.tolist() == [order.index(item) for item in items.tolist()]
