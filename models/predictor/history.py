"""The features of an answer to come, from the student's past alone: one kernel, in training and in service.

A student is a :class:`State`: running figures, and the mastery model's beliefs. :func:`describe` reads it for an answer
that may come, :func:`remember` moves it by one that came. Both are compiled, and know nothing of any other student.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from engine.borrowed import borrowed
from models.log import Floats, Ints
from models.predictor.beliefs import BELIEFS, B, believe, take_in, usually
from models.predictor.facts import Facts
from models.predictor.figures import (
    COLUMNS,
    COUNT,
    FIGURES,
    HELD,
    LATELY_RIGHT,
    RESULT,
    TIME,
    USUAL,
    N,
    add,
    clear,
    figures,
)
from models.predictor.habits import KINDS, adjustment, keys
from models.predictor.memory import NAMES, memorise, recall

SESSION = 3600.0  # seconds; a longer pause begins a new session, where times are real
ANSWER = 15.0  # seconds that an answer stands for where they are a mere order

# The row of the student as a whole goes on with
SESSION_COUNT, SKILLS, RUN, RUN_RIGHT, RUN_STREAK, RUN_BEFORE, LAST_SET, LAST_SET_CODE, LAST_ITEM_CODE = range(
    COLUMNS, COLUMNS + 9
)
WHOLE = COLUMNS + 9

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
    *NAMES,
)
R = B + 3 * N  # where REST begins
MEMORY = len(FEATURES) - len(NAMES)  # where NAMES begin: last, for many logs have no memory of items


class State(NamedTuple):
    """One student: rows of figures as a whole [1, WHOLE], on skills [K, COLUMNS], on items [., COLUMNS]; P(L | theta)
    [K, G] and the weights of theta [G]; the same of items as skills, with no points where they have no memory."""

    whole: Floats
    by_skill: Floats
    by_item: Floats
    known: Floats
    weight: Floats
    item_known: Floats
    item_weight: Floats


def newcomer(facts: Facts, items: int) -> State:
    """A student without a past, with room for so many items."""
    tables = np.zeros((1, WHOLE)), np.zeros((len(facts.prior), COLUMNS)), np.zeros((items, COLUMNS))
    of_items = facts.memory.weight.copy()
    state = State(*tables, facts.prior.copy(), facts.weight.copy(), np.zeros((items, len(of_items))), of_items)
    for table in state[:3]:
        table[:, RESULT:LATELY_RIGHT] = np.nan
    _begin(state.whole[0])
    return state


@njit(cache=True, nogil=True, error_model="numpy")
def _begin(whole: Floats) -> None:
    clear(whole)
    whole[LAST_SET] = whole[LAST_SET_CODE] = whole[LAST_ITEM_CODE] = -1.0


@njit(cache=True, nogil=True, error_model="numpy")
def describe(
    facts: Any, habits: Any, state: Any, slot: int, item: int, tag: int, now: float, real: bool, x: Floats, key: Ints
) -> None:
    """Fill ``x`` [FEATURES] and ``key`` [KINDS] for an answer to ``item`` on the skills of ``tag``.

    ``slot`` is the item's row in the state; ``now`` is in seconds where times are real, else any order.
    """
    whole, of_item, of_skills = state.whole[0], state.by_item[slot], x[B + N : B + 2 * N]
    place = whole[COUNT]
    believe(facts, state, of_item, item, tag, now, real, x)
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
    recall(facts, state, slot, item, now, place, real, x[MEMORY:])


@njit(cache=True, nogil=True, error_model="numpy")
def remember(
    facts: Any, state: Any, slot: int, item: int, tag: int, now: float, real: bool, score: float, room: Any
) -> None:
    """Move the state by an answer that came. ``room``: [skills, G], [1, G], [1] and [1, G of items], written over."""
    whole, of_item = state.whole[0], state.by_item[slot]
    place, low, high = whole[COUNT], facts.start[tag], facts.start[tag + 1]
    take_in(facts, state, of_item, item, tag, now, real, score, room)
    memorise(facts, state, slot, item, now, place, real, score, room[3])
    surprise = score - usually(facts, item, tag)
    _run(whole, tag, now, real, score)
    whole[LAST_SET_CODE], whole[LAST_ITEM_CODE] = facts.set_code[tag], facts.item_code[item]
    for k in facts.skills[low:high]:
        whole[SKILLS] += state.by_skill[k, COUNT] == 0.0
        add(state.by_skill[k], score, surprise, now, place)
    add(of_item, score, surprise, now, place)
    add(whole, score, surprise, now, place)


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
    lent = borrowed((facts, habits, state))
    for i in range(len(item)):
        describe(lent[0], lent[1], lent[2], slot[i], item[i], tag[i], now, real, x[i], key)
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
    room = np.empty((most, points)), np.empty((1, points)), np.empty(1), np.empty((1, len(state.item_weight)))
    lent = borrowed((facts, habits, state))
    for i in range(len(item)):
        if len(x) > 0:
            describe(lent[0], lent[1], lent[2], slot[i], item[i], tag[i], now[i], real, x[i], key[i])
        remember(lent[0], lent[2], slot[i], item[i], tag[i], now[i], real, score[i], room)


@njit(cache=True, nogil=True, error_model="numpy")
def everybody(
    facts: Any, habits: Any, state: Any, bounds: Ints, item: Ints, tag: Ints, now: Floats, real: bool, score: Floats
) -> Any:
    """:func:`follow` for student after student, each from nothing: features [N, FEATURES] and keys [N, KINDS]."""
    x, key = np.empty((len(item), len(FEATURES))), np.empty((len(item), len(KINDS)), np.int64)
    for s in range(len(bounds) - 1):
        at = slice(bounds[s], bounds[s + 1])
        state.weight[:], state.item_weight[:] = facts.weight, facts.memory.weight
        _begin(state.whole[0])
        follow(facts, habits, state, item[at], item[at], tag[at], now[at], real, score[at], x[at], key[at])
        for i in range(bounds[s], bounds[s + 1]):
            clear(state.by_item[item[i]])
            for k in facts.skills[facts.start[tag[i]] : facts.start[tag[i] + 1]]:
                clear(state.by_skill[k])
                state.known[k] = facts.prior[k]
    return x, key
