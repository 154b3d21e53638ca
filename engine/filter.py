"""The filter of the mastery model: what is believed of one student, answer by answer, as compiled kernels.

A student's ability theta lies on a grid of G points with weights w. Given theta every skill is a two-state chain (known
or not), and an answer of score s (1 right, 0 wrong) to an item that asks for skills k goes, for each grid point:

    forget      a_k = P(L_k) keep_k                     keep = 1 at the first opportunity
    predict     P(correct) = u + (h - u) J              J = prod a_k: all skills known, or a guess
                logit u = z + theta_u                   not all known; z is the item's ease
                logit h = logit u + softplus(d + theta_d)     known is never below unknown; d is the item's gain
    evidence    m_k = a_k P(s | k known) / P(s)         the other skills as they are believed:
                P(s) = P(s | u) (1 - J) + P(s | h) J,   P(s | k known) the same with J / a_k
    learn       P(L_k) = m_k + (1 - m_k) learn_k

and w is multiplied by P(s) and normalised. Then ability drifts: a share of each weight flows to the next point below
and above. P(correct) of the student is the mean over w. With G = 1 and one skill an item this is Bayesian knowledge
tracing (Corbett & Anderson 1995), since slip = 1 - h; ability on the prior alone is the prior per student of Pardos &
Heffernan (2010), offsets to z and d an item are their KT-IDEM (2011).

On the odds scale softplus is 1 + exp, so that u and h cost one exponential an answer for the whole grid:
``lift`` [items, 2, G] holds exp(theta_u) and exp(theta_d), and odds(h) = odds(u) (1 + exp(d) exp(theta_d)).

A right answer never lowers m_k below a_k and a wrong one never raises it, since u < h for every theta.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import TINY, likelihood
from engine.covariates import GAP

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=True, error_model="numpy")
def emit(ease: float, gain: float, lift: Floats, g: int) -> Any:
    """P(correct | not all known) and P(correct | all known) at grid point g; ease = exp(z), gain = exp(d)."""
    odds = ease * lift[0, g]
    known = odds * (1.0 + gain * lift[1, g])
    return odds / (1.0 + odds), known / (1.0 + known)


@njit(cache=True, error_model="numpy")
def retained(forget: float, slope: float, typical: float, gap: float) -> Any:
    """The chance that a known skill is known still after this log gap; ``forget`` is a logit after a ``typical`` one,
    ``slope`` its rise by the log gap."""
    return 1.0 / (1.0 + np.exp(forget + slope * (gap - typical)))


@njit(cache=True, error_model="numpy")
def of_repeats(
    coefficients: Floats, answers: float, right: float, gap: float, lately_right: float, lately_wrong: float
) -> Any:
    """What earlier answers to the item add to an answer's ease: as :func:`engine.covariates.repeats` has them."""
    ease = coefficients[0] * np.log1p(right) + coefficients[1] * np.log1p(answers - right) + coefficients[2]
    ease += coefficients[3] * gap + coefficients[4] * (gap / GAP) ** 2
    return ease + coefficients[5] * lately_right + coefficients[6] * lately_wrong


@njit(cache=True, error_model="numpy")
def answer(
    learn: Floats,
    lift: Floats,
    members: Ints,
    odds: float,
    more: float,
    keep: Floats,
    score: float,
    known: Floats,
    weight: Floats,
    before: Floats,
) -> Any:
    """One answer to an item that asks for the skills ``members``, of ease log ``odds`` and gain log ``more``.

    Moves ``known`` [K, G] and ``weight`` [G] in place, the weights not normalised; fills ``before`` [members, G].
    Returns P(correct) before it, and the probability of the score.
    """
    total, seen = 0.0, 0.0
    for g in range(len(weight)):
        u, h = emit(odds, more, lift, g)
        joint = 1.0
        for j in range(len(members)):
            before[j, g] = known[members[j], g] * keep[j]
            joint *= before[j, g]
        total += weight[g] * (u + (h - u) * joint)
        if_not, if_all = likelihood(u, score), likelihood(h, score)
        chance = if_not * (1.0 - joint) + if_all * joint
        weight[g] *= chance
        seen += weight[g]
        for j in range(len(members)):
            k, others = members[j], joint / before[j, g]
            m = before[j, g] * (if_not * (1.0 - others) + if_all * others) / chance
            known[k, g] = min(max(m + (1.0 - m) * learn[k, g], TINY), 1.0 - TINY)
    return total, seen


@njit(cache=True, error_model="numpy")
def drift(weight: Floats, seen: float, flow: Floats) -> None:
    """Divide the weights [G] by ``seen``, and let what drifts flow to the next points below and above."""
    came = 0.0  # from the point below
    for g in range(len(weight)):
        w = weight[g] / seen
        weight[g] = came + w * (1.0 - flow[0, g] - flow[1, g])
        if g > 0:
            weight[g - 1] += w * flow[0, g]
        came = w * flow[1, g]


@njit(cache=True, error_model="numpy")
def fold(
    learn: Floats,
    lift: Floats,
    flow: Floats,
    start: Ints,
    skills: Ints,
    items: Ints,
    ease: Floats,
    gain: Floats,
    keep: Floats,
    scores: Floats,
    known: Floats,
    weight: Floats,
    before: Floats,
    weights: Floats,
    evidence: Floats,
) -> Any:
    """Fold answers, in order of time, into ``known`` and ``weight`` in place; returns P(correct) before each [n].

    learn [K, G]; lift [items, 2, G]; flow [2, G], what of a weight drifts down and up; the skills of item i are
    ``skills[start[i]:start[i+1]]``; items, ease (z), gain (d), scores [n]; keep [links: the sum of skills over
    answers]; known = P(L | theta) [K, G]; weight [G]. ``before`` [links, G] receives P(L | theta) at each opportunity,
    ``weights`` [n, G] the weights before each answer, ``evidence`` [n] the probability of each score.
    """
    predicted = np.empty(len(items))
    at = 0
    for i in range(len(items)):
        members = skills[start[items[i]] : start[items[i] + 1]]
        end = at + len(members)
        odds, more = np.exp(ease[i]), np.exp(gain[i])
        weights[i] = weight
        predicted[i], evidence[i] = answer(
            learn, lift[items[i]], members, odds, more, keep[at:end], scores[i], known, weight, before[at:end]
        )
        drift(weight, evidence[i], flow)
        at = end
    return predicted
