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
from engine.borrowed import borrowed
from engine.filter import emit, fold

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Map = Callable[[Callable[[int], float], Iterable[int]], Iterable[float]]

ROOM = 10  # rows of scratch space, the first two for the slopes by flow, which every answer moves
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
        # A row before and one after it: no thread writes into a cache line that another one reads.
        room = np.zeros((ROOM + 2, shape[1]))[1:-1]
        scratch = dynamics.prior.copy(), np.zeros(shape), room
        own = slopes._replace(prior=prior[at], learn=learn[at], lift=lift[at], flow=room[:2])
        value = float(_students(ends[at], ends[at + 1], dynamics, answers, emissions, own, *scratch))
        flow[at] = room[:2]
        return value

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
def _students(
    first: int,
    last: int,
    dynamics: Any,
    answers: Any,
    emissions: Any,
    slopes: Any,
    known: Floats,
    adjoint: Floats,
    room: Floats,
) -> Any:
    """Log-likelihood of students first..last; adds to the slopes of the skills, writes those of the answers."""
    total, lent = 0.0, borrowed((dynamics, answers, emissions, known, adjoint, slopes, room))
    for student in range(first, last):
        total += one_student(student, *lent)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def one_student(
    s: int, dynamics: Any, answers: Any, emissions: Any, known: Floats, adjoint: Floats, slopes: Any, room: Floats
) -> Any:
    """Log-likelihood of one student; adds to the slopes. ``known`` [K, G], the priors, and ``adjoint`` [K, G], zeros,
    are left as they were; ``room`` [ROOM, G] is written over."""
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
    d/d(those before), ``given`` the dynamics, answers and emissions. The steps are loops over the grid: as functions of
    one point each they take three times as long.
    """
    dynamics, answers, emissions = given
    tag, score, n, points = answers.tags[i], answers.scores[i], len(before), len(weight)
    lift, first, ease, gain = (
        dynamics.lift[tag],
        answers.start[tag],
        np.exp(emissions.ease[i]),
        np.exp(emissions.gain[i]),
    )
    unknown, known, if_not, if_all = room[2], room[3], room[4], room[5]
    joints, chances, post, back = room[6], room[7], room[8], room[9]
    joints[:] = before[0]
    for j in range(1, n):
        for g in range(points):
            joints[g] *= before[j, g]
    for g in range(points):
        unknown[g], known[g] = emit(ease, gain, lift, g)
        if_not[g], if_all[g] = likelihood(unknown[g], score), likelihood(known[g], score)
        chances[g] = if_not[g] * (1.0 - joints[g]) + if_all[g] * joints[g]
        post[g] = weight[g] * chances[g] / seen
    _reverse_weights(dynamics.flow, slopes.flow, chances, post, back, by_weight, seen)
    if n == 1:
        skill, kept = answers.skills[first], emissions.keep[link]
        of_skill = dynamics.learn[skill], adjoint[skill], slopes.learn[skill]
        slopes.forget[link] -= (1.0 - kept) * _reverse_skill(*of_skill, before[0], kept, room)
    else:
        members, kept = answers.skills[first : first + n], emissions.keep[link : link + n]
        _reverse_skills(
            members, dynamics.learn, adjoint, slopes.learn, before, kept, slopes.forget[link : link + n], room
        )
    by_ease, by_gain, lift_0, lift_1 = 0.0, 0.0, slopes.lift[tag, 0], slopes.lift[tag, 1]
    for g in range(points):
        lifted = gain * lift[1, g]
        d_known = if_all[g] * (score - known[g])
        d_emit = if_not[g] * (score - unknown[g]) + d_known
        d_gain = d_known * lifted / (1.0 + lifted)
        lift_0[g] += d_emit
        lift_1[g] += d_gain
        by_ease += d_emit
        by_gain += d_gain
    slopes.ease[i], slopes.gain[i] = by_ease, by_gain


@njit(cache=True, nogil=True, error_model="numpy")
def _reverse_weights(
    flow: Floats, by_flow: Floats, chances: Floats, post: Floats, back: Floats, by_weight: Floats, seen: float
) -> None:
    """Drift and Bayes's rule on the weights; ``post``, the weights after the answer, becomes d/dlog P(score)."""
    points, mean = len(post), 0.0
    for g in range(points):
        v, below, above = by_weight[g], by_weight[max(g - 1, 0)], by_weight[min(g + 1, points - 1)]
        by_flow[0, g] += post[g] * (below - v)
        by_flow[1, g] += post[g] * (above - v)
        back[g] = v + flow[0, g] * (below - v) + flow[1, g] * (above - v)
        mean += post[g] * back[g]
    for g in range(points):
        rise = 1.0 + back[g] - mean
        by_weight[g] = chances[g] / seen * rise
        post[g] *= rise


