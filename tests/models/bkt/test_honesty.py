"""Intervals and flags: against climbs from many starts, closed forms, and simulated skills whose truth is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.model import FORGET, GUESS, LEARN, PARAMETERS, PRIOR, SLIP
from models.bkt import Options, given, learn
from models.bkt.chunks import fit_from
from models.bkt.honesty import FLAGS, flags, intervals
from models.bkt.learning import Learnt
from models.bkt.objective import LIMIT, Rules, room
from models.bkt.options import ORDERED
from models.bkt.profile import Skill, Top, _searched
from models.bkt.strings import Strings
from models.log import Floats
from tests.bench.coverage import fitted, inside, simulated, truth
from tests.models.oracle import log_of, simulate

DROP = 1.920729
TRUTH = np.array([[0.3, 0.2, 0.2, 0.1, 0.05], [0.6, 0.1, 0.15, 0.25, 0.1], [0.5, 0.3, 0.3, 0.05, 0.0]])


def _simulated(params: Any, students: int, answers: int, options: Options, seed: int = 0) -> Learnt:
    params = np.asarray(params, float)
    return fitted(simulated(params, students, answers, np.random.default_rng(seed)), len(params), options)


def _profile(learnt: Learnt, k: int, i: int, value: float, priors: bool) -> float:
    """The objective with parameter i of skill k fixed, from eight starts."""
    low, high = learnt.rules.low[k].copy(), learnt.rules.high[k].copy()
    low[i] = high[i] = value = min(max(value, 2e-6), 1 - 2e-6)
    if i == SLIP and learnt.rules.ordered:
        high[GUESS] = min(high[GUESS], LIMIT - value)
    pseudo = learnt.rules.pseudo[k] * priors
    rules = Rules(low[None], high[None], learnt.rules.ordered, pseudo[None])
    starts = np.concatenate([ORDERED[:7], learnt.params[k : k + 1]])
    best = fit_from(learnt.strings.chunk(k, k + 1), learnt.scores, rules, starts, np.array([True])).value[0]
    right, trials = pseudo[i]
    return float(best + right * np.log(value) + (trials - right) * np.log(1 - value))


@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize(("fit", "priors"), [(False, False), (True, False), (True, True)])
def test_at_the_ends_the_profile_has_fallen_by_as_much_as_it_should(forgets: bool, fit: bool, priors: bool) -> None:
    learnt = _simulated(TRUTH, 120, 8, Options(forgets, priors=fit))
    tops = _simulated(TRUTH, 120, 8, Options(forgets, priors=priors)).value
    found = intervals(learnt, priors=priors)
    assert ((found[..., 0] <= learnt.params) & (learnt.params <= found[..., 1])).all()
    for k in range(len(TRUTH)):
        for i in range(5 if forgets else 4):
            for value, bound in zip(found[k, i], (learnt.rules.low[k, i], learnt.rules.high[k, i]), strict=True):
                height = _profile(learnt, k, i, value, priors) - (tops[k] - DROP)
                if value == learnt.params[k, i]:  # the priors have drawn the estimate out of what the answers say
                    assert height < 0.01
                    assert fit != priors
                else:
                    assert height > -0.01 if value == bound else height == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("priors", [False, True])
def test_the_search_finds_the_ends_that_the_steps_find(priors: bool) -> None:
    learnt = _simulated(TRUTH, 120, 8, Options(priors=priors))
    found = intervals(learnt, priors=priors)
    for k in range(len(TRUTH)):
        tree = learnt.strings.tree(k)
        skill = Skill(tree, learnt.scores, learnt.rules.one(k), room(len(tree), 2))
        for i, end in np.ndindex(5, 2):
            there, _ = _searched(skill, Top(learnt.params[k], float(learnt.value[k])), i, end, DROP)
            assert found[k, i, end] == pytest.approx(there, abs=1e-3)


def test_intervals_grow_with_the_level_and_shrink_with_the_answers() -> None:
    few, many = (_simulated(TRUTH, students, 8, Options(False)) for students in (100, 1600))
    narrow, wide = intervals(few, 0.5), intervals(few, 0.99)
    free = np.arange(5) != FORGET
    assert (wide[:, free, 0] < narrow[:, free, 0]).all()
    assert (wide[:, free, 1] > narrow[:, free, 1]).all()
    ratio = np.diff(intervals(few))[:, free] / np.diff(intervals(many))[:, free]
    assert np.median(ratio) == pytest.approx(4, rel=0.3)


def test_one_parameter_alone_has_the_interval_of_a_proportion() -> None:
    """All but guess fixed so that nobody ever knows: answers are coin throws, 3 right of 40."""
    log = log_of([(f"s{n:02}", "i", "k", int(n < 3), 0) for n in range(40)])
    fixed = {"prior": 0.0, "learn": 0.0, "slip": 0.1, "forget": 0.0}
    learnt = learn(log, Options(priors=False, bounds={"k": fixed}))
    found = intervals(learnt)[0]
    p = np.linspace(0.001, 0.5, 100_000)
    fall = 3 * np.log(3 / 40 / p) + 37 * np.log(37 / 40 / (1 - p))
    assert found[GUESS] == pytest.approx(p[fall < DROP][[0, -1]], abs=2e-4)
    assert np.diff(found)[[PRIOR, LEARN, SLIP, FORGET]].max() == 0
    assert found[[PRIOR, LEARN, SLIP, FORGET], 0] == pytest.approx([0, 0, 0.1, 0], abs=2e-6)


def test_nothing_but_right_answers() -> None:
    log = log_of([(f"s{n:02}", "i", "k", 1, 0) for n in range(40)])
    learnt = learn(log, Options(priors=False, bounds={"k": {"prior": 0.0, "learn": 0.0, "slip": 0.1, "forget": 0.0}}))
    assert intervals(learnt)[0, GUESS] == pytest.approx((LIMIT - 0.1) * np.array([np.exp(-DROP / 40), 1.0]), abs=1e-4)
    assert flags(learnt)[0] == ("few answers", "one-sided", "on bound")


def test_intervals_stay_within_bounds_and_order() -> None:
    bounds = {"*": {"guess": (0.1, 0.25), "learn": (0.15, 0.4)}}
    learnt = _simulated(TRUTH, 60, 5, Options(priors=False, bounds=bounds))
    found = intervals(learnt)
    assert (found[..., 0] >= learnt.rules.low).all()
    assert (found[..., 1] <= learnt.rules.high).all()
    free = _simulated([[0.5, 0.1, 0.5, 0.45, 0.0]], 300, 6, Options(False, priors=False))  # answers like coin throws
    assert intervals(free)[0, SLIP, 1] <= LIMIT
    assert (np.diff(intervals(free)[0, [PRIOR, LEARN]]) > 0.5).all()


def test_a_skill_without_answers_may_be_anything() -> None:
    learnt = _empty_second(_simulated(TRUTH[:2], 100, 6, Options()))
    found = intervals(learnt)
    assert (found[1] == np.stack([learnt.rules.low[1], learnt.rules.high[1]], axis=-1)).all()
    assert (np.diff(found[0]) < 1).all()
    assert flags(learnt)[1] == ("no answers",)


def _empty_second(learnt: Learnt) -> Learnt:
    start, end = learnt.strings.start, learnt.strings.start[1]
    strings = Strings(np.array([0, start[1], start[1]]), learnt.strings.nodes[:end])
    return replace(learnt, strings=strings)


def test_given_parameters_are_inside_though_no_top() -> None:
    log = simulate(TRUTH[:1], 150, 8)
    far = np.array([[0.9, 0.01, 0.05, 0.4, 0.2]])
    found = intervals(given(log, far, Options(priors=False)))
    assert inside(found, far).all()
    assert inside(found, learn(log, Options(priors=False)).params).all()


def test_jobs_and_executors_change_nothing() -> None:
    log = simulate(np.repeat(TRUTH, 40, axis=0), 60, 8)
    learnt = learn(log, Options(priors=False))
    told: list[int] = []
    alone = intervals(learnt, jobs=1, progress=lambda done, total, text: told.append(done))
    assert told[-1] == len(learnt.skills)
    assert (alone == intervals(learnt, jobs=3)).all()
    with ThreadPoolExecutor(2) as executor:
        assert (alone == intervals(learnt, executor=executor)).all()


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_share(level: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        intervals(_simulated(TRUTH[:1], 20, 4, Options()), level)


@pytest.mark.parametrize("forgets", [False, True])
def test_intervals_hold_the_truth_as_often_as_they_say(forgets: bool) -> None:
    """Of 300 skills, 95 % intervals should hold 95 +- 2.5 %, and 80 % ones 80 +- 5 %, with priors in the fit or not."""
    rng = np.random.default_rng(5)
    params = truth(300, forgets, rng)
    forest = simulated(params, 300, 10, rng)
    columns = np.arange(5) if forgets else np.arange(4)
    for priors in (False, True):
        learnt = fitted(forest, len(params), Options(forgets, priors))
        held, fewer = (inside(intervals(learnt, level), params)[:, columns].mean(axis=0) for level in (0.95, 0.8))
        assert ((held > 0.915) & (held < 0.985)).all(), dict(zip(PARAMETERS, held, strict=False))
        assert ((fewer > 0.72) & (fewer < 0.88)).all(), dict(zip(PARAMETERS, fewer, strict=False))


# ---------------------------------------------------------------------------------------------------- flags


def _share(name: str, learnt: Learnt) -> float:
    return float(np.mean([name in of for of in flags(learnt)]))


def _skills(rng: int, count: int = 60) -> Floats:
    return truth(count, False, np.random.default_rng(rng))


@pytest.mark.parametrize("priors", [False, True])
def test_well_known_skills_have_no_flags(priors: bool) -> None:
    assert np.mean([of == () for of in flags(_simulated(_skills(1), 600, 10, Options(False, priors)))]) >= 0.95


@pytest.mark.parametrize("priors", [False, True])
def test_what_no_number_of_students_can_tell_is_not_identified(priors: bool) -> None:
    """One answer a student is one number, two are three; four parameters fit them in many ways."""
    for answers in (1, 2):
        learnt = _simulated(_skills(2), 1500, answers, Options(False, priors))
        told = flags(learnt)
        assert np.mean(["not identified" in of or "on bound" in of for of in told]) == 1
        assert _share("not identified", learnt) > 0.9
    assert _share("not identified", _simulated(_skills(2), 1500, 8, Options(False, priors))) < 0.05
    coins = np.tile([0.5, 0.1, 0.5, 0.45, 0.0], (20, 1))  # to know or not to know is nearly the same
    assert _share("not identified", _simulated(coins, 400, 8, Options(False, priors))) > 0.8


def test_few_answers() -> None:
    assert _share("few answers", _simulated(_skills(3, 5), 29, 20, Options())) == 1
    assert _share("few answers", _simulated(_skills(3, 5), 60, 3, Options())) == 1
    assert _share("few answers", _simulated(_skills(3, 5), 30, 8, Options())) == 0


def test_on_bound() -> None:
    none_lost = _simulated(_skills(4), 400, 10, Options(priors=False))
    on = [abs(x[FORGET]) > 10 for x in none_lost.x]
    assert 0.3 < np.mean(on) < 0.9
    assert all("on bound" in of for of, at in zip(flags(none_lost), on, strict=True) if at)
    bounds = {"*": {"guess": (0.45, 0.6)}}
    bounded = _simulated(_skills(4), 400, 10, Options(False, priors=False, bounds=bounds))
    assert _share("on bound", bounded) > 0.9
    assert _share("on bound", _simulated(_skills(4), 600, 10, Options(False))) == 0


def test_degenerate_and_one_sided_and_in_order() -> None:
    turned = _simulated([[0.5, 0.05, 0.7, 0.6, 0.0]], 800, 8, Options(False, priors=False))  # knowing does harm
    assert turned.degenerate.all()
    assert "degenerate" in flags(turned)[0]
    for score in (0, 1):
        log = log_of([(f"s{n:03}", "i", "k", score, t) for n in range(50) for t in range(6)])
        told = flags(learn(log, Options()))[0]
        assert "one-sided" in told
        assert list(told) == sorted(told, key=FLAGS.index)
    log = log_of([(f"s{n:03}", "i", "k", (n + t) % 2, t) for n in range(50) for t in range(6)])
    assert "one-sided" not in flags(learn(log, Options()))[0]
