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

ASKED, NEVER, WANTED, SHUT, RESTS = 1, 2, 4, 8, 16
"""Bits of a skill: asked for, not to be given, not yet done, its gate is closed, it rests."""

OPEN, NOT_ASKED, BANNED, EXCLUDED, DONE, NOT_READY, TOO_SOON = range(7)
FILTERS = ("open", "not asked for", "never", "excluded", "mastered", "not ready", "given lately")
"""What keeps an item from being given; an item counts where the first of these holds."""

FRESH, SPACED, ANY = range(3)  # items not among the last ones at all; not among the very last; all


@njit(cache=True)
def _place(some: Ints, size: int, item: int) -> Any:
    """Where an item stands, or would stand, among the first ``size`` of some that are sorted."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if some[middle] < item:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True)
def barring(blocked: Ints, recent: Ints, most: int) -> Any:
    """Those blocked and the last ``most`` items answered, sorted, each once."""
    found, size = np.empty(len(blocked) + most, np.int64), len(blocked)
    for n in range(size):
        found[n] = blocked[n]
    for n in range(len(recent) - most, len(recent)):
        item = recent[n] if recent[n] >= 0 else ~recent[n]
        at = _place(found, size, item)
        if at < size and found[at] == item:
            continue
        for m in range(size, at, -1):
            found[m] = found[m - 1]
        found[at] = item
        size += 1
    return found[:size]


@njit(cache=True)
def barred(bar: Ints, allowed: Mask, item: int) -> Any:
    if len(allowed) > 0 and not allowed[item]:
        return True
    at = _place(bar, len(bar), item)
    return at < len(bar) and bar[at] == item


@njit(cache=True)
def counted(parts: Any, bars: Any, allowed: Mask) -> Any:
    """How many active items each set has at each level, [3, S]."""
    sets = len(parts.begin) - 1
    found = np.empty((3, sets), np.int64)
    for s in range(sets):
        total = parts.begin[s + 1] - parts.begin[s]
        if len(allowed) > 0:
            total = 0
            for m in range(parts.begin[s], parts.begin[s + 1]):
                total += allowed[parts.members[m]]
        found[0, s], found[1, s], found[2, s] = total, total, total
    for level in range(3):
        for item in bars[level]:
            if parts.active[item] and (len(allowed) == 0 or allowed[item]):
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
        if code[s] != OPEN:
            given = parts.begin[s + 1] - parts.begin[s]
            kept[code[s]] += given if code[s] <= EXCLUDED else available[ANY, s]
            kept[EXCLUDED] += given - available[ANY, s] if code[s] > EXCLUDED else 0
        else:
            kept[EXCLUDED] += parts.begin[s + 1] - parts.begin[s] - available[ANY, s]
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
