"""A policy that never served is judged from another's log: what is told is true, and what cannot be is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.recommend import Policy
from service.choosing import Chooser
from service.decisions.judging import ALTERNATIVES, FEATURES, Gathered, gather, spread
from service.decisions.log import Logged, read
from service.decisions.outcomes import reward_of
from service.decisions.replay import Remade, Replayer
from service.store import open_store
from tests.service.decisions.school import LOGGING, School

TARGET = Policy(name="easy", version="1", exploration=0.1, ease=2.0, near=0.9)


async def gathered(
    school: School, target: Policy, reward: str = "correct", after: int = 4, log: list[Logged] | None = None
) -> Gathered:
    store = await open_store(school.store_url)
    try:
        (found,) = await gather(Replayer(store), log or read(school.archive), [target], reward_of(reward, after))
        return found
    finally:
        await store.close()


async def truth(school: School, target: Policy) -> float:
    """The target policy's true share of right answers, over the decisions that were followed."""
    store, values = await open_store(school.store_url), []
    try:
        async for one in Replayer(store).replay(read(school.archive)):
            assert isinstance(one, Remade)
            if one.logged.slot or one.came.score is None:
                continue
            choice = Replayer.choose(
                Chooser(target, b""), one.logged, one.serving, one.state, one.question, one.history
            )
            items = one.serving.catalog.items
            chances = spread(choice, target, len(items))
            known = [school.right[one.logged.student_id, item.id] for item in items]
            values.append(float(chances @ np.array(known)))
    finally:
        await store.close()
    return float(np.mean(values))


async def test_a_policy_that_never_served_is_told_truly(school: School) -> None:
    found = await gathered(school, TARGET)
    told = found.judged()
    assert told.refusal == ""
    true = await truth(school, TARGET)
    for name in ("ips", "snips", "dr"):
        assert told.estimates[name].low < true < told.estimates[name].high, (name, true)
    assert told.estimates["dr"].error < 0.06
    assert told.mean_weight == pytest.approx(1, abs=0.2)
    left = found.left_out
    assert left["second or later of several items"] == 12
    assert left["no reward: overridden"] > 30


async def test_the_policy_that_served_is_told_as_it_was(school: School) -> None:
    told = (await gathered(school, LOGGING)).judged()
    assert told.effective == pytest.approx(told.decisions)
    assert told.estimates["ips"].value == pytest.approx(told.estimates["logged"].value)


async def test_gain_counts_what_was_answered_instead_too(school: School) -> None:
    found = await gathered(school, TARGET, "gain")
    told = found.judged()
    assert not told.refusal
    correct = await gathered(school, TARGET)
    assert found.left_out["no reward: overridden"] < correct.left_out["no reward: overridden"]  # only the last few
    assert told.estimates["dr"].low < told.estimates["dr"].value < told.estimates["dr"].high


async def test_rows_are_what_the_estimators_ask_for(school: School) -> None:
    made = (await gathered(school, TARGET)).decisions()
    assert made.features.shape == (len(made), len(FEATURES))
    np.testing.assert_allclose(made.mass, 1, atol=1e-12)
    np.testing.assert_allclose(np.add.reduceat(made.weights, made.starts[:-1]), 1, atol=1e-12)
    assert np.diff(made.starts).max() <= ALTERNATIVES
    assert (made.target <= 1).all()
    assert (made.unsupported <= 1).all()


def test_a_long_distribution_is_sampled_evenly() -> None:
    found = Gathered(Chooser(TARGET, b""), reward_of("correct"), np.random.default_rng(0))
    target = np.random.default_rng(1).dirichlet(np.ones(1000))
    items, weights = found._sample(target)
    assert len(items) <= ALTERNATIVES
    assert weights.sum() == pytest.approx(1)
    values = np.arange(1000) / 1000
    assert values[items] @ weights == pytest.approx(values @ target, abs=0.02)


@pytest.mark.parametrize(
    ("propensity", "told"), [(None, "20 have no propensity and 0"), (0.5, "0 have no propensity and 20")]
)
async def test_a_log_that_cannot_be_relied_on_is_refused(school: School, propensity: float | None, told: str) -> None:
    log = [one for one in read(school.archive) if one.slot == 0]
    few = [replace(one, propensity=propensity) for one in log[:3]]
    found = await gathered(school, LOGGING, log=[*few, *log[3:]])
    assert found.judged().refusal == ""
    assert found.left_out.total() - found.left_out["no reward: overridden"] == 3
    many = [replace(one, propensity=propensity) for one in log[:20]]
    assert told in (await gathered(school, LOGGING, log=[*many, *log[20:]])).judged().refusal


def test_no_decision_at_all_is_refused() -> None:
    none = Gathered(Chooser(TARGET, b""), reward_of("correct"), np.random.default_rng(0))
    assert "No decision" in none.judged().refusal


async def test_what_was_never_given_is_refused(school: School) -> None:
    wide = replace(TARGET, exploration=1.0, worthwhile=0.0, spacing=0)
    told = (await gathered(school, wide)).judged()
    assert "The logging policy never gives" in told.refusal
