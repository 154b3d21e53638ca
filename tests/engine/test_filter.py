"""The filter against sums over every ability and every path of knowledge, and against plain knowledge tracing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import bkt
from engine.filter import Floats, drift, fold
from engine.mastery_model import steps

probability = st.floats(0.02, 0.98)
scores = st.lists(st.sampled_from([0.0, 1.0, 0.0, 1.0, 0.3]), min_size=1, max_size=5)


@dataclass
class Folded:
    """What a run of answers leaves behind."""

    predicted: Floats
    evidence: Floats
    before: Floats
    known: Floats
    weight: Floats


def sig(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


class World:
    """Random dynamics of K skills at G points, and items: one for each of the skill sets."""

    def __init__(self, seed: int, points: int, sets: Sequence[Sequence[int]]) -> None:
        rng = np.random.default_rng(seed)
        k = 1 + max(map(max, sets))
        self.prior, self.learn = rng.uniform(0.05, 0.9, (2, k, points))
        self.flow = np.zeros((2, points))
        self.theta = rng.normal(size=(2, points))
        self.weight = rng.dirichlet(np.ones(points))
        self.start = np.cumsum([0, *map(len, sets)]).astype(np.int64)
        self.skills = np.array([k for skills in sets for k in skills], np.int64)
        self.rng = rng

    def answers(self, items: Sequence[int]) -> None:
        """Draw ease, gain and keep of every answer."""
        self.items = np.array(items, np.int64)
        self.ease, self.gain = self.rng.normal(size=(2, len(items)))
        links = int(np.diff(self.start)[self.items].sum())
        self.keep = self.rng.uniform(0.5, 1, links)
        seen: set[int] = set()
        for at, k in enumerate(k for i in items for k in self.skills[self.start[i] : self.start[i + 1]]):
            if k not in seen:
                self.keep[at] = 1.0
            seen.add(k)

    def fold(self, scores: Sequence[float]) -> Folded:
        n, links, points = len(self.items), len(self.keep), len(self.weight)
        found = Folded(np.empty(n), np.empty(n), np.empty((links, points)), self.prior.copy(), self.weight.copy())
        found.predicted = fold(
            *(
                self.learn,
                np.tile(np.exp(self.theta), (len(self.start) - 1, 1, 1)),
                self.flow,
                self.start,
                self.skills,
                self.items,
                self.ease,
                self.gain,
                self.keep,
            ),
            *(np.array(scores, float), found.known, found.weight, found.before, np.empty((n, points)), found.evidence),
        )
        return found

    def right(self, i: int, g: int, known: bool) -> float:
        z = self.ease[i] + self.theta[0, g]
        return float(sig(z + np.logaddexp(0, self.gain[i] + self.theta[1, g])) if known else sig(z))

    def chain(self, scores: Sequence[float], g: int) -> float:
        """P(scores | theta_g) of a single skill: the sum over all paths, after learning and after forgetting."""
        n, total = len(scores), 0.0
        for path in product((0, 1), repeat=2 * n - 1):
            known, learnt = path[0::2], path[1::2]
            p = self.prior[0, g] if known[0] else 1 - self.prior[0, g]
            for t in range(n):
                right = self.right(t, g, bool(known[t]))
                p *= right ** scores[t] * (1 - right) ** (1 - scores[t])
                if t + 1 < n:
                    step = self.learn[0, g] if learnt[t] else 1 - self.learn[0, g]
                    p *= float(learnt[t]) if known[t] else step
                    stay = self.keep[t + 1] if known[t + 1] else 1 - self.keep[t + 1]
                    p *= stay if learnt[t] else 1.0 - known[t + 1]
            total += p
        return float(total)


@given(scores, st.integers(0, 10**6), st.sampled_from([1, 3]))
@settings(max_examples=40, deadline=None)
def test_evidence_is_the_sum_over_all_abilities_and_paths(given_scores: list[float], seed: int, points: int) -> None:
    world = World(seed, points, [[0]])
    world.answers([0] * len(given_scores))
    found = world.fold(given_scores)
    expected = sum(world.weight[g] * world.chain(given_scores, g) for g in range(points))
    assert np.log(found.evidence).sum() == pytest.approx(np.log(expected), abs=1e-9)


@given(st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=4), st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_ability_that_moves_is_summed_over_all_its_paths(given_scores: list[float], seed: int) -> None:
    world = World(seed, 3, [[0]])
    world.learn[:], world.prior[:] = 0.0, 1e-9  # nothing is known: answers tell of ability alone
    world.flow[0, 1:], world.flow[1, :-1] = 0.2, 0.1
    world.answers([0] * len(given_scores))
    moves = np.diag(1 - world.flow.sum(0)) + np.diag(world.flow[0, 1:], -1) + np.diag(world.flow[1, :-1], 1)
    total = 0.0
    for path in product(range(3), repeat=len(given_scores)):
        p = world.weight[path[0]]
        for t, score in enumerate(given_scores):
            right = world.right(t, path[t], False)
            p *= right if score else 1 - right
            p *= moves[path[t], path[t + 1]] if t + 1 < len(path) else 1.0
        total += p
    assert np.log(world.fold(given_scores).evidence).sum() == pytest.approx(np.log(total), abs=1e-6)


def test_steps_leave_the_weights_of_all_students_as_they_are() -> None:
    weight = np.exp(-(np.linspace(-3, 3, 9) ** 2) / 2)
    weight /= weight.sum()
    moved = weight.copy()
    drift(moved, 1.0, 0.3 * steps(weight))
    assert moved == pytest.approx(weight, abs=1e-12)
    sure = np.eye(9)[4]
    drift(sure, 0.5, 0.3 * steps(weight))
    assert sure.sum() == pytest.approx(2.0)
    assert (sure[3:6] > 0).all()


def test_the_prediction_is_the_share_of_right_continuations() -> None:
    world = World(3, 3, [[0]])
    world.answers([0] * 4)
    past = [1.0, 0.0, 0.0]
    right = sum(world.weight[g] * world.chain([*past, 1.0], g) for g in range(3))
    wrong = sum(world.weight[g] * world.chain([*past, 0.0], g) for g in range(3))
    assert world.fold([*past, 1.0]).predicted[-1] == pytest.approx(right / (right + wrong), abs=1e-9)


@given(st.integers(0, 10**6), st.sampled_from([0.0, 1.0, 0.4]))
@settings(max_examples=20, deadline=None)
def test_an_answer_to_several_skills_leaves_the_exact_marginal_of_each(seed: int, score: float) -> None:
    world = World(seed, 2, [[0, 1, 2]])
    world.learn[:] = 0.0
    world.answers([0])
    found = world.fold([score])
    for g in range(2):
        joint = {}
        for known in product((0, 1), repeat=3):
            right = world.right(0, g, all(known))
            chance = np.prod([p if state else 1 - p for p, state in zip(world.prior[:, g], known, strict=True)])
            joint[known] = chance * right**score * (1 - right) ** (1 - score)
        for k in range(3):
            marginal = sum(p for known, p in joint.items() if known[k]) / sum(joint.values())
            assert found.known[k, g] == pytest.approx(marginal, abs=1e-9)


@given(scores, st.tuples(*[probability] * 5))
@settings(max_examples=40, deadline=None)
def test_one_point_without_items_is_plain_knowledge_tracing(
    given_scores: list[float], values: tuple[float, ...]
) -> None:
    params = np.array([values])
    params[0, 2:4] *= 0.49
    prior, learn, guess, slip, forget = params[0]
    n = len(given_scores)
    start, skills, items = np.array([0, 1]), np.zeros(1, np.int64), np.zeros(n, np.int64)
    rooms = np.empty(n), np.empty(n)
    p = np.array([prior])
    emit = params[:, 2:4].copy()
    expected = bkt.fold_answers(
        params, emit, start, skills, np.array([-1]), items, np.array(given_scores), p, np.zeros(1, np.int32), *rooms
    )
    z = np.log(guess / (1 - guess))
    gain = np.log(np.expm1(np.log((1 - slip) / slip) - z))
    keep = np.array([1.0, *[1 - forget] * (n - 1)])
    known, weight = np.array([[prior]]), np.ones(1)
    found = fold(
        *(
            np.array([[learn]]),
            np.ones((1, 2, 1)),
            np.zeros((2, 1)),
            start,
            skills,
            items,
            np.full(n, z),
            np.full(n, gain),
            keep,
        ),
        *(np.array(given_scores), known, weight, np.empty((n, 1)), np.empty((n, 1)), np.empty(n)),
    )
    assert found == pytest.approx(expected, abs=1e-9)
    assert known[0, 0] == pytest.approx(p[0], abs=1e-8)


@given(st.integers(0, 10**6), st.sampled_from([[[0]], [[0, 1]], [[0], [0, 1, 2]]]), st.sampled_from([0.0, 1.0]))
@settings(max_examples=60, deadline=None)
def test_a_right_answer_never_lowers_and_a_wrong_one_never_raises_its_own_skills(
    seed: int, sets: list[list[int]], score: float
) -> None:
    """At the evidence step, for every ability and for the mixture of them where ability helps."""
    world = World(seed, 5, sets)
    world.learn[:] = 0.0
    world.answers([len(sets) - 1])
    found = world.fold([score])
    moved = (found.known - world.prior)[list(sets[-1])] * (1 if score else -1)
    assert (moved >= -1e-12).all()


def test_a_run_folded_in_two_parts_is_the_run_folded_at_once() -> None:
    world = World(7, 4, [[0], [1], [0, 1]])
    items, given_scores = [0, 2, 1, 2, 0, 1], [1.0, 0.0, 1.0, 1.0, 0.0, 0.5]
    world.answers(items)
    whole = world.fold(given_scores)
    known, weight, at = world.prior.copy(), world.weight.copy(), 0
    for i, item in enumerate(items):
        links = slice(at, at + len(world.skills[world.start[item] : world.start[item + 1]]))
        one = slice(i, i + 1)
        predicted = fold(
            *(
                world.learn,
                np.tile(np.exp(world.theta), (len(world.start) - 1, 1, 1)),
                world.flow,
                world.start,
                world.skills,
                world.items[one],
                world.ease[one],
            ),
            *(world.gain[one], world.keep[links], np.array(given_scores[one]), known, weight),
            *(np.empty((links.stop - links.start, 4)), np.empty((1, 4)), np.empty(1)),
        )
        assert predicted[0] == whole.predicted[i]
        at = links.stop
    assert np.array_equal(known, whole.known)
    assert np.array_equal(weight, whole.weight)
    assert weight.sum() == pytest.approx(1)
