"""What each set of skills is worth now, and which items are near ties, each in one compiled pass: a dozen small array
operations cost a server far more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

UNMASTERED, CLOSED, ASKED = 1, 2, 4
MOST_OPENED = 4


@njit(cache=True)
def score_sets(
    mastery: Floats,
    gain: Floats,
    before: Ints,
    after: Ints,
    start: Ints,
    skills: Ints,
    asked: Flags,
    mastered: Floats,
    ready: Floats,
    opening: float,
) -> Any:
    """``flags`` [sets] (bits of their skills together), ``worth`` [sets], ``opened`` [K].

    mastery, gain [K] as :class:`engine.tracing.Standing` has them; before, after: prerequisite edges by skill index;
    the skills of set s are ``skills[start[s]:start[s+1]]``; asked [K] is 1 where a skill was asked for; mastered, ready
    [K] the mastery from which a skill is not taught any more, and from which it opens others. A skill is worth its
    expected gain, more so where it would open others
    (``opened``: how many wait for it); a set is worth the mean of its skills.
    """
    closed = np.zeros(len(mastery), np.uint8)
    for e in range(len(before)):
        if mastery[before[e]] < ready[before[e]]:
            closed[after[e]] = 1
    opened = np.zeros(len(mastery), np.int64)
    for e in range(len(before)):
        b = before[e]
        if closed[after[e]] and not closed[b] and mastery[b] < mastered[b]:
            opened[b] += 1
    sets = len(start) - 1
    flags, worth = np.zeros(sets, np.uint8), np.zeros(sets)
    for s in range(sets):
        for j in range(start[s], start[s + 1]):
            k = skills[j]
            unmastered = mastery[k] < mastered[k]
            flags[s] |= UNMASTERED * unmastered + CLOSED * closed[k] + ASKED * asked[k]
            if unmastered:
                worth[s] += gain[k] * (1.0 + opening * min(opened[k], MOST_OPENED))
        worth[s] /= start[s + 1] - start[s]
    return flags, worth, opened


@njit(cache=True)
def open_sets(flags: Flags, counts: Ints) -> Any:
    """Of the sets with items left (``counts`` [sets]): those asked for, of these those with something to learn, and of
    these those that are open; and how many there are of each kind."""
    asked, wanted, ready = (
        np.zeros(len(flags), np.bool_),
        np.zeros(len(flags), np.bool_),
        np.zeros(len(flags), np.bool_),
    )
    found = [0, 0, 0]
    for s in range(len(flags)):
        asked[s] = counts[s] > 0 and flags[s] & ASKED != 0
        wanted[s] = asked[s] and flags[s] & UNMASTERED != 0
        ready[s] = wanted[s] and flags[s] & CLOSED == 0
        found[0] += asked[s]
        found[1] += wanted[s]
        found[2] += ready[s]
    return asked, wanted, ready, (found[0], found[1], found[2])


@njit(cache=True)
def near_ties(among: Mask, counts: Ints, worth: Floats, near: float) -> Any:
    """Those of the sets marked that are worth at least ``near`` of the best and have items left; how many items these
    have, and how many all that are marked."""
    best = -np.inf
    for s in range(len(among)):
        if among[s] and counts[s] > 0:
            best = max(best, worth[s])
    found, ties, total = np.zeros(len(among), np.bool_), 0, 0
    for s in range(len(among)):
        if among[s] and counts[s] > 0:
            total += counts[s]
            if worth[s] >= near * best:
                found[s] = True
                ties += counts[s]
    return found, ties, total


@njit(cache=True)
def items_between(among: Mask, counts: Ints, first: Ints, members: Ints, blocked: Ints, low: int, high: int) -> Any:
    """The items at places low .. high - 1 of the sets marked; the items of set s are ``members[first[s]:first[s+1]]``
    without those ``blocked``, which are sorted."""
    found, size = np.empty(max(high - low, 0), np.int64), 0
    for s in range(len(among)):
        if not among[s] or counts[s] == 0:
            continue
        if low < counts[s] and high > 0:
            place, whole = 0, counts[s] == first[s + 1] - first[s]
            for m in range(first[s], first[s + 1]):
                item = members[m]
                if not whole:
                    at = np.searchsorted(blocked, item)
                    if at < len(blocked) and blocked[at] == item:
                        continue
                if low <= place < high:
                    found[size] = item
                    size += 1
                place += 1
        low, high = low - counts[s], high - counts[s]
    return found[:size]
