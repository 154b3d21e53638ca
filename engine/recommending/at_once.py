"""The question that is asked most in one compiled call: one item for a student, and nothing in particular is wanted.

It calls the parts that :mod:`engine.recommend` calls one by one, so that the choice is the same to the bit; what is
saved is handing arrays from part to part through Python, which costs more than what is done with them. Where nothing
is open, that module tells why.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from engine.belief import NEVER, keep_all, stand, stand_kept
from engine.borrowed import borrowed
from engine.mastery import DAY_MS
from engine.outlook import GAIN, bare
from engine.recommending.eligible import DONE, NOT_READY
from engine.recommending.goals import fading
from engine.recommending.policy import REVIEW_DAYS, Floats, Policy
from engine.recommending.shortlist import luck_of, rank, settle, with_explored
from engine.recommending.skills import OPENED_ROW, REACH, READY, ROW_ROW, Ints, is_stuck, spins
from engine.recommending.table import Table, opened, set_of
from engine.tracing import AnyState, AnyTracer
from engine.tracing.ability import AbilityTracer
from engine.tracing.packed import ANSWERS, FOLDED_AT, believed, predict_kept, recent_of
from engine.tracing.packed import opened as facts_of

_NONE = np.empty((0, 0))


class Drawn(NamedTuple):
    """The item drawn (position), whether as a near tie, and what its reason is made of: the sums over its skills of
    expected gain and of mastery, whether the student is ``stuck`` on one, how many skills wait for the one for which
    most wait, and whether one was answered before. Then how many skills rest (:func:`wrong_in_a_row` tells which),
    whether all that could be learnt is mastered and this is review, and ``kept`` as of
    :class:`engine.recommending.choice.Choice`."""

    item: int
    near: bool
    propensity: float
    p_correct: float
    gain: float
    mastery: float
    stuck: bool
    opens: int
    begun: bool
    resting: int
    review: bool
    kept: tuple[int, ...]


def drawn(tracer: AnyTracer, state: AnyState, policy: Policy, table: Table, now: int, u: float) -> Drawn | None:
    """What is given at ``now`` (ms) for the uniform number ``u``; None where the parts have to tell."""
    if not isinstance(tracer, AbilityTracer):
        return None
    student = state.belief
    outlook = _NONE if tracer.carrier is None else tracer.carrier.outlook(student.carried)
    of_student = student.numbers, student.values
    found = _draw(table.whole, table.real, *tracer.flat, *of_student, outlook, now, u, policy.numbers)
    return None if found[0] < 0 else Drawn._make(found)


def wrong_in_a_row(state: AnyState, policy: Policy, table: Table) -> Ints:
    """How many answers in a row were wrong on each skill, below 0 while it rests, [K]."""
    found: Ints = _wrong_in_a_row(table.whole, table.real, state.recent, policy.wrong, policy.rest)
    return found


@njit(cache=True)
def _wrong_in_a_row(whole: Ints, real: Floats, recent: Ints, wrong: int, rest: int) -> Any:
    row, until = spins(opened(borrowed(whole), borrowed(real)), recent, wrong, rest)
    for k in range(len(row)):
        if until[k] > 0:
            row[k] = -row[k]
    return row


@njit(cache=True, error_model="numpy")
def _draw(
    whole: Ints,
    real: Floats,
    facts_numbers: Ints,
    facts_values: Floats,
    numbers: Ints,
    values: Floats,
    outlook: Floats,
    at: int,
    u: float,
    settings: Floats,
) -> Any:
    """What :class:`Drawn` holds; the item is -1 where nothing is told. ``outlook`` (:mod:`engine.outlook`) is empty
    where there is no graph model."""
    parts = opened(borrowed(whole), borrowed(real))
    facts = facts_of(borrowed(facts_numbers), borrowed(facts_values))
    k = len(facts.prior)
    belief = believed(k, len(facts.weight), borrowed(numbers), borrowed(values))
    standing, keep = np.empty((3, k)), keep_all(facts, belief, max(at, numbers[FOLDED_AT]), numbers[ANSWERS])
    stand_kept(facts, belief, keep, standing)
    of: tuple[Any, Ints] = belief.seen, recent_of(k, borrowed(numbers))
    may: tuple[Ints, Floats, Floats] = borrowed(whole), borrowed(real), standing
    lent: tuple[Ints, Floats, Ints, Floats] = borrowed((facts_numbers, facts_values, numbers, values))
    expected = bare(standing[1], standing[2], parts.first, parts.parents) if outlook.size == 0 else outlook
    item, near, propensity, p, told, resting, kept = _slot(
        *may, expected, *of, READY | REACH, *lent, at, keep, u, settings
    )
    review = item < 0 and kept[DONE] > 0 and kept[NOT_READY] == 0
    if review:
        expected = expected.copy()
        expected[GAIN] = _forgotten(facts, belief, numbers[FOLDED_AT], numbers[ANSWERS], at, settings)
        item, near, propensity, p, told, resting, kept = _slot(*may, expected, *of, 0, *lent, at, keep, u, settings)
    if item < 0:
        return item, near, propensity, p, 0.0, 0.0, False, 0, False, resting, review, kept
    about = _about(parts, item, told, belief.seen, standing[0], standing[2])
    return item, near, propensity, p, *about, resting, review, kept


@njit(cache=True, error_model="numpy")
def _slot(
    whole: Ints,
    real: Floats,
    standing: Floats,
    expected: Floats,
    seen: Any,
    recent: Ints,
    asks: int,
    facts_numbers: Ints,
    facts_values: Floats,
    numbers: Ints,
    values: Floats,
    at: int,
    keep: Floats,
    u: float,
    settings: Floats,
) -> Any:
    """Item (-1: none), whether a near tie, propensity, P(correct), and what the rule says of skills, how many rest, and
    how many items each filter keeps: where every skill and every item may be given."""
    every, nobody, everybody = np.ones(len(seen), np.uint8), np.empty(0, np.int64), np.empty(0, np.bool_)
    may = every, nobody, everybody, asks, np.inf, luck_of(u, settings), settings
    told, kept, resting, items, worth, floor, explored = rank(
        whole, real, standing[0], expected, every, recent, seen, *may
    )
    items, place = with_explored(items, explored)
    p = predict_kept(facts_numbers, facts_values, numbers, values, items, at, keep)
    place, near, propensity, _, _, _ = settle(worth, p, place, floor, u, False, settings)
    if place < 0:
        return -1, False, 0.0, 0.0, told, resting, kept
    return items[place], near, propensity, p[place], told, resting, kept


@njit(cache=True, error_model="numpy")
def _forgotten(facts: Any, belief: Any, folded_at: int, answers: int, at: int, settings: Floats) -> Any:
    """As :func:`engine.recommending.goals.forgotten` has it of all skills."""
    best, later = np.empty((3, len(belief.seen))), np.empty((3, len(belief.seen)))
    stand(facts, belief, NEVER, answers, best)
    stand(facts, belief, max(int(at + settings[REVIEW_DAYS] * DAY_MS), folded_at), answers, later)
    return fading(best[0], later[0], belief.last, folded_at)


@njit(cache=True)
def _about(parts: Any, item: int, told: Floats, seen: Ints, mastery: Floats, gain: Floats) -> Any:
    """What the reason of an item is made of."""
    brings, stands, stuck, opens, begun = 0.0, 0.0, False, 0, False
    s = set_of(parts, item)
    for j in range(parts.start[s], parts.start[s + 1]):
        k = parts.skills[j]
        brings += gain[k]
        stands += mastery[k]
        stuck |= told[ROW_ROW, k] < 0 or is_stuck(told[ROW_ROW, k], seen[k], mastery[k])
        opens = max(opens, int(told[OPENED_ROW, k]))
        begun |= seen[k] > 0
    return brings, stands, stuck, opens, begun
