"""Beside the published formulas summed by hand, exact enumeration, and how often intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from models.offpolicy.estimators import Estimate, advantage, doubly_robust, ips, logged, ratio, snips
from models.offpolicy.reward_model import cross_fitted
from tests.models.offpolicy.bandit import ITEMS, School, school


def test_the_estimators_are_the_published_sums() -> None:
    made = school().log(30, 10, np.random.default_rng(1))
    q, expected = cross_fitted(made)
    n, terms, selves, robust = len(made), 0.0, 0.0, 0.0
    for i in range(n):
        w = made.target[i] / made.propensities[i]
        terms += w * made.rewards[i]
        selves += w
        robust += expected[i] + w * (made.rewards[i] - q[i])
    assert ips(made).value == pytest.approx(terms / n)
    assert snips(made).value == pytest.approx(terms / selves)
    assert doubly_robust(made, q, expected).value == pytest.approx(robust / n)
    assert advantage(made, q, expected).value == pytest.approx(robust / n - made.rewards.mean())


def every_decision_once(world: School) -> Estimate:
    """IPS over all kinds and items, each as often as the logging policy gives it: what its mean converges to."""
    kind, item = (axis.ravel() for axis in np.indices(world.reward.shape))
    weight = world.logging.ravel()
    made = world.told(np.arange(len(kind)), kind, item, world.reward.ravel())
    w = made.target / made.propensities
    return ratio(weight * w * made.rewards, weight, made.students)


@pytest.mark.parametrize("seed", range(5))
def test_ips_is_unbiased_by_enumeration(seed: int) -> None:
    world = school(seed)
    assert every_decision_once(world).value == pytest.approx(world.value(world.target))


def test_judging_the_logging_policy_itself_gives_what_was_seen() -> None:
    world = school()
    same = School(world.reward, world.logging, world.logging)
    made = same.log(40, 5, np.random.default_rng(2))
    for estimate in (ips, snips, logged):
        assert estimate(made).value == pytest.approx(made.rewards.mean())
    found = advantage(made, *cross_fitted(made))
    assert found.low < 0 < found.high


def test_the_error_of_a_mean_is_the_textbook_one_and_counts_students() -> None:
    values = np.random.default_rng(3).normal(size=50)
    alone = ratio(values, np.ones(50), np.arange(50))
    assert alone.error == pytest.approx(values.std(ddof=1) / np.sqrt(50))
    twice = ratio(np.repeat(values, 2), np.ones(100), np.repeat(np.arange(50), 2))  # said twice: no more is known
    assert twice.value == pytest.approx(alone.value)
    assert twice.error == pytest.approx(alone.error)


def test_one_student_gives_no_interval() -> None:
    assert np.isnan(ratio(np.ones(5), np.ones(5), np.zeros(5, np.int64)).low)


def covered(world: School, runs: int) -> dict[str, float]:
    """How often the intervals hold the true value."""
    truth, ahead = world.value(world.target), world.value(world.target) - world.value(world.logging)
    held = {"ips": 0, "snips": 0, "dr": 0, "advantage": 0}
    for run in range(runs):
        made = world.log(60, 12, np.random.default_rng(run))
        fitted = cross_fitted(made)
        found = {"ips": ips(made), "snips": snips(made), "dr": doubly_robust(made, *fitted)}
        for name, one in found.items():
            held[name] += one.low <= truth <= one.high
        one = advantage(made, *fitted)
        held["advantage"] += one.low <= ahead <= one.high
    return {name: count / runs for name, count in held.items()}


def test_intervals_hold_the_truth_of_another_policys_log() -> None:
    shares = covered(school(4), 60)
    assert min(shares.values()) >= 0.86, shares  # 0.95 less three standard errors of a share of 60


def test_the_reward_model_narrows_the_interval() -> None:
    made = school(4).log(200, 12, np.random.default_rng(5))
    assert doubly_robust(made, *cross_fitted(made)).error < 0.9 * ips(made).error


def test_a_students_own_rewards_are_not_in_what_predicts_them() -> None:
    made = school().log(10, 6, np.random.default_rng(6))
    q, _ = cross_fitted(made)
    mine = made.students == 3
    made.rewards[mine] = 1 - made.rewards[mine]
    again, _ = cross_fitted(made)
    np.testing.assert_array_equal(q[mine], again[mine])
    assert (q[~mine] != again[~mine]).any()


def test_rewards_are_recovered_where_the_model_can_hold_them() -> None:
    world = school()
    made = world.log(400, 20, np.random.default_rng(7))
    _, expected = cross_fitted(made)
    kinds = made.features[:, 0].astype(int)
    truth = (world.target * world.reward).sum(axis=1)[kinds]
    assert np.abs(expected - truth).mean() < 0.12
    assert len(made.alternatives) == ITEMS * len(made)
