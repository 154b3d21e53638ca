"""A log that can answer is answered; one that cannot is refused, with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.offpolicy import Decisions, Judgement, Limits, judge
from tests.models.offpolicy.bandit import ITEMS, School, school


def log(world: School | None = None, students: int = 60, each: int = 12) -> Decisions:
    return (world or school()).log(students, each, np.random.default_rng(1))


def refused(made: Decisions, limits: Limits | None = None) -> str:
    found = judge(made, limits)
    assert not found.estimates
    return found.refusal


def test_a_log_that_can_answer_is_answered() -> None:
    found: Judgement = judge(log())
    assert (found.refusal, found.decisions, found.students) == ("", 720, 60)
    assert list(found.estimates) == ["logged", "ips", "snips", "dr", "advantage"]
    assert 100 < found.effective < 720
    assert found.largest_weight > 1
    assert found.mean_weight == pytest.approx(1, abs=0.15)
    assert judge(log()) == found


def test_no_decisions() -> None:
    assert "No decision" in refused(log(students=0))


@pytest.mark.parametrize("bad", [np.nan, 0.0, -0.1, 1.5])
def test_propensities_that_are_none(bad: float) -> None:
    made = log()
    made.propensities[:3] = bad
    assert refused(made).startswith("3 of 720 decisions have no propensity")


def test_propensities_that_do_not_add_up() -> None:
    made = log()
    made.mass[5] = 0.9
    assert "do not add up to 1" in refused(made)


def test_a_log_without_chance() -> None:
    world = school()
    certain = np.eye(ITEMS)[world.logging.argmax(axis=1)]
    assert "without chance" in refused(log(School(world.reward, certain, world.target)))


def test_a_log_without_chance_tells_of_its_own_policy() -> None:
    world = school()
    certain = np.eye(ITEMS)[world.logging.argmax(axis=1)]
    found = judge(log(School(world.reward, certain, certain)))
    assert found.estimates["dr"].value == pytest.approx(found.estimates["logged"].value, abs=1e-9)


def test_choices_that_were_never_made() -> None:
    world = school()
    logging = world.logging.copy()
    logging[:, 2] = 0
    never = School(world.reward, logging / logging.sum(axis=1, keepdims=True), world.target)
    assert "The logging policy never gives" in refused(log(never))
    few = judge(log(never), Limits(unsupported=1.0))
    assert not few.refusal
    assert few.mean_weight == pytest.approx(1 - few.unsupported, abs=0.1)


def test_too_few_students() -> None:
    assert refused(log(students=8, each=90)).startswith("8 students")


def test_policies_too_far_apart() -> None:
    world = school(apart=1.0)
    rare = np.full_like(world.logging, 0.001)
    rare[np.arange(len(rare)), world.target.argmin(axis=1)] = 0.997
    assert "too far apart" in refused(log(School(world.reward, rare, world.target)))


def test_propensities_that_were_not_drawn_by() -> None:
    world = school(apart=2.0)
    true = log(School(world.reward, world.logging, world.logging))
    told = replace(true, propensities=np.full(len(true), 1 / ITEMS))  # a target that likes what was given often
    assert "was not drawn by the propensities" in refused(told)


def test_columns_must_fit_together() -> None:
    made = log()
    with pytest.raises(ValueError, match="a row for each of the 720 decisions"):
        replace(made, rewards=made.rewards[:5])
    with pytest.raises(ValueError, match="as weights and features are"):
        replace(made, alternatives=made.alternatives[:, :1])
    with pytest.raises(ValueError, match="at least one row"):
        replace(made, starts=np.roll(made.starts, 1))
