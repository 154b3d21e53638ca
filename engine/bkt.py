"""Bayesian knowledge tracing: the equations, once, as compiled kernels.

Each skill is a two-state chain (known, not known). With P(L) = p, an opportunity with an answer of score s
(1 right, 0 wrong) goes (Corbett & Anderson 1995, eqs. 1-4; forget after Qiu et al. 2011):

    forget      p0 = p (1 - forget), except before the first opportunity
    predict     P(correct) = p0 (1 - slip) + (1 - p0) guess
    evidence    p1 = p0 a / (p0 a + (1 - p0) b),   a = (1 - slip)^s slip^(1-s),   b = guess^s (1 - guess)^(1-s)
    learn       p  = p1 + (1 - p1) learn

A right answer never lowers p1 below p0 and a wrong one never raises it, since guess + slip < 1. A score between 0
and 1 counts as that share of a right answer (fractional Bernoulli likelihood).

An item with several skills has a guess and a slip for each of them (a *link*): every skill reads the answer with its
own link, and the item's P(correct) is the mean over its skills. One answer is predicted once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.model import FORGET, LEARN, PRIOR

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]

# The short kernels keep the GIL: letting go of it for a microsecond hands it to another thread, and getting it back in
# a busy server takes hundreds.

TINY = 1e-9  # a probability that reaches 0 or 1 exactly could never move again


@njit(cache=True)
def likelihood(right: float, score: float) -> Any:
    """Likelihood of a score where a right answer has probability ``right``."""
    if score == 1.0:
        return right
    if score == 0.0:
        return 1.0 - right
    return right**score * (1.0 - right) ** (1.0 - score)


@njit(cache=True)
def at_opportunity(p: float, forget: float, opportunities: int) -> Any:
    """P(L) when the student meets the skill again: forgetting is applied here, so a stored state needs no clock."""
    return p * (1.0 - forget) if opportunities > 0 else p


@njit(cache=True)
def fold_answers(
    params: Floats,
    emit: Floats,
    start: Ints,
    skills: Ints,
    items: Ints,
    scores: Floats,
    p: Floats,
    seen: Counts,
    before: Floats,
    after: Floats,
    weight: Floats,
) -> Any:
    """Fold answers, in order of time, into ``p`` and ``seen`` in place; returns P(correct) of each before it is learnt.

    params [K, 5]; the skills of item i are ``skills[start[i]:start[i+1]]``, with guess and slip in the same rows of
    ``emit`` [links, 2]; items [n]; scores [n]; p, seen [K]. ``before`` and ``after`` [sum of skills over answers]
    receive each skill's P(L) at the opportunity and after it. ``weight`` [K] is increased by the log-likelihood.
    """
    predicted = np.empty(len(items))
    at = 0
    for i in range(len(items)):
        score, total = scores[i], 0.0
        low, high = start[items[i]], start[items[i] + 1]
        for j in range(low, high):
            k, guess, slip = skills[j], emit[j, 0], emit[j, 1]
            p0 = at_opportunity(p[k], params[k, FORGET], seen[k])
            total += p0 * (1.0 - slip) + (1.0 - p0) * guess
            known = p0 * likelihood(1.0 - slip, score)
            evidence = known + (1.0 - p0) * likelihood(guess, score)
            p1 = known / evidence
            weight[k] += np.log(evidence)
            p[k] = min(max(p1 + (1.0 - p1) * params[k, LEARN], TINY), 1.0 - TINY)
            seen[k] += 1
            before[at], after[at] = p0, p[k]
            at += 1
        predicted[i] = total / (high - low)
    return predicted


@njit(cache=True)
def note_times(start: Ints, skills: Ints, items: Ints, times: Ints, last_at: Ints) -> None:
    """Keep in ``last_at`` [K] the latest time [n] of an answer on each skill."""
    for i in range(len(items)):
        for j in range(start[items[i]], start[items[i] + 1]):
            last_at[skills[j]] = max(last_at[skills[j]], times[i])


@njit(cache=True, nogil=True)  # long enough to let other threads work meanwhile
def fold_draws(params: Floats, emit: Floats, start: Ints, skills: Ints, items: Ints, scores: Floats, size: int) -> Any:
    """The same answers under every parameter draw: P(L) and log weight of each draw, both [D, K].

    params [D, K, 5]; emit [D, links, 2]; ``size`` is the sum of skills over the answers. A draw weighs, for each
    skill, by how well it predicted this student's own answers on it.
    """
    p, weight = params[:, :, PRIOR].copy(), np.zeros(params.shape[:2])
    before, after = np.empty(size), np.empty(size)
    for d in range(len(params)):
        seen = np.zeros(params.shape[1], np.int32)
        fold_answers(params[d], emit[d], start, skills, items, scores, p[d], seen, before, after, weight[d])
    return p, weight


@njit(cache=True)
def predict_items(params: Floats, emit: Floats, start: Ints, skills: Ints, items: Ints, p: Floats, seen: Counts) -> Any:
    """P(correct) of each item if it were given now, shape [n]."""
    predicted = np.empty(len(items))
    for i in range(len(items)):
        total = 0.0
        low, high = start[items[i]], start[items[i] + 1]
        for j in range(low, high):
            p0 = at_opportunity(p[skills[j]], params[skills[j], FORGET], seen[skills[j]])
            total += p0 * (1.0 - emit[j, 1]) + (1.0 - p0) * emit[j, 0]
        predicted[i] = total / (high - low)
    return predicted
