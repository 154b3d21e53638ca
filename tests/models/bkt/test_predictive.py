"""Predictions over what the parameters may be: what they are, and that they are better where answers are few."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from engine.model import GUESS, PRIOR, SLIP, Model
from models import BKT
from models.bkt.predictive import Predictive
from models.fits import PlainFit
from models.folding import fold
from models.log import Floats, ResponseLog
from tests.models.oracle import simulate

MIXED = ("a", "b", "a;b", "c")


@cache
def mixed(students: int) -> ResponseLog:
    """Students who learn three skills, asked for alone and two together."""
    rng, rows = np.random.default_rng(4), []
    for student in range(students):
        known = dict(zip("abc", rng.random(3) < 0.4, strict=True))
        for turn in range(16):
            asked = MIXED[rng.integers(4)]
            right = rng.random() < (0.9 if all(known[k] for k in asked.split(";")) else 0.2)
            rows.append((f"s{student:05}", asked, int(right), turn))
            for k in asked.split(";"):
                known[k] |= rng.random() < 0.2
    frame = pd.DataFrame(rows, columns=["student_id", "skill_ids", "correct", "timestamp"])
    return ResponseLog.from_frame(frame.assign(item_id=frame["skill_ids"]))


def right(fitted: BKT, log: ResponseLog) -> Floats:
    """P(correct) of each answer."""
    return np.asarray(fitted.predict_proba(log)[:, 1])


def predictive(fitted: BKT) -> Predictive:
    assert isinstance(fitted._fit, PlainFit)
    return fitted._fit._predictive


def test_it_is_what_every_draw_predicts_weighed_by_what_it_predicted_before() -> None:
    train = simulate(np.array([[0.3, 0.1, 0.2, 0.1, 0.05], [0.6, 0.2, 0.3, 0.2, 0.0]]), 25, 6)
    test = simulate(np.array([[0.4, 0.3, 0.2, 0.1, 0.1]] * 2), 9, 12, seed=1)
    fitted = BKT().fit(train)
    found = predictive(fitted)
    each = np.array([fold(replace(found.served, params=draw), test).predicted for draw in found.params])
    evidence = np.where(test.score == 1, each, 1 - each)
    expected, weight = np.empty(len(test)), np.ones((len(test.students), 2, len(each)))
    for n, (student, skill) in enumerate(zip(test.student, test.tag_skill[test.tag], strict=True)):
        own = weight[student, skill]
        expected[n] = (own * each[:, n]).sum() / own.sum()
        own *= evidence[:, n]
    assert right(fitted, test) == pytest.approx(expected, abs=1e-9)
    assert np.abs(expected - fold(found.served, test).predicted).max() > 0.02


def test_of_few_students_it_predicts_others_better() -> None:
    rng, gains = np.random.default_rng(0), []
    for seed in range(16):
        truth = np.stack([rng.uniform(*ends, 6) for ends in ((0.1, 0.8), (0.05, 0.4), (0.1, 0.4), (0.05, 0.3))], axis=1)
        truth = np.concatenate([truth, np.zeros((6, 1))], axis=1)
        train, test = simulate(truth, 12, 8, seed=seed), simulate(truth, 60, 8, seed=100 + seed)
        averaged, at_fit = (BKT(forgets=False, averaged=averaged).fit(train).score(test) for averaged in (True, False))
        gains.append(averaged - at_fit)
    assert np.mean(gains) > 2 * np.std(gains) / np.sqrt(len(gains))  # nats an answer


@pytest.mark.parametrize("several", ["both", "links"])
def test_of_many_students_it_is_what_the_fit_predicts(several: str) -> None:
    """On combinations, too, where answers are read with other parameters than those of the skills alone."""
    log = mixed(3000)
    fitted = BKT(forgets=False, several=several).fit(log)  # type: ignore[arg-type]
    at_fit = fitted.predict_proba(log)
    gap = np.abs(right(fitted.set_params(averaged=False), log) - at_fit[:, 1])
    assert 0 < gap.mean() < 0.004
    few = BKT(forgets=False, several=several).fit(mixed(40))  # type: ignore[arg-type]
    wider = np.abs(right(few, log) - right(few.set_params(averaged=False), log))
    assert wider.mean() > 3 * gap.mean()


def test_draws_of_skills_in_combinations_lie_around_what_answers_are_read_with() -> None:
    model = BKT(several="links").fit(mixed(3000)).model_
    assert isinstance(model, Model)
    assert np.median(model.draws, axis=0)[:, [PRIOR, GUESS, SLIP]] == pytest.approx(
        model.params[:, [PRIOR, GUESS, SLIP]], abs=0.03
    )


def test_what_is_fixed_is_certain() -> None:
    fixed = {"*": {"prior": 0.3, "learn": 0.2, "guess": 0.25, "slip": 0.1, "forget": 0.02}}
    log = simulate(np.array([[0.3, 0.1, 0.2, 0.1, 0.05]] * 3), 20, 6)
    fitted = BKT(bounds=fixed).fit(log)
    assert right(fitted, log) == pytest.approx(right(fitted.set_params(averaged=False), log), abs=1e-9)


def test_what_is_learnt_of_a_skill_that_training_did_not_see_is_learnt_from_the_student() -> None:
    train = simulate(np.array([[0.2, 0.1, 0.1, 0.1, 0.0], [0.8, 0.3, 0.4, 0.05, 0.0]] * 4), 60, 8)
    rows = [("x", "new", "never", score, turn) for turn, score in enumerate([0, 0, 0, 0, 0, 0, 1])]
    frame = pd.DataFrame(rows, columns=["student_id", "item_id", "skill_ids", "correct", "timestamp"])
    fitted = BKT(forgets=False).fit(train)
    averaged, found = right(fitted, ResponseLog.from_frame(frame)), predictive(fitted).population
    prior, guess, slip = found[:, PRIOR], found[:, GUESS], found[:, SLIP]
    assert averaged[0] == pytest.approx(np.mean(prior * (1 - slip) + (1 - prior) * guess))
    at_fit = right(fitted.set_params(averaged=False), ResponseLog.from_frame(frame))
    assert averaged[-1] < at_fit[-1]  # six wrong ones speak for a harder skill than the population's


def test_without_order_a_fit_that_swaps_its_states_is_averaged_around_itself() -> None:
    log = simulate(np.array([[0.5, 0.05, 0.8, 0.85, 0.0]]), 2000, 8)
    fitted = BKT(forgets=False, priors=False, ordered=False).fit(log)
    params = fitted.params_.iloc[0]
    assert params["guess"] + params["slip"] > 1.0
    gap = right(fitted, log) - right(fitted.set_params(averaged=False), log)
    assert 0 < np.abs(gap).mean() < 0.005


def test_the_seed_draws_and_nothing_else() -> None:
    log = mixed(40)
    first, again, other = (right(BKT(seed=seed, jobs=jobs).fit(log), log) for seed, jobs in ((1, 1), (1, 2), (2, 1)))
    assert first.tolist() == again.tolist()
    assert 0 < np.abs(first - other).max() < 0.05
