"""The features of an answer to come, from the student's past alone: one kernel, in training and in service.

A student is a :class:`State`: running figures, and the mastery model's beliefs. :func:`describe` reads it for an answer
that may come, :func:`remember` moves it by one that came. Both are compiled, and know nothing of any other student.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from engine.filter import emit, fold, of_repeats, retained
from models.log import Floats, Ints
from models.predictor.facts import Facts
from models.predictor.figures import (
    COLUMNS,
    COUNT,
    FIGURES,
    HELD,
    LATELY_RIGHT,
    LATELY_WRONG,
    PLACE,
    RESULT,
    RIGHT,
    TIME,
    USUAL,
    N,
    add,
    clear,
    figures,
)
from models.predictor.habits import KINDS, adjustment, keys

SESSION = 3600.0  # seconds; a longer pause begins a new session, where times are real
ANSWER = 15.0  # seconds that an answer stands for where they are a mere order

# The row of the student as a whole goes on with
SESSION_COUNT, SKILLS, RUN, RUN_RIGHT, RUN_STREAK, RUN_BEFORE, LAST_SET, LAST_SET_CODE, LAST_ITEM_CODE = range(
    COLUMNS, COLUMNS + 9
)
WHOLE = COLUMNS + 9

BELIEFS = ("logit of P(correct)", "P(L)", "expected success", "its spread", "ability", "spread of ability")
B = len(BELIEFS)
REST = (
    *("answers in this session", "skills met", "answers in a run on these skills", "share right in the run"),
    *("still the same skills", "length of the run before", "right in a row in the run", "skills asked for"),
    *("fewest answers on a skill", "least share right on a skill"),
)
FEATURES = (
    *BELIEFS,
    *(f"{of}: {name}" for of in ("student", "skills", "item") for name in FIGURES),
    *REST,
    *KINDS,
)
R = B + 3 * N  # where REST begins


class State(NamedTuple):
    """One student: rows of figures as a whole [1, WHOLE], on skills [K, COLUMNS], on items [., COLUMNS]; P(L | theta)
    [K, G] and the weights of theta [G]."""

    whole: Floats
    by_skill: Floats
    by_item: Floats
    known: Floats
    weight: Floats


def newcomer(facts: Facts, items: int) -> State:
    """A student without a past, with room for so many items."""
    tables = np.zeros((1, WHOLE)), np.zeros((len(facts.prior), COLUMNS)), np.zeros((items, COLUMNS))
    state = State(*tables, facts.prior.copy(), facts.weight.copy())
    for table in state[:3]:
        table[:, RESULT:LATELY_RIGHT] = np.nan
    _begin(state.whole[0])
    return state


@njit(cache=True, nogil=True, error_model="numpy")
def _begin(whole: Floats) -> None:
    clear(whole)
    whole[LAST_SET] = whole[LAST_SET_CODE] = whole[LAST_ITEM_CODE] = -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def _log_gap(row: Floats, now: float, place: float, real: bool) -> Any:
    """As :func:`engine.covariates.log_gaps`: seconds, or answers in between."""
    return np.log1p(max(now - row[TIME], 0.0) if real else place - row[PLACE] - 1.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _ease(facts: Any, of_item: Floats, item: int, tag: int, now: float, place: float, real: bool) -> Any:
    """The mastery model's ease of an answer: of its skills, its item, and earlier answers to the item."""
    ease = facts.of_set[tag, 0] + facts.of_item[item, 0]
    if of_item[COUNT] > 0:
        gap, lately = _log_gap(of_item, now, place, real), of_item[LATELY_RIGHT : LATELY_WRONG + 1]
        ease += of_repeats(facts.repeats, of_item[COUNT], of_item[RIGHT], gap, lately[0], lately[1])
    return ease


