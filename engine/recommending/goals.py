"""What an item is to bring in each mode: a value for every skill, and which skills count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from engine.mastery import DAY_MS
from engine.recommending.diagnosis import information
from engine.recommending.eligible import ASKED
from engine.recommending.limits import Flags, Limits
from engine.recommending.policy import EASE, EASIEST, HARDEST, SHORTLIST, Floats, Policy
from engine.recommending.skills import REACH, READY, Ints
from engine.recommending.table import Table
from engine.recommending.wish import ANYTHING, Mode, Wish
from engine.tracing import NEVER, AnyState, AnyTracer, Standing

TELLING = 0.4, 0.8  # P(right) of an item that tells most about whether a skill is known
AGE = 1e-3  # what it counts in review that a skill was practised long ago, beside what is forgotten of it


@dataclass(slots=True)
class Goal:
    """value [K] of an item on each skill; counts [K]: whose opening counts; asks: bits of what is asked
    (:mod:`engine.recommending.skills`); left: items until the end; settings: the policy's numbers as they are now."""

    value: Floats
    counts: Flags
    asks: int
    left: float
    settings: Floats


def goal(
    tracer: AnyTracer,
    state: AnyState,
    standing: Standing,
    now: int,
    wish: Wish,
    policy: Policy,
    table: Table,
    within: Limits,
) -> Goal:
    """The goal of a wish; narrows ``within`` to the skills that it is about."""
    if wish is ANYTHING:
        return Goal(standing.gain, table.everything, READY | REACH, np.inf, policy.numbers)
    found = Goal(standing.gain, table.everything, READY | REACH, np.inf, policy.numbers.copy())
    if wish.left is not None:
        found.left = float(wish.left)
    if wish.band is not None:
        found.settings[[HARDEST, EASIEST]], found.settings[SHORTLIST] = wish.band, 0
    if wish.order:
        _in_order(wish, standing, table, within, found)
    if wish.mode is Mode.TARGETS:
        found.counts = closure(table, wish.targets)
        within.asked[found.counts == 0] &= ~np.uint8(ASKED)
        if wish.by is not None:
            found.value = standing.gain * tracer.lasting(max(wish.by - now, 0))
    elif wish.mode is Mode.REVIEW:
        found.value, found.asks = forgotten(tracer, state, now, policy, table, wish.by), 0
    elif wish.mode is Mode.DIAGNOSE:
        found.value, found.asks = information(tracer, state, standing, table), 0
        found.settings[EASE] = 0.0
        if wish.band is None:
            found.settings[[HARDEST, EASIEST]] = TELLING
    return found


def review(tracer: AnyTracer, state: AnyState, now: int, policy: Policy, table: Table, wish: Wish) -> Goal:
    """What to do where all that was asked for is mastered: what is forgotten first, practised or not."""
    value = forgotten(tracer, state, now, policy, table, None, of_all=True)
    found = Goal(value, table.everything, 0, np.inf, policy.numbers.copy())
    if wish.band is not None:
        found.settings[[HARDEST, EASIEST]], found.settings[SHORTLIST] = wish.band, 0
    return found


def closure(table: Table, targets: tuple[str, ...]) -> Flags:
    """1 for the targets and all that they build on, [K]."""
    index = table.catalog.skill_index
    found = np.zeros(len(table.mark), np.uint8)
    for target in targets:
        if target in index:
            found[index[target]] = 1
            found[table.above[index[target]]] = 1
    return found


def forgotten(
    tracer: AnyTracer,
    state: AnyState,
    now: int,
    policy: Policy,
    table: Table,
    by: int | None,
    of_all: bool = False,
) -> Floats:
    """Mastery that will be lost of each skill until ``by`` (default: ``review_days`` on) since the last answer, [K]; a
    little more for what was practised long ago.

    Of skills that were mastered then, or where none was, of those practised; of all, where so wanted.
    """
    until = int(now + policy.review_days * DAY_MS) if by is None else max(by, now)
    best = tracer.standing(state).mastery
    value: Floats = fading(best, tracer.standing(state, until).mastery, state.last_at, state.folded_at)
    if of_all:
        return value
    practised = state.responses > 0
    known = practised & (best >= table.mark)
    return np.asarray(np.where(known if known.any() else practised, value, 0.0))


@njit(cache=True)
def fading(best: Floats, later: Floats, last_at: Ints, folded_at: int) -> Any:
    """What falls of mastery from ``best`` to ``later``, and a little more for what was practised long ago, [K]."""
    age = np.where(last_at == NEVER, -folded_at, -last_at)
    return np.maximum(best - later, 0.0) + AGE * (np.searchsorted(np.unique(age), age) + 1.0) / len(age)


def _in_order(wish: Wish, standing: Standing, table: Table, within: Limits, found: Goal) -> None:
    """Only the first skill of the order that is not mastered, whatever it builds on."""
    index = table.catalog.skill_index
    skills = [index[name] for name in wish.order if name in index]
    open_ones = [k for k in skills if standing.mastery[k] < table.mark[k] and within.asked[k] == ASKED]
    chosen = np.zeros(len(table.mark), bool)
    chosen[open_ones[:1] or skills] = True
    within.asked[~chosen] &= ~np.uint8(ASKED)
    found.asks = REACH
