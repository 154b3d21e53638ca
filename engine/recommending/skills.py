"""What each skill is worth to a student now: the parts of the rule that look at skills, compiled.

worth = gate x gain x (1 + opening x promise) x guard
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.mastery import LOW, MANY
from engine.outlook import GAIN, KNOWN, PROMISING, REACHED
from engine.recommending.policy import (
    DISCOUNT,
    DROP,
    GATE,
    OPENING,
    REST,
    RESTING,
    RUN,
    SOON,
    STEEP,
    STUCK,
    TIRED,
    WRONG,
)
from engine.recommending.table import LEARNT, set_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]

GATE_ROW, GAIN_ROW, OPENS_ROW, GUARD_ROW, WORTH_ROW, OPENED_ROW, ROW_ROW = range(7)
ROWS = 7
"""Of what :func:`weigh` says of each skill: the four parts, the worth that they make, how many skills wait for it, and
how many answers in a row were wrong (below 0: while it rests)."""

READY, REACH = 1, 2  # bits of what is asked: prerequisites count; what is mastered is not taught any more
DOUBT = 1e-3  # of P(prerequisites known): nothing is worth nothing


@njit(cache=True, error_model="numpy")
def gates(parts: Any, known: Floats, reached: Floats, done: Flags, gate: float, steep: float) -> Any:
    """(P(prerequisites known) / gate) ^ steep, at most 1, [K]. What counts as mastered counts as known: a school's word
    for it holds, whatever P(L) is."""
    found = np.ones(len(known))
    for k in parts.built:
        ready = reached[k]
        for j in range(parts.first[k], parts.first[k + 1]):
            if done[parts.parents[j]]:
                ready /= max(known[parts.parents[j]], 1e-12)
        found[k] = min(max(ready / gate, DOUBT), 1.0) ** steep
    return found


@njit(cache=True, error_model="numpy")
def promises(parts: Any, known: Floats, gain: Floats, counts: Flags, discount: float) -> Any:
    """What knowing a skill would open, in units of a skill learnt at average speed, [K]; ``counts`` [K]: 1 for skills
    that count when they are opened.

    promise_k = sum over what builds on k:  discount (prod of its other prerequisites' P) gain_c / pace (1 + promise_c)

    with pace the mean over skills of the gain where a skill is not known. A skill that would still wait for others
    counts by the chance that it would not; the discount stands for what is learnt later, or never.
    """
    found, pace = np.zeros(len(known)), 0.0
    if len(parts.built) == 0:
        return found
    for k in range(len(known)):
        pace += gain[k] / max(1.0 - known[k], DOUBT)
    pace = max(pace / max(len(known), 1), 1e-12)
    for n in range(len(parts.built) - 1, -1, -1):
        c = parts.built[n]
        if not counts[c]:
            continue
        low, high = parts.first[c], parts.first[c + 1]
        worth = discount * gain[c] / pace * (1.0 + found[c])
        for j in range(low, high):
            others = 1.0
            for i in range(low, high):
                if i != j:
                    others *= known[parts.parents[i]]
            found[parts.parents[j]] += worth * others
    return found


@njit(cache=True)
def is_stuck(row: float, responses: int, mastery: float) -> Any:
    """Whether a student who has ``row`` wrong answers in a row on a skill gets nowhere with it."""
    return (row > 0) & (responses >= MANY) & (mastery < LOW)  # all looked at: a jump that is guessed wrong costs more


@njit(cache=True)
def spins(parts: Any, recent: Ints, wrong: int, rest: int) -> Any:
    """``row`` [K], wrong answers in a row on each skill, and ``until`` [K], how many more items it rests, of the last
    items answered (as :class:`engine.tracing.State` has them).

    After ``wrong`` in a row it rests for ``rest`` items, and for twice as long each time; a right answer ends that.
    """
    skills = len(parts.mark)
    row, times, total, until = np.zeros((4, skills), np.int64)
    for n in range(len(recent)):
        right = recent[n] >= 0
        s = set_of(parts, recent[n] if right else ~recent[n])
        for j in range(parts.start[s], parts.start[s + 1]):
            k = parts.skills[j]
            if right:
                row[k], times[k], total[k], until[k] = 0, 0, 0, 0
                continue
            row[k] += 1
            total[k] += 1
            if wrong > 0 and row[k] >= wrong:
                row[k] = 0
                until[k] = n + 1 + rest * 2 ** times[k]
                times[k] += 1
    for k in range(skills):
        until[k] = max(until[k] - len(recent), 0)
    return total, until


@njit(cache=True)
def runs(parts: Any, recent: Ints, run: int) -> Any:
    """Whether each of the last ``run`` items asked for a skill, [K]."""
    found = np.zeros(len(parts.mark), np.uint8)
    if run <= 0 or len(recent) < run:
        return found
    counts = np.zeros(len(parts.mark), np.int64)
    for n in range(len(recent) - run, len(recent)):
        s = set_of(parts, max(recent[n], ~recent[n]))
        for j in range(parts.start[s], parts.start[s + 1]):
            k = parts.skills[j]
            counts[k] += 1
            found[k] = counts[k] >= run
    return found


@njit(cache=True)
def guards(parts: Any, resting: Ints, tired: Flags, stuck: Flags, settings: Floats) -> Any:
    """What a skill's worth is multiplied by, [K]: less while it rests (``resting``: which do), where the student is
    stuck and after a long run; more where a resting skill builds on it."""
    found, tiring = np.ones(len(stuck)), settings[TIRED]
    for k in resting:
        for j in range(parts.first[k], parts.first[k + 1]):
            found[parts.parents[j]] = settings[DROP]
    for k in resting:
        found[k] = settings[RESTING]
    for k in range(len(found)):
        found[k] = (settings[STUCK] if stuck[k] > 0 else found[k]) * (tiring if tired[k] > 0 else 1.0)
    return found


@njit(cache=True)
def mastered(parts: Any, mastery: Floats, known: Floats, resting: Ints, drop: float) -> Any:
    """Whether each skill is not taught any more, [K]: it is mastered, and no resting skill raises doubts about it."""
    found = np.empty(len(mastery), np.uint8)
    for k in range(len(mastery)):
        found[k] = mastery[k] >= parts.mark[k]
    for k in resting if drop > 1.0 else resting[:0]:
        for j in range(parts.first[k], parts.first[k + 1]):
            if known[parts.parents[j]] < LEARNT:
                found[parts.parents[j]] = 0
    return found


@njit(cache=True)
def weigh(
    parts: Any,
    mastery: Floats,
    expected: Floats,
    counts: Flags,
    recent: Ints,
    responses: Ints,
    asks: int,
    left: float,
    settings: Floats,
) -> Any:
    """What is said of every skill [ROWS, K], and whether there is nothing to do on it [K].

    expected [4, K]: an outlook (:mod:`engine.outlook`), in which the gain is what an item on the skill brings, or what
    another mode looks for; counts [K]: 1 for skills whose opening counts; responses [K]; asks: :data:`READY`,
    :data:`REACH`; left: items until the end, or infinity.
    """
    skills, known, value = len(mastery), expected[KNOWN], expected[GAIN]
    said, stuck = np.empty((ROWS, skills)), np.empty(skills, np.uint8)
    row, until = spins(parts, recent, int(settings[WRONG]), int(settings[REST]))
    for k in range(skills):
        stuck[k] = is_stuck(row[k], responses[k], mastery[k])  # a right answer, and it goes on
    resting, back = np.flatnonzero(until), settings[RESTING] if asks & REACH else 0.0
    guard = guards(parts, resting, runs(parts, recent, int(settings[RUN])), stuck, settings)
    done = mastered(parts, mastery, known, resting, settings[DROP])
    gate = gates(parts, known, expected[REACHED], done, settings[GATE], settings[STEEP])
    opens = promises(parts, known, expected[PROMISING], counts, settings[DISCOUNT])
    opening = settings[OPENING] * (left / (left + settings[SOON] + 1e-9) if left < np.inf else 1.0)
    if not asks & READY:
        gate[:] = 1.0
    if not asks & REACH:
        opening = 0.0
        for k in range(skills):
            done[k] = value[k] <= 0.0
    gain, opened = _going_back(parts, resting, done, value, back), _waiting(parts, mastery, gate, done)
    for k in range(skills):
        opens[k] = 1.0 + opening * opens[k]
    said[GATE_ROW], said[GAIN_ROW], said[OPENS_ROW], said[GUARD_ROW] = gate, gain, opens, guard
    said[OPENED_ROW], said[ROW_ROW] = opened, row
    for k in resting:
        said[ROW_ROW, k] = -row[k]
    _worth(gate, gain, opens, guard, said[WORTH_ROW])
    return said, done


@njit(cache=True)
def _worth(gate: Floats, gain: Floats, opens: Floats, guard: Floats, found: Floats) -> None:
    """Fill ``found`` [K] with the product of the parts."""
    for k in range(len(found)):
        found[k] = gate[k] * gain[k] * opens[k] * guard[k]


@njit(cache=True)
def _going_back(parts: Any, resting: Ints, done: Flags, value: Floats, share: float) -> Any:
    """The gain of each skill, [K]: to go back to what a resting one builds on is worth something even where little is
    thought to be left to learn."""
    found = value.copy()
    for k in resting:
        for j in range(parts.first[k], parts.first[k + 1]):
            parent = parts.parents[j]
            if not done[parent]:
                found[parent] = max(found[parent], share * value[k])
    return found


@njit(cache=True)
def _waiting(parts: Any, mastery: Floats, gate: Floats, done: Flags) -> Any:
    """How many skills wait for each, [K]."""
    found = np.zeros(len(mastery))
    for k in parts.built:
        if gate[k] < 1.0 and mastery[k] < parts.mark[k]:
            for j in range(parts.first[k], parts.first[k + 1]):
                found[parts.parents[j]] += not done[parts.parents[j]]
    return found
