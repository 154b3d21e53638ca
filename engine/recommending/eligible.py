"""Which items may be given, and which filter keeps the others; compiled.

Filters are tried in one order, so that every item counts once: what was asked for and forbidden, what was excluded,
what is mastered, what is not ready, and what was given lately.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.recommending.policy import CLOSED, RESTING, SHARE
from engine.recommending.skills import GATE_ROW, ROW_ROW, WORTH_ROW, Flags, Floats, Ints

Mask = npt.NDArray[np.bool_]
Levels = npt.NDArray[np.int8]

ASKED, NEVER, WANTED, SHUT, RESTS = 1, 2, 4, 8, 16
"""Bits of a skill: asked for, not to be given, not yet done, its gate is closed, it rests."""

OPEN, NOT_ASKED, BANNED, EXCLUDED, DONE, NOT_READY, TOO_SOON = range(7)
FILTERS = ("open", "not asked for", "never", "excluded", "mastered", "not ready", "given lately")
"""What keeps an item from being given; an item counts where the first of these holds."""

FRESH, SPACED, ANY = range(3)  # items not among the last ones at all; not among the very last; all


@njit(cache=True)
def barring(blocked: Ints, recent: Ints, spacing: int) -> Any:
    """A hash table (items [2^n], -1 where free, and the levels [2^n] up to which each is barred) of what is blocked, of
    the last items answered and, of these, the very last, of which there are ``spacing``."""
    size = 16
    while size < 2 * (len(blocked) + len(recent)):
        size *= 2
    items, levels = np.full(size, -1), np.empty(size, np.int8)
    for n in range(len(recent)):
        level = SPACED if n >= len(recent) - spacing else FRESH
        _bar(items, levels, recent[n] if recent[n] >= 0 else ~recent[n], level)
    for item in blocked:
        _bar(items, levels, item, ANY)
    return items, levels


@njit(cache=True)
def _bar(items: Ints, levels: Levels, item: int, level: int) -> None:
    at = _slot(items, item)
    levels[at] = level if items[at] < 0 else max(level, levels[at])
    items[at] = item


@njit(cache=True)
def _slot(items: Ints, item: int) -> Any:
    """Where an item stands in the table, or would."""
    at = item * 2654435761 & (len(items) - 1)  # Knuth's multiplicative hashing
    while items[at] >= 0 and items[at] != item:
        at = (at + 1) & (len(items) - 1)
    return at


@njit(cache=True)
def barred(bars: Any, level: int, allowed: Mask, item: int) -> Any:
    """Whether an item may not be given at a level."""
    if len(allowed) > 0 and not allowed[item]:
        return True
    at = _slot(bars[0], item)
    return bars[0][at] == item and bars[1][at] >= level


@njit(cache=True)
def counted(parts: Any, bars: Any, allowed: Mask) -> Any:
    """How many active items each set has at each level, [3, S]."""
    items, levels, sets = bars[0], bars[1], len(parts.begin) - 1
    found = np.empty((3, sets), np.int64)
    for s in range(sets):
        total = parts.begin[s + 1] - parts.begin[s]
        if len(allowed) > 0:
            total = 0
            for m in range(parts.begin[s], parts.begin[s + 1]):
                total += allowed[parts.members[m]]
        found[0, s], found[1, s], found[2, s] = total, total, total
    for at in range(len(items)):
        item = items[at]
        if item >= 0 and parts.of_item[item] >= 0 and (len(allowed) == 0 or allowed[item]):
            for level in range(levels[at] + 1):
                found[level, parts.of_item[item]] -= 1
    return found


@njit(cache=True)
def filtered(parts: Any, said: Floats, done: Flags, asked: Flags, available: Ints, settings: Floats) -> Any:
    """The filter that holds for each set of skills [S], what it is worth [S], and how many items every filter keeps,
    those that are open not yet counted."""
    sets, closed, share = available.shape[1], settings[CLOSED], settings[SHARE]
    code, worth, kept = np.zeros(sets, np.int8), np.zeros(sets), np.zeros(len(FILTERS), np.int64)
    flags = np.empty(len(asked), np.uint8)
    for k in range(len(asked)):
        flags[k] = asked[k] | (0 if done[k] else WANTED) | (SHUT if said[GATE_ROW, k] < closed else 0)
        flags[k] |= RESTS if said[ROW_ROW, k] < 0 else 0
    for s in range(sets):
        low, high, all_of, value, gate = parts.start[s], parts.start[s + 1], 0, 0.0, 1.0
        for j in range(low, high):
            k = parts.skills[j]
            all_of |= flags[k]
            gate = min(gate, said[GATE_ROW, k])
            if flags[k] & WANTED:
                value += said[WORTH_ROW, k] / said[GATE_ROW, k]
        value *= gate  # of the skill that is least ready: the item asks for all of them
        if high - low > 1:  # whatever else it asks for, it asks for a skill that rests
            value *= share * (settings[RESTING] if all_of & RESTS else 1.0)
        worth[s] = value
        code[s] = _code(all_of, available[ANY, s])
        given, left = parts.begin[s + 1] - parts.begin[s], available[ANY, s]
        if code[s] == NOT_ASKED or code[s] == BANNED:
            kept[code[s]] += given
        else:
            kept[EXCLUDED] += given - left
            if code[s] > EXCLUDED:
                kept[code[s]] += left
    return code, worth, kept


@njit(cache=True)
def _code(all_of: int, available: int) -> Any:
    """The first filter that holds for a set whose skills have these bits together, and so many items."""
    if not all_of & ASKED:
        return NOT_ASKED
    if all_of & NEVER:
        return BANNED
    if available == 0:
        return EXCLUDED
    if not all_of & WANTED:
        return DONE
    return NOT_READY if all_of & SHUT else OPEN


@njit(cache=True)
def levels(code: Ints, available: Ints) -> Any:
    """Which items each set may give [S]: rather fresh ones; the very last ones only where there is nothing else; -1:
    none."""
    found, some = np.full(len(code), -1), False
    for s in range(len(code)):
        if code[s] == OPEN and available[SPACED, s] > 0:
            found[s] = FRESH if available[FRESH, s] > 0 else SPACED
            some = True
    if not some:
        for s in range(len(code)):
            if code[s] == OPEN:
                found[s] = ANY
    return found