@njit(cache=True, nogil=True, error_model="numpy")
def _reverse_skill(learn: Floats, adjoint: Floats, by_learn: Floats, before: Floats, keep: float, room: Floats) -> Any:
    """Learning and evidence of the answer's one skill [G each]; ``if_not``, ``if_all`` are multiplied by d/dP(s | u)
    and d/dP(s | h). Returns the sum over the grid of d/dP(L) times P(L) at the opportunity."""
    if_not, if_all, chances, post = room[4], room[5], room[7], room[8]
    total = 0.0
    for g in range(len(before)):
        a, per = before[g], 1.0 / chances[g]
        share = if_all[g] * per
        m = a * share
        after = m + (1.0 - m) * learn[g]
        d_after = adjoint[g] if TINY < after < 1.0 - TINY else 0.0
        by_learn[g] += d_after * (1.0 - m)
        d_m = d_after * (1.0 - learn[g])
        d_chance = (post[g] - d_m * m) * per
        d = d_m * share + (if_all[g] - if_not[g]) * d_chance
        if_not[g] *= d_chance * (1.0 - a)
        if_all[g] *= a * (d_m * per + d_chance)
        total += d * a
        adjoint[g] = d * keep
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _reverse_skills(
    members: Ints,
    learn: Floats,
    adjoint: Floats,
    by_learn: Floats,
    before: Floats,
    keep: Floats,
    by_forget: Floats,
    room: Floats,
) -> None:
    """The same of several skills: ``members`` [n], learn, adjoint, by_learn [K, G], before [n, G], keep, by_forget
    [n]. The joint belief over one skill's, the others, moves with every skill."""
    if_not, if_all, joints, chances, post = room[4], room[5], room[6], room[7], room[8]
    for g in range(len(post)):
        joint, chance, rise = joints[g], chances[g], if_all[g] - if_not[g]
        d_not = d_all = moved = 0.0
        for j in range(len(members)):
            k, a = members[j], before[j, g]
            others = joint / a
            share = (if_not[g] * (1.0 - others) + if_all[g] * others) / chance
            m = a * share
            after = m + (1.0 - m) * learn[k, g]
            d_after = adjoint[k, g] if TINY < after < 1.0 - TINY else 0.0
            by_learn[k, g] += d_after * (1.0 - m)
            d_m = d_after * (1.0 - learn[k, g])
            moved += d_m * m
            d_share = d_m * a / chance
            d_not += d_share * (1.0 - others)
            d_all += d_share * others
            adjoint[k, g] = d_m * share - rise * d_share * others / a
        d_chance = (post[g] - moved) / chance
        d_not += d_chance * (1.0 - joint)
        d_all += d_chance * joint
        for j in range(len(members)):
            k, a = members[j], before[j, g]
            d = adjoint[k, g] + d_all * rise / a
            by_forget[j] -= d * a * (1.0 - keep[j])
            adjoint[k, g] = d * keep[j]
        if_not[g] *= d_not
        if_all[g] *= d_all
