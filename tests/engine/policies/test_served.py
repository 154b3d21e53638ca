from dataclasses import replace

import numpy as np
import pytest

from engine.policies.policy import shipped
from engine.policies.served import Served
from engine.recommend import Policy
from tests.engine.policies.worlds import OPEN, course


def test_it_follows_what_is_served_on_answers_and_gives_nothing_twice() -> None:
    session, open_items = Served(course(), 2, {}), np.tile(OPEN, (2, 1))
    given = []
    for _ in range(12):
        weights = session.weigh(open_items)
        assert ((weights == 0.0) | open_items).all()
        explored = session.eligible(open_items)
        assert (explored | (weights == 0.0)).all(), "near ties are explored too"
        assert not (explored & ~open_items).any()
        items = weights.argmax(axis=1)
        open_items[[0, 1], items] = False
        given.append(items)
        session.note(items, np.array([1.0, 0.0]))
    first, second = np.array(given).T // 10
    assert set(first.tolist()) & {1, 2, 4}, "who answers rightly gets on to what builds on skill 0"
    assert not set(second.tolist()) & {1, 2, 4}, "who does not stays with what builds on nothing"


def test_the_policy_that_ships_is_the_one_that_is_served() -> None:
    ours, theirs = shipped()["default"], Policy()
    assert (ours.name, ours.version, ours.exploration) == (theirs.name, theirs.version, theirs.exploration)
    assert ours.rule == "served"
    assert ours.settings == {}


def test_it_says_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="no tracer"):
        Served(replace(course(), tracer=None), 1, {})
