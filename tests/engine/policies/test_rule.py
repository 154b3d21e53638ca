import numpy as np
import pytest

from engine.policies.rule import draw, near_ties, propensities


def test_propensities_are_a_distribution_over_open_items_with_a_floor() -> None:
    weights, open_items = np.array([[3.0, 1.0, 5.0, 0.0]]), np.array([[True, True, False, True]])
    chances = propensities(weights, open_items, 0.3)[0]
    assert chances.tolist() == pytest.approx([0.7 * 0.75 + 0.1, 0.7 * 0.25 + 0.1, 0.0, 0.1])


def test_where_a_rule_finds_nothing_any_open_item_will_do() -> None:
    chances = propensities(np.zeros((1, 3)), np.array([[True, False, True]]), 0.0)
    assert chances.tolist() == [[0.5, 0.0, 0.5]]


def test_items_are_drawn_as_often_as_their_propensity_says() -> None:
    chances = np.tile([0.2, 0.0, 0.5, 0.3], (20_000, 1))
    items = draw(chances, np.random.default_rng(0).random(20_000))
    assert np.bincount(items, minlength=4) / 20_000 == pytest.approx(chances[0], abs=0.01)
    assert draw(chances[:2], np.array([0.0, 1.0 - 1e-16])).tolist() == [0, 3]


def test_near_ties_are_within_a_share_of_the_best_open_item() -> None:
    scores, open_items = np.array([[1.0, 0.96, 0.5, 9.0]]), np.array([[True, True, True, False]])
    assert near_ties(scores, open_items, 0.95).tolist() == [[1.0, 1.0, 0.0, 0.0]]
