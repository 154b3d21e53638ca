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

from engine.borrowed import borrowed
from engine.filter import fold
from models.mastery.reverse import ROOM, reverse

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
        reverse(i, low, given, weights[at], evidence[at], weight, own, adjoint, slopes, room)
        high = low
    for i in range(answers.bounds[s], answers.bounds[s + 1]):
        for j in range(answers.start[answers.tags[i]], answers.start[answers.tags[i] + 1]):
            k = answers.skills[j]
            slopes.prior[k] += adjoint[k]
            adjoint[k] = 0.0
    _forget_student(s, dynamics, answers, known)
    return np.log(evidence).sum()
