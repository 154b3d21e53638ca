"""One answer, backwards: from derivatives by what is believed after it to those by what was believed before it.

Of the filter of :mod:`engine.filter`; the steps are loops over the ability grid, since as functions of one point each
they take three times as long. The two kinds of answers, on one skill and on several, have a step each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import TINY, likelihood
from engine.filter import emit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ROOM = 10  # rows of scratch space, the first two for the slopes by flow, which every answer moves


@njit(cache=True, nogil=True, error_model="numpy")
def reverse(
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
    d/d(those before), ``given`` the dynamics, answers and emissions.
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
