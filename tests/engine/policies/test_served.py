from dataclasses import replace

import numpy as np
import pytest

from engine.policies.served import Served
from tests.engine.policies.worlds import OPEN, course


def test_it_follows_what_is_served_on_answers_and_gives_nothing_twice() -> None:
    session, open_items = Served(course(), 2, {"exploration": 0.0}), np.tile(OPEN, (2, 1))
    given = []
    for _ in range(12):
        weights = session.weigh(open_items)
        assert (weights.sum(axis=1) == 1.0).all()
        items = weights.argmax(axis=1)
        assert open_items[[0, 1], items].all()
        open_items[[0, 1], items] = False
        given.append(items)
        session.note(items, np.array([1.0, 0.0]))
    first, second = np.array(given).T // 10
    assert set(first.tolist()) & {1, 2, 4}, "who answers rightly gets on to what builds on skill 0"
    assert not set(second.tolist()) & {1, 2, 4}, "who does not stays with what builds on nothing"


def test_it_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="no tracer"):
        Served(replace(course(), tracer=None), 1, {})
