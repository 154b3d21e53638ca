"""Which items are looked at one by one, and which is given: the parts of the rule that look at items, compiled.

Items of the same skills are worth the same but for how easy they are, so that sets of skills are compared first, each
by the item that suits the student best; of the best sets the items at the student's level are looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from engine.borrowed import borrowed
from engine.recommending.eligible import (
    ANY,
    OPEN,
    TOO_SOON,
    Mask,
    barred,
    barring,
    counted,
    filtered,
    levels,
)
from engine.recommending.policy import (
    EASE,
    EASIEST,
    EXPLORATION,
    HARDEST,
    NEAR,
    SHORTLIST,
    SPACING,
    WORTHWHILE,
)
from engine.recommending.skills import ROW_ROW, Flags, Floats, Ints, weigh
from engine.recommending.table import opened

SLACK = 0.97  # of a set's bound: the student's own chances differ from the newcomer's
FEWEST = 4  # items of a set that are looked at


@njit(cache=True, error_model="numpy")
def rank(
    whole: Ints,
    real: Floats,
    mastery: Floats,
    expected: Floats,
    counts: Flags,
    recent: Ints,
    responses: Ints,
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
    parts = opened(borrowed(whole), borrowed(real))
    said, done = weigh(parts, mastery, expected, counts, recent, responses, asks, left, settings)
    bars = barring(blocked, recent, int(settings[SPACING]))
    available = counted(parts, bars, allowed)
    code, worth, kept = filtered(parts, said, done, asked, available, settings)
    level, spare, rest = levels(code, available), 0, 0
    for s in range(len(code)):
        if code[s] == OPEN:
            spare += available[level[s], s] if level[s] >= 0 else 0
            rest += available[ANY, s]
    kept[OPEN], kept[TOO_SOON] = spare, rest - spare
    items, found, floor, explored = _shortlist(parts, mastery, level, worth, available, bars, allowed, luck, settings)
    resting, of_filter = 0, (kept[0], kept[1], kept[2], kept[3], kept[4], kept[5], kept[6])
    for k in range(said.shape[1]):
        resting += said[ROW_ROW, k] < 0
    return said, of_filter, resting, items, found, floor, explored


@njit(cache=True, error_model="numpy")
def _bounds(parts: Any, mastery: Floats, level: Ints, worth: Floats, settings: Floats) -> Any:
    """The place [S] among its members of the easiest item of each set that is not too easy, and what the set is worth
    with it [S]. Sets that are not worthwhile lose their level; the bound is -1 where it cannot come near the best."""
    best = -1.0
    for s in range(len(level)):
        if level[s] >= 0:
            best = max(best, worth[s])
    entry, bound, least = np.zeros(len(level), np.int64), np.full(len(level), -1.0), 0.0
    most = 1.0 + 0.5 * abs(settings[EASE])
    top = settings[EASIEST] / max(1.0 - settings[EASIEST], 1e-12)
    for s in range(len(level)):
        if level[s] < 0 or worth[s] < settings[WORTHWHILE] * best:
            level[s] = -1
        elif worth[s] * most >= least:
            m = 1.0
            for j in range(parts.start[s], parts.start[s + 1]):
                m = min(m, mastery[parts.skills[j]])
            at = entry[s] = _entry(parts.harder, parts.begin[s], parts.begin[s + 1], m / top, 1.0 - m)
            bound[s] = worth[s] * (1.0 + settings[EASE] * (m / (m + (1.0 - m) * parts.harder[at]) - 0.5))
            if settings[SHORTLIST] > 0:
                least = max(least, settings[NEAR] * SLACK * bound[s])
    return entry, bound


@njit(cache=True)
def _entry(harder: Floats, low: int, high: int, right: float, wrong: float) -> Any:
    """The first of these places at which ``harder``, which rises, makes the odds right / wrong 1 or less; else the last
    one."""
    last = high - 1
    if low < high and right <= wrong * harder[low]:  # as for most students
        return low
    while low < high:
        middle = (low + high) // 2
        if right > wrong * harder[middle]:
            low = middle + 1
        else:
            high = middle
    return min(low, last)


@njit(cache=True)
def _take(
    parts: Any, s: int, entry: int, bars: Any, level: int, allowed: Mask, most: int, items: Ints, size: int
) -> Any:
    """Append up to ``most`` items of set s that may be given: from ``entry`` on to harder ones, then to easier ones."""
    low, high, end = parts.begin[s], parts.begin[s + 1], size + most
    for n in range(high - low):
        if size >= end:
            break
        m = entry + n if entry + n < high else high - 1 - n
        item = parts.members[m]
        if not barred(bars, level, allowed, item):
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
        size = _take(parts, s, entry[s], bars, level[s], allowed, min(quota, len(items) - size), items, size)
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
            if not barred(bars, level[s], allowed, parts.members[m]):
                if place == 0:
                    return parts.members[m]
                place -= 1
    return -1


@njit(cache=True, error_model="numpy")
def luck_of(u: float, settings: Floats) -> Any:
    """Of a uniform number, the one that picks the item to explore, in [0, 1); -1 where none is."""
    explores = settings[EXPLORATION]
    return (u - 1.0 + explores) / explores if explores > 0.0 and u >= 1.0 - explores else -1.0


@njit(cache=True)
def with_explored(items: Ints, explored: int) -> Any:
    """The items, with the one to explore last if it is not among them, and its place; -1 where none is explored."""
    if explored < 0:
        return items, -1
    for i in range(len(items)):
        if items[i] == explored:
            return items, i
    return np.append(items, explored), len(items)


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