@njit(cache=True, nogil=True, error_model="numpy")
def _keep(facts: Any, row: Floats, k: int, now: float, place: float, real: bool) -> Any:
    """The chance that a known skill is still known."""
    if row[COUNT] == 0:
        return 1.0
    return retained(facts.forget[k], facts.gap[0], facts.gap[1], _log_gap(row, now, place, real))


@njit(cache=True, nogil=True, error_model="numpy")
def _believe(facts: Any, state: Any, of_item: Floats, item: int, tag: int, now: float, real: bool, x: Floats) -> None:
    """Fill ``x`` [B] as :data:`BELIEFS`."""
    place, low, high = state.whole[0, COUNT], facts.start[tag], facts.start[tag + 1]
    ease = np.exp(_ease(facts, of_item, item, tag, now, place, real))
    gain = np.exp(facts.of_set[tag, 1] + facts.of_item[item, 1])
    usual, usual_gain = np.exp(facts.of_set[tag, 0]), np.exp(facts.of_set[tag, 1])
    keep = 1.0
    for k in facts.skills[low:high]:
        keep *= _keep(facts, state.by_skill[k], k, now, place, real)
    x[:B] = 0.0
    for g in range(len(state.weight)):
        w, joint = state.weight[g], keep
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
def describe(
    facts: Any, habits: Any, state: Any, slot: int, item: int, tag: int, now: float, real: bool, x: Floats, key: Ints
) -> None:
    """Fill ``x`` [FEATURES] and ``key`` [KINDS] for an answer to ``item`` on the skills of ``tag``.

    ``slot`` is the item's row in the state; ``now`` is in seconds where times are real, else any order.
    """
    whole, of_item, of_skills = state.whole[0], state.by_item[slot], x[B + N : B + 2 * N]
    place = whole[COUNT]
    _believe(facts, state, of_item, item, tag, now, real, x)
    figures(whole, now, place, x[B : B + N])
    figures(of_item, now, place, x[B + 2 * N : R])
    own = facts.skills[facts.start[tag] : facts.start[tag + 1]]
    fewest, least = np.inf, np.inf
    one = np.empty(N)
    of_skills[:] = 0.0
    for k in own:
        figures(state.by_skill[k], now, place, one)
        of_skills += one / len(own)
        fewest, least = min(fewest, one[0]), min(least, one[1])
    same = whole[LAST_SET] == tag
    x[R] = 0.0 if real and now - whole[TIME] > SESSION else whole[SESSION_COUNT]
    x[R + 1] = whole[SKILLS]
    x[R + 2] = whole[RUN] if same else 0.0
    x[R + 3] = (whole[RUN_RIGHT] + HELD * USUAL) / (whole[RUN] + HELD)  # of the run that ends, where it does
    x[R + 4] = 1.0 if same else 0.0
    x[R + 5] = whole[RUN_BEFORE] if same else whole[RUN]
    x[R + 6] = whole[RUN_STREAK]
    x[R + 7], x[R + 8], x[R + 9] = len(own), fewest, least
    of_set, of_code = facts.set_code[tag], facts.item_code[item]
    before = whole[LAST_SET_CODE], whole[LAST_ITEM_CODE], whole[RESULT]
    keys(of_set, of_code, before, x[R + 2], x[R + 6], state.by_skill[own[0]], key)
    for kind in range(len(key)):
        x[R + len(REST) + kind] = adjustment(habits, kind, key[kind])


@njit(cache=True, nogil=True, error_model="numpy")
def remember(
    facts: Any, state: Any, slot: int, item: int, tag: int, now: float, real: bool, score: float, room: Any
) -> None:
    """Move the state by an answer that came. ``room``: [skills, G], [1, G] and [1], written over."""
    whole, of_item, before, evidence = state.whole[0], state.by_item[slot], room[0], room[2]
    place, low, high = whole[COUNT], facts.start[tag], facts.start[tag + 1]
    keep = np.empty(high - low)
    for j in range(high - low):
        k = facts.skills[low + j]
        keep[j] = _keep(facts, state.by_skill[k], k, now, place, real)
    ease = _ease(facts, of_item, item, tag, now, place, real)
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
        keep,
        np.array([score]),
        state.known,
        state.weight,
        before,
        room[1],
        evidence,
    )
    surprise = score - _usually(facts, item, tag)
    _run(whole, tag, now, real, score)
    whole[LAST_SET_CODE], whole[LAST_ITEM_CODE] = facts.set_code[tag], facts.item_code[item]
    for k in facts.skills[low:high]:
        whole[SKILLS] += state.by_skill[k, COUNT] == 0.0
        add(state.by_skill[k], score, surprise, now, place)
    add(of_item, score, surprise, now, place)
    add(whole, score, surprise, now, place)


