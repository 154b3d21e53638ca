"""What the mastery model believes of an answer to come, and how an answer that came moves it: as kernels.

``state`` is a :class:`models.predictor.history.State`, ``facts`` a :class:`models.predictor.facts.Facts`; times are in
seconds where ``real``, else any order, and gaps are answers in between.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from engine.filter import emit, fold, of_repeats, retained
from models.log import Floats
from models.predictor.figures import COUNT, LATELY_RIGHT, LATELY_WRONG, PLACE, RIGHT, TIME

BELIEFS = ("logit of P(correct)", "P(L)", "expected success", "its spread", "ability", "spread of ability")
B = len(BELIEFS)


@njit(cache=True, nogil=True, error_model="numpy")
def _log_gap(row: Floats, now: float, place: float, real: bool) -> Any:
    """As :func:`engine.covariates.log_gaps`: seconds, or answers in between."""
    return np.log1p(max(now - row[TIME], 0.0) if real else place - row[PLACE] - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def ease_of(facts: Any, of_item: Floats, item: int, tag: int, now: float, place: float, real: bool) -> Any:
    """The ease of an answer to a mastery model: of its skills, its item, and earlier answers to the item."""
    ease = facts.of_set[tag, 0] + facts.of_item[item, 0]
    if of_item[COUNT] > 0:
        gap, lately = _log_gap(of_item, now, place, real), of_item[LATELY_RIGHT : LATELY_WRONG + 1]
        ease += of_repeats(facts.repeats, of_item[COUNT], of_item[RIGHT], gap, lately[0], lately[1])
    return ease


@njit(cache=True, nogil=True, error_model="numpy")
def keep(facts: Any, row: Floats, k: int, now: float, place: float, real: bool) -> Any:
    """The chance that a known skill is still known; ``facts`` have its ``forget`` and ``gap``, ``row`` its figures."""
    if row[COUNT] == 0:
        return 1.0
    return retained(facts.forget[k], facts.gap[0], facts.gap[1], _log_gap(row, now, place, real))


@njit(cache=True, nogil=True, error_model="numpy")
def believe(facts: Any, state: Any, of_item: Floats, item: int, tag: int, now: float, real: bool, x: Floats) -> None:
    """Fill ``x`` [B] as :data:`BELIEFS`."""
    place, low, high = state.whole[0, COUNT], facts.start[tag], facts.start[tag + 1]
    ease = np.exp(ease_of(facts, of_item, item, tag, now, place, real))
    gain = np.exp(facts.of_set[tag, 1] + facts.of_item[item, 1])
    usual, usual_gain = np.exp(facts.of_set[tag, 0]), np.exp(facts.of_set[tag, 1])
    kept = 1.0
    for k in facts.skills[low:high]:
        kept *= keep(facts, state.by_skill[k], k, now, place, real)
    x[:B] = 0.0
    for g in range(len(state.weight)):
        w, joint = state.weight[g], kept
        for k in facts.skills[low:high]:
            joint *= state.known[k, g]
        u, h = emit(ease, gain, facts.lift[tag], g)
        x[0] += w * (u + (h - u) * joint)
        x[1] += w * joint
        u, h = emit(usual, usual_gain, facts.lift[tag], g)
        success = u + (h - u) * joint
        x[2] += w * success
        x[3] += w * success * success
        x[4] += w * facts.theta[g]
        x[5] += w * facts.theta[g] * facts.theta[g]
    x[0] = np.log(x[0] / (1.0 - x[0]))
    x[3] = np.sqrt(max(x[3] - x[2] * x[2], 0.0))
    x[5] = np.sqrt(max(x[5] - x[4] * x[4], 0.0))


@njit(cache=True, nogil=True, error_model="numpy")
def usually(facts: Any, item: int, tag: int) -> Any:
    """P(correct) of a newcomer: what surprises are counted from. The filter's own prediction follows a student whose
    ability drifts, so that its surprises say little of the past."""
    ease = np.exp(facts.of_set[tag, 0] + facts.of_item[item, 0])
    gain = np.exp(facts.of_set[tag, 1] + facts.of_item[item, 1])
    total = 0.0
    for g in range(len(facts.weight)):
        joint = 1.0
        for k in facts.skills[facts.start[tag] : facts.start[tag + 1]]:
            joint *= facts.prior[k, g]
        u, h = emit(ease, gain, facts.lift[tag], g)
        total += facts.weight[g] * (u + (h - u) * joint)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def take_in(
    facts: Any, state: Any, of_item: Floats, item: int, tag: int, now: float, real: bool, score: float, room: Any
) -> None:
    """Move what is believed by an answer that came. ``room``: [skills, G], [1, G] and [1], written over."""
    place, low, high = state.whole[0, COUNT], facts.start[tag], facts.start[tag + 1]
    kept = np.empty(high - low)
    for j in range(high - low):
        k = facts.skills[low + j]
        kept[j] = keep(facts, state.by_skill[k], k, now, place, real)
    ease = ease_of(facts, of_item, item, tag, now, place, real)
    gain = facts.of_set[tag, 1] + facts.of_item[item, 1]
    fold(
        facts.learn,
        facts.lift,
        facts.flow,
        facts.start,
        facts.skills,
        np.array([tag]),
        np.array([ease]),
        np.array([gain]),
        kept,
        np.array([score]),
        state.known,
        state.weight,
        room[0],
        room[1],
        room[2],
    )
