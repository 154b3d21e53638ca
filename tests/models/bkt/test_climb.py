"""Counts, objective and climb: against brute force, the simple EM, finite differences and many starts."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from engine.lanes import LANES
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models.bkt import Options, learn
from models.bkt.chunks import fit_from
from models.bkt.climb import SLOPES, looked, solve
from models.bkt.counts import DONE, OF, VALUE
from models.bkt.learning import plant
from models.bkt.objective import BOX, GRADIENT, LIMIT, Rules, X, evaluate, from_params, room, to_params
from models.bkt.strings import Strings
from models.log import Floats, ResponseLog
from tests.models.bkt import simple
from tests.models.oracle import likelihood, log_of, simulate

TRUTH = np.array([[0.3, 0.2, 0.2, 0.1, 0.0], [0.6, 0.1, 0.15, 0.25, 0.05], [0.05, 0.3, 0.3, 0.05, 0.0]])
MOVES = [PRIOR, LEARN, FORGET]

evaluated: Any = njit(evaluate.py_func)
solved: Any = njit(solve.py_func)
inner = st.floats(0.03, 0.97)
sequences = st.lists(
    st.lists(st.sampled_from([0.0, 1.0, 0.0, 1.0, 0.3]), min_size=1, max_size=5), min_size=1, max_size=5
)


def _log(answers: list[list[float]]) -> ResponseLog:
    return log_of([(f"s{n}", "i", "k", y, t) for n, answer in enumerate(answers) for t, y in enumerate(answer)])


def _rules(ordered: bool = True, pseudo: Floats | None = None, high: tuple[float, ...] = (1, 1, 1, 1, 1)) -> Rules:
    bounds = np.zeros(5), np.array(high, float)
    if ordered:
        bounds[1][GUESS] = min(bounds[1][GUESS], LIMIT)
    return Rules(*bounds, ordered, np.zeros((5, 2)) if pseudo is None else pseudo)


def _at(strings: Strings, scores: Floats, rules: Rules, x: Floats) -> Floats:
    """What an evaluation leaves, at x [8, 5]."""
    at = room(len(strings.nodes), len(scores))
    at[X : X + 5] = x.T
    evaluated(strings.nodes, scores, rules.box, rules.ordered, at)
    return at


@given(sequences, st.lists(st.tuples(*[inner] * 5), min_size=LANES, max_size=LANES))
@settings(max_examples=60, deadline=None)
def test_the_likelihood_is_the_sum_over_all_paths(answers: list[list[float]], values: list[tuple[float, ...]]) -> None:
    strings, scores = plant(_log(answers))
    params = np.array(values)
    rules = _rules(ordered=False)
    value = _at(strings, scores, rules, from_params(params, rules))[VALUE]
    for lane, of_lane in enumerate(params):
        expected = sum(np.log(likelihood(of_lane, answer)) for answer in answers)
        assert value[lane] == pytest.approx(expected, abs=1e-9)


@given(sequences, st.lists(st.tuples(*[inner] * 5), min_size=LANES, max_size=LANES), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_the_gradient_is_that_of_finite_differences(
    answers: list[list[float]], values: list[tuple[float, ...]], ordered: bool, priors: bool
) -> None:
    strings, scores = plant(_log(answers))
    params = np.array(values) * ([1, 1, 0.49, 0.49, 1] if ordered else 1)
    pseudo = np.array([[1.0, 2], [1, 6], [1, 3], [1, 4], [1, 100]]) * priors
    rules = _rules(ordered, pseudo, high=(1, 1, 0.8, 0.97, 1))
    x = from_params(params, rules)
    gradient = _at(strings, scores, rules, x)[GRADIENT : GRADIENT + 5].T
    for i in range(5):
        ends = []
        for step in (1e-5, -1e-5):
            moved = x.copy()
            moved[:, i] += step
            ends.append(_at(strings, scores, rules, moved)[VALUE])
        assert gradient[:, i] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=2e-4, rel=1e-4)


def test_counts_are_those_of_the_simple_em() -> None:
    log = simulate(TRUTH[1:2], 60, 9)
    strings, scores = plant(log)
    params = np.tile([0.4, 0.15, 0.3, 0.2, 0.07], (LANES, 1))
    at = _at(strings, scores, _rules(), from_params(params, _rules()))
    start = np.concatenate([[0], np.flatnonzero(np.diff(log.student)) + 1, [len(log)]]).astype(np.int64)
    moves, reads = np.zeros((3, 2)), np.zeros((1, 2, 2))
    link = np.zeros(len(log), np.int64)
    value = simple.expect(
        start, log.score, link, params[0, MOVES], params[:1, [GUESS, SLIP]], moves, reads, np.empty(9)
    )
    assert at[VALUE] == pytest.approx(value, abs=1e-9)
    for i, (done, of) in zip(MOVES, moves, strict=True):
        assert at[DONE + i] == pytest.approx(done, abs=1e-9)
        assert at[OF + i] == pytest.approx(of, abs=1e-9)
    assert at[DONE + GUESS] == pytest.approx(reads[0, 0, 0], abs=1e-9)  # right, not known
    assert at[DONE + SLIP] == pytest.approx(reads[0, 1, 0], abs=1e-9)  # wrong, known


@given(st.tuples(*[inner] * 5), st.booleans())
def test_parameters_come_back_from_x(values: tuple[float, ...], ordered: bool) -> None:
    params = np.array(values) * ([1, 1, 0.49, 0.49, 1] if ordered else 1)
    back = to_params(from_params(params, _rules(ordered)), _rules(ordered))
    assert back == pytest.approx(params, abs=1e-9)
    back = to_params(np.array([BOX, -BOX, BOX, BOX, 0.0]), _rules(ordered))
    assert ((back >= 0) & (back <= 1)).all()
    assert not ordered or back[GUESS] + back[SLIP] <= LIMIT


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("forgets", [True, False])
def test_no_random_start_finds_a_better_top(ordered: bool, forgets: bool) -> None:
    log = simulate(np.concatenate([TRUTH, [[0.7, 0.02, 0.6, 0.5, 0.0]]]), 150, 6)
    learnt = learn(log, Options(forgets, priors=False, ordered=ordered))
    rng = np.random.default_rng(0)
    for k in range(len(learnt.skills)):
        for _ in range(6):
            starts = rng.uniform(0.02, 0.98, (LANES, 5)) * ([1, 1, 0.49, 0.49, 1] if ordered else 1)
            strings, rules = learnt.strings.chunk(k, k + 1), learnt.rules.some(k, k + 1)
            found = fit_from(strings, learnt.scores, rules, starts, np.array([True]))
            assert found.value[0] < learnt.value[k] + 0.05


def test_the_top_is_not_below_that_of_the_simple_em() -> None:
    log = simulate(TRUTH[1:2], 200, 8)
    learnt = learn(log, Options(priors=False))
    start = np.concatenate([[0], np.flatnonzero(np.diff(log.student)) + 1, [len(log)]]).astype(np.int64)
    link, none = np.zeros(len(log), np.int64), (np.zeros((3, 2)), np.zeros((1, 2, 2)))
    trans, emit = np.array([0.5, 0.1, 0.02]), np.array([[0.2, 0.2]])
    value, _ = simple.climb(start, log.score, link, trans, emit, *none, True, 1e-9, 5000)
    assert learnt.value[0] >= value - 1e-4
    assert learnt.params[0] == pytest.approx([trans[0], trans[1], *emit[0], trans[2]], abs=0.02)


def test_the_hessian_is_that_of_the_values() -> None:
    strings, scores = plant(simulate(TRUTH[:1], 80, 6))
    rules = _rules(pseudo=np.array([[1.0, 2], [1, 6], [1, 3], [1, 4], [1, 100]]))
    x, at = from_params(TRUTH[1], rules), room(len(strings.nodes), len(scores))

    def seen(x: Floats) -> Floats:
        found = np.empty((8, 5))
        looked(strings.nodes, scores, rules.box, rules.ordered, at, x, found)
        return found

    for i, j in [(0, 0), (1, 2), (2, 3), (3, 3), (4, 1), (4, 4)]:
        slopes: list[Any] = []
        for step in (1e-4, -1e-4):
            moved = x.copy()
            moved[j] += step
            slopes.append(seen(moved)[SLOPES, i])
        assert seen(x)[i, j] == pytest.approx((slopes[0] - slopes[1]) / 2e-4, rel=0.02, abs=0.02)


def test_the_solver_solves_or_says_that_it_cannot() -> None:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(5, 5))
    system, right = root @ root.T, rng.normal(size=5)
    expected = np.linalg.solve(system, right)
    rows = np.vstack([system, right])
    assert solved(rows)
    assert rows[5] == pytest.approx(expected)
    assert not solved(np.vstack([-system, right]))


def test_every_seed_and_number_of_jobs_gives_the_same_to_the_last_bit() -> None:
    log = simulate(np.repeat(TRUTH, 30, axis=0), 60, 8)
    found = [learn(log, Options(), jobs=jobs) for jobs in (1, 2, 5)]
    assert all((other.params == found[0].params).all() and (other.value == found[0].value).all() for other in found)


def test_longer_strings_are_left_to_their_own_skill() -> None:
    """A whole log in one string, whose likelihood is far below what a double can hold."""
    log = simulate(TRUTH[:1], 1, 50_000)
    learnt = learn(log, Options(priors=False, forgets=False))
    assert np.isfinite(learnt.value).all()
    pairs = pairwise([0, len(log)])
    link = np.zeros(len(log), np.int64)
    for a, b in pairs:
        trans, emit = learnt.params[0, MOVES], learnt.params[:1, [GUESS, SLIP]]
        found = simple.expect(
            np.array([a, b]), log.score, link, trans, emit, np.zeros((3, 2)), np.zeros((1, 2, 2)), np.empty(b)
        )
        assert learnt.value[0] == pytest.approx(found, rel=1e-9)
