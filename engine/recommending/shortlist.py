"""Which items are looked at one by one, and which is given: the parts of the rule that look at items, compiled.

Items of the same skills are worth the same but for how easy they are, so that sets of skills are compared first, each
by the item that suits the student best; of the best sets the items at the student's level are looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.recommending.policy import (
    CLOSED,
    EASE,
    EASIEST,
    EXPLORATION,
    HARDEST,
    NEAR,
    RESTING,
    SHARE,
    SHORTLIST,
    SPACING,
    WORTHWHILE,
)
from engine.recommending.skills import GATE_ROW, ROW_ROW, WORTH_ROW, Counts, Flags, Floats, Ints, weigh
from engine.recommending.table import opened

Mask = npt.NDArray[np.bool_]

ASKED, NEVER, WANTED, SHUT, RESTS = 1, 2, 4, 8, 16
"""Bits of a skill: asked for, not to be given, not yet done, its gate is closed, it rests."""

OPEN, NOT_ASKED, BANNED, EXCLUDED, DONE, NOT_READY, TOO_SOON = range(7)
FILTERS = ("open", "not asked for", "never", "excluded", "mastered", "not ready", "given lately")
"""What keeps an item from being given; an item counts where the first of these holds."""

FRESH, SPACED, ANY = range(3)  # items not among the last ones at all; not among the very last; all
SLACK = 0.97  # of a set's bound: the student's own chances differ from the newcomer's
FEWEST = 4  # items of a set that are looked at


@njit(cache=True, error_model="numpy")
def rank(
    whole: Ints,
    real: Floats,
    mastery: Floats,
    known: Floats,
    value: Floats,
    counts: Flags,
    recent: Ints,
    responses: Counts,
    asked: Flags,
    blocked: Ints,
    allowed: Mask,
    asks: int,
    left: float,
    luck: float,
    settings: Floats,
) -> Any:
    """What is said of skills, how many items each filter keeps, how many skills rest, the items to look at, what each
    is worth, how many there are to explore, and the one to explore (-1: none).

    asked [K] bits; blocked: positions, sorted; allowed [I], or empty: all; ``luck`` in [0, 1) picks the item to
    explore, below 0 none. The other arguments as of :func:`engine.recommending.skills.weigh`.
    """
    parts = opened(whole, real)
    said, done = weigh(parts, mastery, known, value, counts, recent, responses, asks, left, settings)
    bars = (
        _barring(blocked, recent, len(recent)),
        _barring(blocked, recent, min(int(settings[SPACING]), len(recent))),
        blocked,
    )
    available = _available(parts, bars, allowed)
    code, worth, kept = _sets(parts, said, done, asked, available, settings)
    level = _levels(code, available)
    for s in range(len(code)):
        if code[s] == OPEN:
            spare = available[level[s], s] if level[s] >= 0 else 0
            kept[OPEN] += spare
            kept[TOO_SOON] += available[ANY, s] - spare
    items, found, floor, explored = _shortlist(parts, mastery, level, worth, available, bars, allowed, luck, settings)
    resting, of_filter = 0, (kept[0], kept[1], kept[2], kept[3], kept[4], kept[5], kept[6])
    for k in range(said.shape[1]):
        resting += said[ROW_ROW, k] < 0
    return said, of_filter, resting, items, found, floor, explored


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
def _barring(blocked: Ints, recent: Ints, most: int) -> Any:
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
def _barred(bar: Ints, allowed: Mask, item: int) -> Any:
    if len(allowed) > 0 and not allowed[item]:
        return True
    at = _place(bar, len(bar), item)
    return at < len(bar) and bar[at] == item


@njit(cache=True)
def _available(parts: Any, bars: Any, allowed: Mask) -> Any:
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
def _sets(parts: Any, said: Floats, done: Flags, asked: Flags, available: Ints, settings: Floats) -> Any:
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
def _levels(code: Ints, available: Ints) -> Any:
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


@njit(cache=True, error_model="numpy")
def _bounds(parts: Any, mastery: Floats, level: Ints, worth: Floats, settings: Floats) -> Any:
    """The place [S] among its members of the easiest item of each set that is not too easy, and what the set is worth
    with it [S]. Sets that are not worthwhile lose their level."""
    best = -1.0
    for s in range(len(level)):
        if level[s] >= 0:
            best = max(best, worth[s])
    entry, bound = np.zeros(len(level), np.int64), np.full(len(level), -1.0)
    top = np.log(settings[EASIEST] / max(1.0 - settings[EASIEST], 1e-12))
    for s in range(len(level)):
        if level[s] < 0 or worth[s] < settings[WORTHWHILE] * best:
            level[s] = -1
            continue
        m = 1.0
        for j in range(parts.start[s], parts.start[s + 1]):
            m = min(m, mastery[parts.skills[j]])
        own = np.log(m / max(1.0 - m, 1e-12))
        low, high = parts.begin[s], parts.begin[s + 1]
        while low < high:  # offsets fall
            middle = (low + high) // 2
            if own + parts.offset[middle] > top:
                low = middle + 1
            else:
                high = middle
        entry[s] = min(low, parts.begin[s + 1] - 1)
        p = 1.0 / (1.0 + np.exp(-own - parts.offset[entry[s]]))
        bound[s] = worth[s] * (1.0 + settings[EASE] * (p - 0.5))
    return entry, bound


@njit(cache=True)
def _take(parts: Any, s: int, entry: int, bar: Ints, allowed: Mask, most: int, items: Ints, size: int) -> Any:
    """Append up to ``most`` items of set s that may be given: from ``entry`` on to harder ones, then to easier ones."""
    low, high, end = parts.begin[s], parts.begin[s + 1], size + most
    for n in range(high - low):
        if size >= end:
            break
        m = entry + n if entry + n < high else high - 1 - n
        item = parts.members[m]
        if not _barred(bar, allowed, item):
            items[size] = item
            size += 1
    return size


@njit(cache=True, error_model="numpy")
def _shortlist(
    parts: Any,
    mastery: Floats,
    level: Ints,
    worth: Floats,
    available: Ints,
    bars: Any,
    allowed: Mask,
    luck: float,
    settings: Floats,
) -> Any:
    """The items to look at, what each is worth (but for its ease), how many there are to explore, and the one to
    explore, -1 where none is."""
    entry, bound = _bounds(parts, mastery, level, worth, settings)
    floor, best, limit = 0, -1.0, int(settings[SHORTLIST])
    for s in range(len(level)):
        if level[s] >= 0:
            floor += available[level[s], s]
            best = max(best, bound[s])
    everything = limit == 0
    if everything:
        limit = floor
    chosen = _best_first(level, bound, 0.0 if everything else settings[NEAR] * SLACK * best)
    quota = limit if everything else max(FEWEST, limit // max(len(chosen), 1))
    items, found, size = np.empty(min(limit, floor), np.int64), np.empty(min(limit, floor)), 0
    for s in chosen:
        begun = size
        size = _take(parts, s, entry[s], bars[level[s]], allowed, min(quota, len(items) - size), items, size)
        found[begun:size] = worth[s]
    explored = _explored(parts, level, available, bars, allowed, int(luck * floor)) if luck >= 0.0 and floor else -1
    return items[:size], found[:size], floor, explored


@njit(cache=True)
def _best_first(level: Ints, bound: Floats, least: float) -> Any:
    """Sets that have a level and a bound of at least ``least``, the best first; of equals in their order."""
    found, size = np.empty(len(level), np.int64), 0
    for s in range(len(level)):
        if level[s] >= 0 and bound[s] >= least:
            at = size
            while at > 0 and bound[found[at - 1]] < bound[s]:
                found[at] = found[at - 1]
                at -= 1
            found[at] = s
            size += 1
    return found[:size]


@njit(cache=True)
def _explored(parts: Any, level: Ints, available: Ints, bars: Any, allowed: Mask, place: int) -> Any:
    """The item at a place among all those of the sets that have a level."""
    for s in range(len(level)):
        if level[s] < 0:
            continue
        if place >= available[level[s], s]:
            place -= available[level[s], s]
            continue
        for m in range(parts.begin[s], parts.begin[s + 1]):
            if not _barred(bars[level[s]], allowed, parts.members[m]):
                if place == 0:
                    return parts.members[m]
                place -= 1
    return -1


@njit(cache=True)
def settle(worth: Floats, p: Floats, explored: int, floor: int, luck: float, strict: bool, settings: Floats) -> Any:
    """The place of the item given (-1: none), whether it is a near tie, its propensity, the score of each [n], the
    places of the near ties, and how many items are explored.

    worth [n]: what each item of the shortlist is worth; p [n], or one more: P(right) of each, and of an item to explore
    that is not in it. ``explored`` is the place of the item to explore among ``p``, for ``luck`` in [0, 1) that says
    so. Items that are too hard or too easy are left out, unless all are; ``strict``: even then, and only the others are
    explored.

    With M near ties, L items to explore and exploration e, a near tie has the propensity (1 - e) / M + e / L, any other
    item e / L.
    """
    n, explores, best, fitting = len(worth), settings[EXPLORATION], -1.0, 0
    scores, fits = np.empty(n), np.zeros(n, np.bool_)
    for i in range(n):
        scores[i] = worth[i] * (1.0 + settings[EASE] * (p[i] - 0.5))
        fits[i] = settings[HARDEST] <= p[i] <= settings[EASIEST]
        fitting += fits[i]
    lax = fitting == 0 and not strict
    for i in range(n):
        if fits[i] or lax:
            best = max(best, scores[i])
    places, ties = np.empty(n, np.int64), 0
    for i in range(n):
        if (fits[i] or lax) and scores[i] >= settings[NEAR] * best:
            places[ties] = i
            ties += 1
    if ties == 0:
        return -1, False, 0.0, scores, places[:0], floor
    floor = fitting if strict else floor
    place = explored
    if luck < 1.0 - explores or explores == 0.0:
        place = places[min(int(luck / (1.0 - explores) * ties), ties - 1)]
    elif strict:
        place = np.flatnonzero(fits)[min(int((luck - 1.0 + explores) / explores * floor), floor - 1)]
    near = False
    for i in range(ties):
        near |= places[i] == place
    return place, near, explores / floor + ((1.0 - explores) / ties if near else 0.0), scores, places[:ties], floor