@njit(cache=True, nogil=True, error_model="numpy")
def _usually(facts: Any, item: int, tag: int) -> Any:
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
def _run(whole: Floats, tag: int, now: float, real: bool, score: float) -> None:
    """Count an answer into its session and its run on the same skills."""
    fresh = real and now - whole[TIME] > SESSION
    whole[SESSION_COUNT] = 1.0 if fresh else whole[SESSION_COUNT] + 1.0
    if whole[LAST_SET] != tag:
        whole[RUN_BEFORE] = whole[RUN]
        whole[RUN] = whole[RUN_RIGHT] = whole[RUN_STREAK] = 0.0
        whole[LAST_SET] = tag
    whole[RUN] += 1.0
    whole[RUN_RIGHT] += score
    whole[RUN_STREAK] = whole[RUN_STREAK] + 1.0 if score >= 0.5 else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def candidates(facts: Any, habits: Any, state: Any, slot: Ints, item: Ints, tag: Ints, now: float, real: bool) -> Any:
    """Features of each of n answers that may come now [n, FEATURES]."""
    x, key = np.empty((len(item), len(FEATURES))), np.empty(len(KINDS), np.int64)
    for i in range(len(item)):
        describe(facts, habits, state, slot[i], item[i], tag[i], now, real, x[i], key)
    return x


@njit(cache=True, nogil=True, error_model="numpy")
def follow(
    facts: Any,
    habits: Any,
    state: Any,
    slot: Ints,
    item: Ints,
    tag: Ints,
    now: Floats,
    real: bool,
    score: Floats,
    x: Floats,
    key: Ints,
) -> None:
    """A student's next answers, in order: features [n, FEATURES] and keys [n, KINDS] before each; moves the state.

    Where ``x`` has no rows the state alone is moved.
    """
    most = 0
    for t in tag:
        most = max(most, facts.start[t + 1] - facts.start[t])
    points = len(state.weight)
    room = np.empty((most, points)), np.empty((1, points)), np.empty(1)
    for i in range(len(item)):
        if len(x) > 0:
            describe(facts, habits, state, slot[i], item[i], tag[i], now[i], real, x[i], key[i])
        remember(facts, state, slot[i], item[i], tag[i], now[i], real, score[i], room)


@njit(cache=True, nogil=True, error_model="numpy")
def everybody(
    facts: Any, habits: Any, state: Any, bounds: Ints, item: Ints, tag: Ints, now: Floats, real: bool, score: Floats
) -> Any:
    """:func:`follow` for student after student, each from nothing: features [N, FEATURES] and keys [N, KINDS]."""
    x, key = np.empty((len(item), len(FEATURES))), np.empty((len(item), len(KINDS)), np.int64)
    for s in range(len(bounds) - 1):
        at = slice(bounds[s], bounds[s + 1])
        state.weight[:] = facts.weight
        _begin(state.whole[0])
        follow(facts, habits, state, item[at], item[at], tag[at], now[at], real, score[at], x[at], key[at])
        for i in range(bounds[s], bounds[s + 1]):
            clear(state.by_item[item[i]])
            for k in facts.skills[facts.start[tag[i]] : facts.start[tag[i] + 1]]:
                clear(state.by_skill[k])
                state.known[k] = facts.prior[k]
    return x, key
