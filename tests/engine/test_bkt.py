"""The filter against sums over all hidden paths, and what every teacher may rely on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import bkt
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models.log import Floats, Ints
from tests.models.oracle import likelihood, p_known

probability = st.floats(0.02, 0.98)
score = st.sampled_from([0.0, 1.0, 0.0, 1.0, 0.4])
START, SKILLS = np.array([0, 1, 2, 4], np.int64), np.array([0, 1, 0, 1], np.int64)  # items: a, b, both
NONE, WHOLE = np.full(3, -1), np.array([3, -1, 2])  # a and both are read as a whole as well, by chains of their own


def _params(values: list[float]) -> Floats:
    params = np.array(values).reshape(-1, 5)
    params[:, [GUESS, SLIP]] *= 0.49
    return params


def _fold(
    params: Floats, emit: Floats, items: Ints, scores: Floats, whole: Ints = NONE
) -> tuple[Floats, Floats, Floats]:
    """Predictions, P(L) before each (answer, skill), P(L) at the end."""
    p = params[:, PRIOR].copy()
    room = np.empty((2, int((START[items + 1] - START[items]).sum())))
    seen = np.zeros(len(params), np.int32)
    predicted = bkt.fold_answers(params, emit, START, SKILLS, whole, items, scores, p, seen, room[0], room[1])
    return predicted, room[0], p


@given(
    st.lists(probability, min_size=10, max_size=10),
    st.lists(st.tuples(st.integers(0, 2), score), min_size=1, max_size=6),
)
@settings(max_examples=80, deadline=None)
def test_predictions_are_those_of_the_sum_over_paths(values: list[float], answers: list[tuple[int, float]]) -> None:
    """Forgetting, partial scores, and items of several skills with a guess and a slip of their own."""
    params = _params(values)
    emit = np.concatenate([params[:, [GUESS, SLIP]], [[0.4, 0.1], [0.15, 0.3]]])
    items, scores = np.array([item for item, _ in answers], np.int64), np.array([value for _, value in answers])
    predicted, before, _ = _fold(params, emit, items, scores)
    past: list[list[tuple[float, int]]] = [[], []]
    at = 0
    for turn, item in enumerate(items.tolist()):
        expected = []
        for link in range(START[item], START[item + 1]):
            k = SKILLS[link]
            known = p_known(params[k], [s for s, _ in past[k]], emit[[j for _, j in past[k]]])
            assert before[at] == pytest.approx(known, abs=1e-9)
            expected.append(known * (1 - emit[link, 1]) + (1 - known) * emit[link, 0])
            at += 1
            past[k].append((float(scores[turn]), link))
        assert predicted[turn] == pytest.approx(np.mean(expected), abs=1e-9)


@given(st.lists(probability, min_size=10, max_size=10), st.lists(score, min_size=0, max_size=5))
@settings(max_examples=60, deadline=None)
def test_a_right_answer_never_lowers_and_a_wrong_one_raises_no_more_than_learning(
    values: list[float], scores: list[float]
) -> None:
    params = _params(values)
    emit = np.concatenate([params[:, [GUESS, SLIP]]] * 2)
    items = np.zeros(len(scores) + 1, np.int64)
    _, before, right = _fold(params, emit, items, np.array([*scores, 1.0]))
    _, _, wrong = _fold(params, emit, items, np.array([*scores, 0.0]))
    assert right[0] >= before[-1] - 1e-9
    assert wrong[0] <= before[-1] + (1 - before[-1]) * params[0, LEARN] + 1e-9


@given(st.lists(probability, min_size=20, max_size=20), st.lists(st.integers(0, 2), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_predict_items_is_what_folding_one_more_answer_predicts(values: list[float], items: list[int]) -> None:
    params = _params(values)
    emit = np.concatenate([params[:2, [GUESS, SLIP]]] * 2)
    given_items, scores = np.array(items, np.int64), np.ones(len(items))
    predicted, _, _ = _fold(params, emit, given_items, scores, WHOLE)
    p, seen = params[:, PRIOR].copy(), np.zeros(4, np.int32)
    room = np.empty((2, 12))
    past, right = given_items[:-1], scores[:-1]
    bkt.fold_answers(params, emit, START, SKILLS, WHOLE, past, right, p, seen, room[0], room[1])
    now = bkt.predict_items(params, emit, START, SKILLS, WHOLE, given_items[-1:], p, seen)
    assert now[0] == pytest.approx(predicted[-1], abs=1e-12)


@given(
    st.lists(probability, min_size=20, max_size=20),
    st.lists(st.tuples(st.integers(0, 2), score), min_size=1, max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_a_whole_is_a_skill_of_its_own_and_half_of_the_prediction(
    values: list[float], answers: list[tuple[int, float]]
) -> None:
    params = _params(values)
    emit = np.concatenate([params[:2, [GUESS, SLIP]], [[0.4, 0.1], [0.15, 0.3]]])
    items, scores = np.array([item for item, _ in answers], np.int64), np.array([value for _, value in answers])
    predicted, before, end = _fold(params, emit, items, scores, WHOLE)
    by_skill, as_before, same = _fold(params[:2], emit, items, scores)
    assert before.tolist() == as_before.tolist()
    assert end[:2].tolist() == same.tolist()
    for turn, item in enumerate(items.tolist()):
        expected = by_skill[turn]
        if (chain := WHOLE[item]) >= 0:
            known = p_known(params[chain], scores[:turn][items[:turn] == item].tolist())
            right = known * (1 - params[chain, SLIP]) + (1 - known) * params[chain, GUESS]
            expected = (expected + right) / 2
        assert predicted[turn] == pytest.approx(expected, abs=1e-9)


@given(
    st.lists(probability, min_size=60, max_size=60),
    st.lists(st.tuples(st.integers(0, 2), score), min_size=1, max_size=6),
)
@settings(max_examples=40, deadline=None)
def test_draws_are_followed_side_by_side_and_weigh_by_what_they_predicted(
    values: list[float], answers: list[tuple[int, float]]
) -> None:
    draws = np.stack([_params(values[low : low + 20]) for low in (0, 20, 40)])  # [3, 4 chains, 5]
    emit = np.stack([np.concatenate([d[:2, [GUESS, SLIP]], d[:2, [GUESS, SLIP]] * 0.8]) for d in draws])
    items, scores = np.array([item for item, _ in answers], np.int64), np.array([value for _, value in answers])
    p, weight = draws[:, :, PRIOR].T.copy(), np.full((4, 3), 1 / 3)
    laid = np.moveaxis(draws, 0, -1).copy(), np.moveaxis(emit, 0, -1).copy()
    seen = np.zeros(4, np.int32)
    predicted = bkt.fold_draws(*laid, START, SKILLS, WHOLE, items, scores, p, weight, seen)
    for d in range(3):
        assert p[:, d] == pytest.approx(_fold(draws[d], emit[d], items, scores, WHOLE)[2], abs=1e-12)
    past: list[list[tuple[float, int]]] = [[], [], [], []]  # score and link of each chain's answers; no link of a whole

    def likelihoods(k: int) -> Floats:
        told, links = [s for s, _ in past[k]], [j for _, j in past[k]]
        own = [d[k, [GUESS, SLIP]] for d in draws]
        reads = [emit[d][links] if k < 2 else np.tile(own[d], (len(told), 1)) for d in range(3)]
        return np.array([likelihood(draws[d, k], told, reads[d]) if told else 1.0 for d in range(3)])

    for turn, item in enumerate(items.tolist()):
        links = [(SKILLS[j], j) for j in range(START[item], START[item + 1])]
        shares = []
        for k, link in [*links, *([(WHOLE[item], -1)] if WHOLE[item] >= 0 else [])]:
            before = likelihoods(k)
            past[k].append((1.0, link))
            shares.append(likelihoods(k).sum() / before.sum())  # P(right and the past) over P(the past)
            past[k][-1] = float(scores[turn]), link
        expected = np.mean(shares[: len(links)])
        if WHOLE[item] >= 0:
            expected = (expected + shares[-1]) / 2
        assert predicted[turn] == pytest.approx(expected, abs=1e-9)
    for k in range(4):
        assert weight[k] == pytest.approx(likelihoods(k) / likelihoods(k).sum(), abs=1e-9)
        assert seen[k] == len(past[k])


def test_one_update_is_a_fold_of_one_answer() -> None:
    params = _params([0.3, 0.1, 0.4, 0.2, 0.05] * 2)
    emit = np.concatenate([params[:, [GUESS, SLIP]]] * 2)
    p = params[0, PRIOR]
    for turn, score in enumerate([1.0, 0.0, 0.5, 1.0]):
        p = bkt.update(p, score, turn, *params[0, [LEARN, GUESS, SLIP, FORGET]])
        items = np.zeros(turn + 1, np.int64)
        assert p == pytest.approx(_fold(params, emit, items, np.array([1.0, 0.0, 0.5, 1.0])[: turn + 1])[2][0])
