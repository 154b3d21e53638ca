"""The marginal log-likelihood of students under :mod:`engine.filter`, and its gradient by a reverse pass.

The log-likelihood is sum_t log sum_g w_tg P(s_t | theta_g), where w_t+1 are the weights after answer t, drifted. With
p_t the weights after the answer, V_t the derivative by w_t and U = V_t+1 as drift leads back to p_t, the derivative by
log P(s_t | theta_g) is p_tg (1 + U_g - mean of U by p_t); without drift that is the last weights. The filter leaves
P(L | theta) and w before each answer; the reverse pass, last answer first, works out all else from that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import TINY, likelihood
from engine.filter import emit, fold

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Map = Callable[[Callable[[int], float], Iterable[int]], Iterable[float]]

SHARDS = 16  # a fixed number, so that the sums do not depend on how many threads share them


class Answers(NamedTuple):
    """The n answers of all students, each student's in order of time.

    The answers of student s are ``bounds[s]:bounds[s+1]``, and their links (answer, skill) ``links[s]:links[s+1]``.
    ``tags`` [n] says which set of skills an answer asks for: those of t are ``skills[start[t]:start[t+1]]``.
    """

    bounds: Ints
    links: Ints
    start: Ints
    skills: Ints
    tags: Ints
    scores: Floats


class Dynamics(NamedTuple):
    """What the filter reads of the skills and of ability: prior, learn [K, G]; lift [tags, 2, G]; weight [G]; flow
    [2, G]."""

    prior: Floats
    learn: Floats
    lift: Floats
    weight: Floats
    flow: Floats


class Emissions(NamedTuple):
    """What the filter reads of each answer: ease (z), gain (d) [n]; of each link, the chance to keep the skill."""

    ease: Floats
    gain: Floats
    keep: Floats


class Slopes(NamedTuple):
    """Derivatives of the log-likelihood: by prior, learn [K, G]; by theta_u, theta_d [tags, 2, G]; by flow [2, G]; by
    z, d [n]; by the logit of 1 - keep [links]."""

    prior: Floats
    learn: Floats
    lift: Floats
    flow: Floats
    ease: Floats
    gain: Floats
    forget: Floats


def climb(dynamics: Dynamics, answers: Answers, emissions: Emissions, run: Map = map) -> tuple[float, Slopes]:
    """The log-likelihood and its slopes; ``run`` maps over shards of students, on as many threads as it has."""
    n, shape = len(answers.tags), dynamics.prior.shape
    ends = np.searchsorted(answers.bounds, np.linspace(0, n, SHARDS + 1)[1:-1])
    ends = np.concatenate([[0], ends, [len(answers.bounds) - 1]])
    prior, learn, lift, flow = (
        np.zeros((SHARDS, *shape)),
        np.zeros((SHARDS, *shape)),
        np.zeros((SHARDS, *dynamics.lift.shape)),
        np.zeros((SHARDS, *dynamics.flow.shape)),
    )
    slopes = Slopes(prior, learn, lift, flow, np.zeros(n), np.zeros(n), np.zeros(len(emissions.keep)))

    def shard(at: int) -> float:
        own = slopes._replace(prior=prior[at], learn=learn[at], lift=lift[at], flow=flow[at])
        return float(_students(ends[at], ends[at + 1], dynamics, answers, emissions, own))

    value = sum(run(shard, range(SHARDS)))
    return value, slopes._replace(prior=prior.sum(0), learn=learn.sum(0), lift=lift.sum(0), flow=flow.sum(0))


@njit(cache=True, nogil=True, error_model="numpy")
def predict(dynamics: Any, answers: Any, emissions: Any) -> Any:
    """P(correct) of each answer before it is learnt from [n]."""
    predicted, known = np.empty(len(answers.tags)), dynamics.prior.copy()
    for s in range(len(answers.bounds) - 1):
        before = np.empty((answers.links[s + 1] - answers.links[s], len(dynamics.weight)))
        weight, rows = dynamics.weight.copy(), slice(answers.bounds[s], answers.bounds[s + 1])
        predicted[rows], _, _ = _fold(s, dynamics, answers, emissions, known, weight, before)
        _forget_student(s, dynamics, answers, known)
    return predicted


@njit(cache=True, nogil=True, error_model="numpy")
def _forget_student(s: int, dynamics: Any, answers: Any, known: Floats) -> None:
    """Set the skills that student s has answered back to their priors."""
    for i in range(answers.bounds[s], answers.bounds[s + 1]):
        for j in range(answers.start[answers.tags[i]], answers.start[answers.tags[i] + 1]):
            known[answers.skills[j]] = dynamics.prior[answers.skills[j]]


@njit(cache=True, nogil=True, error_model="numpy")
def _fold(s: int, dynamics: Any, answers: Any, emissions: Any, known: Floats, weight: Floats, before: Floats) -> Any:
    """Fold the answers of student s: P(correct), evidence, and the weights before each."""
    rows = slice(answers.bounds[s], answers.bounds[s + 1])
    evidence, weights = np.empty(rows.stop - rows.start), np.empty((rows.stop - rows.start, len(weight)))
    predicted = fold(
        dynamics.learn,
        dynamics.lift,
        dynamics.flow,
        answers.start,
        answers.skills,
        answers.tags[rows],
        emissions.ease[rows],
        emissions.gain[rows],
        emissions.keep[answers.links[s] : answers.links[s + 1]],
        answers.scores[rows],
        known,
        weight,
        before,
        weights,
        evidence,
    )
    return predicted, evidence, weights


@njit(cache=True, nogil=True, error_model="numpy")
def _students(first: int, last: int, dynamics: Any, answers: Any, emissions: Any, slopes: Any) -> Any:
    """Log-likelihood of students first..last; adds to the slopes of the skills, writes those of the answers."""
    known, adjoint = dynamics.prior.copy(), np.zeros_like(dynamics.prior)
    room, total = np.empty((6, len(dynamics.weight))), 0.0
    for s in range(first, last):
        total += one_student(s, dynamics, answers, emissions, known, adjoint, slopes, room)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def one_student(
    s: int, dynamics: Any, answers: Any, emissions: Any, known: Floats, adjoint: Floats, slopes: Any, room: Floats
) -> Any:
    """Log-likelihood of one student; adds to the slopes. ``known`` [K, G], the priors, and ``adjoint`` [K, G], zeros,
    are left as they were; ``room`` [6, G] is written over."""
    before = np.empty((answers.links[s + 1] - answers.links[s], len(dynamics.weight)))
    weight = dynamics.weight.copy()
    _, evidence, weights = _fold(s, dynamics, answers, emissions, known, weight, before)
    weight[:] = 0.0  # from here on d/d(weights after the answer)
    high = answers.links[s + 1]
    for i in range(answers.bounds[s + 1] - 1, answers.bounds[s] - 1, -1):
        low = high - (answers.start[answers.tags[i] + 1] - answers.start[answers.tags[i]])
        own = before[low - answers.links[s] : high - answers.links[s]]
        at = i - answers.bounds[s]
        given = dynamics, answers, emissions
        _reverse(i, low, given, weights[at], evidence[at], weight, own, adjoint, slopes, room)
        high = low
    for i in range(answers.bounds[s], answers.bounds[s + 1]):
        for j in range(answers.start[answers.tags[i]], answers.start[answers.tags[i] + 1]):
            k = answers.skills[j]
            slopes.prior[k] += adjoint[k]
            adjoint[k] = 0.0
    _forget_student(s, dynamics, answers, known)
    return np.log(evidence).sum()


@njit(cache=True, nogil=True, error_model="numpy")
def _reverse(
    i: int,
    link: int,
    given: Any,
    weight: Floats,
    seen: float,
    by_weight: Floats,
    before: Floats,
    adjoint: Floats,
    slopes: Any,
    room: Floats,
) -> None:
    """One answer: ``adjoint`` [K, G] turns from d/dP(L) after it to d/dP(L) before the forgetting that led to it.

    ``link`` is the place of the answer's first link, ``before`` [its links, G] are P(L) at the opportunity, ``weight``
    [G] the weights before the answer, ``seen`` its probability, ``by_weight`` [G] turns from d/d(weights after it) to
    d/d(those before), ``given`` the dynamics, answers and emissions. d_not and d_all are d/dP(s | u), d/dP(s | h).
    Kept in one piece: as functions of one grid point each it takes three times as long.
    """
    dynamics, answers, emissions = given
    tag, score, n = answers.tags[i], answers.scores[i], len(before)
    lift, keep = dynamics.lift[tag], emissions.keep
    first, ease, gain = answers.start[tag], np.exp(emissions.ease[i]), np.exp(emissions.gain[i])
    points, mean = len(weight), 0.0
    unknown, known, joints, chances, post, back = room[0], room[1], room[2], room[3], room[4], room[5]
    for g in range(points):
        u, h = emit(ease, gain, lift, g)
        joint = 1.0
        for j in range(n):
            joint *= before[j, g]
        unknown[g], known[g], joints[g] = u, h, joint
        chances[g] = likelihood(u, score) * (1.0 - joint) + likelihood(h, score) * joint
        post[g] = weight[g] * chances[g] / seen
        v, below, above = by_weight[g], by_weight[max(g - 1, 0)], by_weight[min(g + 1, points - 1)]
        slopes.flow[0, g] += post[g] * (below - v)
        slopes.flow[1, g] += post[g] * (above - v)
        back[g] = v + dynamics.flow[0, g] * (below - v) + dynamics.flow[1, g] * (above - v)
        mean += post[g] * back[g]
    for g in range(points):
        by_weight[g] = chances[g] / seen * (1.0 + back[g] - mean)
        post[g] *= 1.0 + back[g] - mean
    for g in range(points):
        u, h, joint, chance = unknown[g], known[g], joints[g], chances[g]
        if_not, if_all = likelihood(u, score), likelihood(h, score)
        rise = if_all - if_not
        d_not = d_all = moved = 0.0
        for j in range(n):
            k, a = answers.skills[first + j], before[j, g]
            others = joint / a
            share = (if_not * (1.0 - others) + if_all * others) / chance
            m = a * share
            after = m + (1.0 - m) * dynamics.learn[k, g]
            d_after = adjoint[k, g] if TINY < after < 1.0 - TINY else 0.0
            slopes.learn[k, g] += d_after * (1.0 - m)
            d_m = d_after * (1.0 - dynamics.learn[k, g])
            moved += d_m * m
            d_share = d_m * a / chance
            d_not += d_share * (1.0 - others)
            d_all += d_share * others
            adjoint[k, g] = d_m * share - rise * d_share * others / a  # below, joint / a moves with every skill
        d_chance = (post[g] - moved) / chance
        d_not += d_chance * (1.0 - joint)
        d_all += d_chance * joint
        for j in range(n):
            k, a = answers.skills[first + j], before[j, g]
            d = adjoint[k, g] + d_all * rise / a
            slopes.forget[link + j] -= d * a * (1.0 - keep[link + j])
            adjoint[k, g] = d * keep[link + j]
        lifted = gain * lift[1, g]
        d_unknown, d_known = d_not * if_not * (score - u), d_all * if_all * (score - h)
        slopes.ease[i] += d_unknown + d_known
        d_gain = d_known * lifted / (1.0 + lifted)
        slopes.gain[i] += d_gain
        slopes.lift[tag, 0, g] += d_unknown + d_known
        slopes.lift[tag, 1, g] += d_gain
