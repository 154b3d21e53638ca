"""What each set of skills is worth now, in one compiled pass: a dozen small array operations cost a server far more."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]

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
