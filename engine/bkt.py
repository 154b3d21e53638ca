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
own link, and P(correct) is the mean over the skills. A set of skills may be read as a *whole* too, as a skill of its
own beside them: then P(correct) is the mean of both readings. One answer is predicted once.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.model import FORGET, GUESS, LEARN, SLIP

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]

# The short kernels keep the GIL: letting go of it for a microsecond hands it to another thread, and getting it back in
# a busy server takes hundreds.

TINY = 1e-9  # a probability that reaches 0 or 1 exactly could never move again


@njit(cache=True, error_model="numpy")
def likelihood(right: float, score: float) -> Any:
    """Likelihood of a score where a right answer has probability ``right``."""
    if score * (1.0 - score) != 0.0:
        return right**score * (1.0 - right) ** (1.0 - score)
    return score * right + (1.0 - score) * (1.0 - right)  # no branch that right and wrong answers would take in turn


@njit(cache=True, error_model="numpy")
def at_opportunity(p: float, forget: float, opportunities: int) -> Any:
    """P(L) when the student meets the skill again: forgetting is applied here, so a stored state needs no clock."""
    return p * (1.0 - forget) if opportunities > 0 else p


@njit(cache=True, error_model="numpy")
def read(p: float, guess: float, slip: float, score: float) -> Any:
    """P(known and this score), P(this score), where P(known) is ``p``: the first over the second is the evidence."""
    held = min(max(p, TINY), 1.0 - TINY)
    known = held * likelihood(1.0 - slip, score)
    return known, known + (1.0 - held) * likelihood(guess, score)


@njit(cache=True, error_model="numpy")
def learnt(p: float, learn: float) -> Any:
    """P(known) after an opportunity to learn."""
    return min(max(p + (1.0 - p) * learn, TINY), 1.0 - TINY)


def success(known: Floats, params: Floats) -> Floats:
    """P(correct) on the skill alone where P(L) is ``known`` [...]; ``params`` [..., 5]."""
    return known * (1.0 - params[..., SLIP]) + (1.0 - known) * params[..., GUESS]


@njit(cache=True, error_model="numpy")
def update(
    p: float, score: float, opportunities: int, learn: float, guess: float, slip: float, forget: float = 0.0
) -> Any:
    """One answer of one student on one skill: P(L) before it, after so many ``opportunities``, to P(L) after it.

    >>> round(update(0.4, 1.0, 3, 0.1, 0.2, 0.1), 4)
    0.775
    """
    known, evidence = read(at_opportunity(p, forget, opportunities), guess, slip, score)
    return learnt(known / evidence, learn)


@njit(cache=True, error_model="numpy")
def _right(p: float, params: Floats, k: int) -> Any:
    """P(correct) on chain ``k`` alone."""
    return p * (1.0 - params[k, SLIP]) + (1.0 - p) * params[k, GUESS]


@njit(cache=True, error_model="numpy")
def fold_answers(
    params: Floats,
    emit: Floats,
    start: Ints,
    skills: Ints,
    whole: Ints,
    items: Ints,
    scores: Floats,
    p: Floats,
    seen: Counts,
    before: Floats,
    after: Floats,
) -> Any:
    """Fold answers, in order of time, into ``p`` and ``seen`` in place; returns P(correct) of each before it is learnt.

    params [K + W, 5]; the skills of item i are ``skills[start[i]:start[i+1]]``, with guess and slip in the same rows of
    ``emit`` [links, 2]; ``whole[i]`` is the chain K.. of the item as a whole, -1 where it has none; items [n]; scores
    [n]; p, seen [K + W]. ``before`` and ``after`` [sum of skills over answers] receive each skill's P(L) at the
    opportunity and after it.
    """
    predicted = np.empty(len(items))
    # without a sign: an index that may be below 0, which counts from the end, is looked at once more at every use
    start, skills, items = start.view(np.uint64), skills.view(np.uint64), items.view(np.uint64)
    at = 0
    for i in range(len(items)):
        item, total = items[i], 0.0
        low, high = start[item], start[item + np.uint64(1)]
        for j in range(low, high):
            k, guess, slip = skills[j], emit[j, 0], emit[j, 1]
            before[at] = at_opportunity(p[k], params[k, FORGET], seen[k])
            total += before[at] * (1.0 - slip) + (1.0 - before[at]) * guess
            known, evidence = read(before[at], guess, slip, scores[i])
            p[k] = after[at] = learnt(known / evidence, params[k, LEARN])
            seen[k] += 1
            at += 1
        predicted[i] = total / np.int64(high - low)
        c = whole[item]
        if c >= 0:
            p0 = at_opportunity(p[c], params[c, FORGET], seen[c])
            predicted[i] = 0.5 * (predicted[i] + _right(p0, params, c))
            known, evidence = read(p0, params[c, GUESS], params[c, SLIP], scores[i])
            p[c] = learnt(known / evidence, params[c, LEARN])
            seen[c] += 1
    return predicted


