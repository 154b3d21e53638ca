"""EM against sums over all hidden paths."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models.log import Floats, Ints
from tests.models.bkt import simple as em
from tests.models.oracle import likelihood

probability = st.floats(0.02, 0.98)
score = st.sampled_from([0.0, 1.0, 0.0, 1.0, 0.3])
sequences = st.lists(st.lists(score, min_size=1, max_size=5), min_size=1, max_size=4)
MOVES = [PRIOR, LEARN, FORGET]


def _params(values: tuple[float, ...]) -> Floats:
    params = np.array(values)
    params[[GUESS, SLIP]] *= 0.49
    return params


def _pack(answers: list[list[float]]) -> tuple[Ints, Floats]:
    start = np.cumsum([0, *map(len, answers)]).astype(np.int64)
    return start, np.array([value for sequence in answers for value in sequence])


def _expect(params: Floats, start: Ints, scores: Floats, link: Ints, emit: Floats) -> tuple[float, Floats, Floats]:
    moves, reads = np.zeros((3, 2)), np.zeros((len(emit), 2, 2))
    return em.expect(start, scores, link, params[MOVES], emit, moves, reads, np.empty(99)), moves, reads


@given(sequences, st.tuples(*[probability] * 5), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_likelihood_is_the_sum_over_all_paths(answers: list[list[float]], values: tuple[float, ...], rng: Any) -> None:
    params = _params(values)
    start, scores = _pack(answers)
    link = np.array([rng.randrange(3) for _ in scores], np.int64)
    emit = np.array([params[[GUESS, SLIP]], [0.1, 0.35], [0.45, 0.05]])
    found, _, _ = _expect(params, start, scores, link, emit)
    expected = sum(
        np.log(likelihood(params, scores[low:high].tolist(), emit[link[low:high]]))
        for low, high in pairwise(start.tolist())
    )
    assert found == pytest.approx(expected, abs=1e-9)


@given(sequences, st.tuples(*[probability] * 5))
@settings(max_examples=30, deadline=None)
def test_expected_counts_are_the_gradient_of_the_likelihood(
    answers: list[list[float]], values: tuple[float, ...]
) -> None:
    """Fisher's identity: d log-likelihood / d logit = successes - trials x probability, for each of the five."""
    params = _params(values)
    start, scores = _pack(answers)
    link = np.zeros(len(scores), np.int64)
    _, moves, reads = _expect(params, start, scores, link, params[None, [GUESS, SLIP]])
    counts = {PRIOR: moves[0], LEARN: moves[1], FORGET: moves[2], GUESS: reads[0, 0], SLIP: reads[0, 1]}
    for place, (successes, trials) in counts.items():
        values_at = []
        for step in (1e-5, -1e-5):
            moved = params.copy()
            moved[place] = 1 / (1 + np.exp(-(np.log(params[place] / (1 - params[place])) + step)))
            values_at.append(sum(np.log(likelihood(moved, answer)) for answer in answers))
        slope = (values_at[0] - values_at[1]) / 2e-5
        assert successes - trials * params[place] == pytest.approx(slope, abs=1e-5)


@given(sequences, st.tuples(*[probability] * 5), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_step_lowers_the_penalised_likelihood(
    answers: list[list[float]], values: tuple[float, ...], priors: bool, forgets: bool
) -> None:
    params = _params(values)
    if not forgets:
        params[FORGET] = 0.0
    start, scores = _pack(answers)
    link = np.zeros(len(scores), np.int64)
    trans, emit = params[MOVES], params[None, [GUESS, SLIP]]
    pseudo = np.array([[1.0, 2.0], [1.0, 6.0], [1.0, 100.0]]) * priors, np.array([[[1.0, 3.0], [1.0, 4.0]]]) * priors
    last = -np.inf
    for _ in range(25):
        value, _ = em.climb(start, scores, link, trans, emit, *pseudo, forgets, 0.0, 1)
        assert value >= last - 1e-9
        assert emit.sum() <= em.LIMIT + 1e-12
        last = value


def test_the_limit_of_guess_and_slip_is_the_best_point_on_it() -> None:
    guess, slip = np.array([80.0, 100.0]), np.array([70.0, 100.0])

    def value(g: float) -> float:
        s = em.LIMIT - g
        return float(80 * np.log(g) + 20 * np.log(1 - g) + 70 * np.log(s) + 30 * np.log(1 - s))

    found = em._on_the_limit(guess, slip)
    assert value(found) >= max(value(g) for g in np.linspace(0.01, 0.97, 500)) - 1e-6
