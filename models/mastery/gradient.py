"""The marginal log-likelihood of students under :mod:`engine.filter`, and its gradient by a reverse pass.

Given theta, a student's answers do not depend on the weights: log-likelihood = log sum_g w_g prod_t P(s_t | theta_g).
Its gradient is therefore the mean, over the final weights, of the gradient of each grid point's own chain. The filter
leaves P(L | theta) before each answer; the reverse pass, last answer first, works out all else from that.
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
    """What the filter reads of the skills and of ability: prior, learn [K, G]; lift [tags, 2, G]; weight [G]."""

    prior: Floats
    learn: Floats
    lift: Floats
    weight: Floats


class Emissions(NamedTuple):
    """What the filter reads of each answer: ease (z), gain (d) [n]; of each link, the chance to keep the skill."""

    ease: Floats
    gain: Floats
    keep: Floats


class Slopes(NamedTuple):
    """Derivatives of the log-likelihood: by prior, learn [K, G]; by theta_u, theta_d [tags, 2, G]; by z, d [n]; by the
    logit of 1 - keep [links]."""

    prior: Floats
    learn: Floats
    lift: Floats
    ease: Floats
    gain: Floats
    forget: Floats


def climb(dynamics: Dynamics, answers: Answers, emissions: Emissions, run: Map = map) -> tuple[float, Slopes]:
    """The log-likelihood and its slopes; ``run`` maps over shards of students, on as many threads as it has."""
    n, shape = len(answers.tags), dynamics.prior.shape
    ends = np.searchsorted(answers.bounds, np.linspace(0, n, SHARDS + 1)[1:-1])
    ends = np.concatenate([[0], ends, [len(answers.bounds) - 1]])
    prior, learn, lift = (
        np.zeros((SHARDS, *shape)),
        np.zeros((SHARDS, *shape)),
        np.zeros((SHARDS, *dynamics.lift.shape)),
    )
    slopes = Slopes(prior, learn, lift, np.zeros(n), np.zeros(n), np.zeros(len(emissions.keep)))

    def shard(at: int) -> float:
        own = slopes._replace(prior=prior[at], learn=learn[at], lift=lift[at])
        return float(_students(ends[at], ends[at + 1], dynamics, answers, emissions, own))

    value = sum(run(shard, range(SHARDS)))
    return value, slopes._replace(prior=prior.sum(0), learn=learn.sum(0), lift=lift.sum(0))


@njit(cache=True, nogil=True, error_model="numpy")
def predict(dynamics: Any, answers: Any, emissions: Any) -> Any:
    """P(correct) of each answer before it is learnt from [n]."""
    predicted, known = np.empty(len(answers.tags)), dynamics.prior.copy()
    for s in range(len(answers.bounds) - 1):
        before = np.empty((answers.links[s + 1] - answers.links[s], len(dynamics.weight)))
        weight, rows = dynamics.weight.copy(), slice(answers.bounds[s], answers.bounds[s + 1])
        predicted[rows], _ = _fold(s, dynamics, answers, emissions, known, weight, before)
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
    """Fold the answers of student s: P(correct) and evidence of each."""
    rows = slice(answers.bounds[s], answers.bounds[s + 1])
    evidence = np.empty(rows.stop - rows.start)
    predicted = fold(
        dynamics.learn,
        dynamics.lift,
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
        evidence,
    )
    return predicted, evidence


@njit(cache=True, nogil=True, error_model="numpy")
def _students(first: int, last: int, dynamics: Any, answers: Any, emissions: Any, slopes: Any) -> Any:
    """Log-likelihood of students first..last; adds to the slopes of the skills, writes those of the answers."""
    known, adjoint = dynamics.prior.copy(), np.zeros_like(dynamics.prior)
    total = 0.0
    for s in range(first, last):
        total += one_student(s, dynamics, answers, emissions, known, adjoint, slopes)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def one_student(
    s: int, dynamics: Any, answers: Any, emissions: Any, known: Floats, adjoint: Floats, slopes: Any
) -> Any:
    """Log-likelihood of one student; adds to the slopes. ``known`` [K, G], the priors, and ``adjoint`` [K, G], zeros,
    are room to work in, and left as they were."""
    before = np.empty((answers.links[s + 1] - answers.links[s], len(dynamics.weight)))
    weight = dynamics.weight.copy()
    _, evidence = _fold(s, dynamics, answers, emissions, known, weight, before)
    high = answers.links[s + 1]
    for i in range(answers.bounds[s + 1] - 1, answers.bounds[s] - 1, -1):
        low = high - (answers.start[answers.tags[i] + 1] - answers.start[answers.tags[i]])
        own = before[low - answers.links[s] : high - answers.links[s]]
        _reverse(i, low, (dynamics, answers, emissions), weight, own, adjoint, slopes)
        high = low
    for i in range(answers.bounds[s], answers.bounds[s + 1]):
        for j in range(answers.start[answers.tags[i]], answers.start[answers.tags[i] + 1]):
            k = answers.skills[j]
            slopes.prior[k] += adjoint[k]
            adjoint[k] = 0.0
    _forget_student(s, dynamics, answers, known)
    return np.log(evidence).sum()


@njit(cache=True, nogil=True, error_model="numpy")
def _reverse(i: int, link: int, given: Any, weight: Floats, before: Floats, adjoint: Floats, slopes: Any) -> None:
    """One answer: ``adjoint`` [K, G] turns from d/dP(L) after it to d/dP(L) before the forgetting that led to it.

    ``link`` is the place of the answer's first link, ``before`` [its links, G] are P(L) at the opportunity, ``weight``
    [G] the final ones, ``given`` the dynamics, answers and emissions. d_not and d_all are d/dP(s | u), d/dP(s | h).
    Kept in one piece: as functions of one grid point each it takes three times as long.
    """
    dynamics, answers, emissions = given
    tag, score, n = answers.tags[i], answers.scores[i], len(before)
    lift, keep = dynamics.lift[tag], emissions.keep
    first, ease, gain = answers.start[tag], np.exp(emissions.ease[i]), np.exp(emissions.gain[i])
    for g in range(len(weight)):
        u, h = emit(ease, gain, lift, g)
        if_not, if_all = likelihood(u, score), likelihood(h, score)
        joint = 1.0
        for j in range(n):
            joint *= before[j, g]
        chance, rise = if_not * (1.0 - joint) + if_all * joint, if_all - if_not
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
        d_chance = (weight[g] - moved) / chance
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