@njit(cache=True, error_model="numpy")
def note_times(start: Ints, skills: Ints, items: Ints, times: Ints, last_at: Ints) -> None:
    """Keep in ``last_at`` [K] the latest time [n] of an answer on each skill."""
    for i in range(len(items)):
        for j in range(start[items[i]], start[items[i] + 1]):
            last_at[skills[j]] = max(last_at[skills[j]], times[i])


@njit(cache=True, error_model="numpy")
def _under_draws(
    params: Floats, guess: Floats, slip: Floats, score: float, opportunities: int, p: Floats, weight: Floats
) -> Any:
    """One answer read by one chain under every draw [D], into ``p`` and ``weight`` in place: P(correct) before it."""
    right, total = 0.0, 0.0
    for d in range(len(p)):
        met = at_opportunity(p[d], params[FORGET, d], opportunities)
        right += weight[d] * (met * (1.0 - slip[d]) + (1.0 - met) * guess[d])
        known, evidence = read(met, guess[d], slip[d], score)
        p[d] = learnt(known / evidence, params[LEARN, d])
        weight[d] *= evidence
        total += weight[d]
    for d in range(len(p)):
        weight[d] /= total
    return right


@njit(cache=True, nogil=True, error_model="numpy")  # long enough to let other threads work meanwhile
def fold_draws(
    params: Floats,
    emit: Floats,
    start: Ints,
    skills: Ints,
    whole: Ints,
    items: Ints,
    scores: Floats,
    p: Floats,
    weight: Floats,
    seen: Counts,
) -> Any:
    """As :func:`fold_answers` under D parameter draws side by side: params [K + W, 5, D], emit [links, 2, D].

    Folds into ``p`` and ``weight`` [K + W, D] and ``seen`` [K + W] in place. A draw weighs, for each chain, by how well
    it predicted this student's own answers on it; the weights of a chain add up to 1. Returns P(correct) of each answer
    before it is learnt, [n]: what all draws together say.
    """
    predicted = np.empty(len(items))
    for i in range(len(items)):
        low, high, total = start[items[i]], start[items[i] + 1], 0.0
        for j in range(low, high):
            k = skills[j]
            total += _under_draws(params[k], emit[j, 0], emit[j, 1], scores[i], seen[k], p[k], weight[k])
            seen[k] += 1
        predicted[i] = total / (high - low)
        c = whole[items[i]]
        if c >= 0:
            right = _under_draws(params[c], params[c, GUESS], params[c, SLIP], scores[i], seen[c], p[c], weight[c])
            predicted[i] = 0.5 * (predicted[i] + right)
            seen[c] += 1
    return predicted


@njit(cache=True, error_model="numpy")
def predict_items(
    params: Floats, emit: Floats, start: Ints, skills: Ints, whole: Ints, items: Ints, p: Floats, seen: Counts
) -> Any:
    """P(correct) of each item if it were given now, shape [n]."""
    predicted = np.empty(len(items))
    for i in range(len(items)):
        total = 0.0
        low, high = start[items[i]], start[items[i] + 1]
        for j in range(low, high):
            p0 = at_opportunity(p[skills[j]], params[skills[j], FORGET], seen[skills[j]])
            total += p0 * (1.0 - emit[j, 1]) + (1.0 - p0) * emit[j, 0]
        predicted[i] = total / (high - low)
        c = whole[items[i]]
        if c >= 0:
            p0 = at_opportunity(p[c], params[c, FORGET], seen[c])
            predicted[i] = 0.5 * (predicted[i] + _right(p0, params, c))
    return predicted
