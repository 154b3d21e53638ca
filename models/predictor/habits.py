"""What training students did in the same place beyond what the mastery model expected of them, in logits.

Places are told by a key: these skills after those, so far into a run of them, after such results; this item after that.
The adjustment of a place is one Newton step from the mastery model's logit, held to 0:

    sum (score - P(correct)) / (sum P(correct) (1 - P(correct)) + PRIOR)
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from models.log import Floats, Ints
from models.predictor.figures import COUNT, RESULT

KINDS = ("skills after skills", "skills so far into a run", "skills after results", "item after item")
PRIOR = 4.0  # in answers' worth of P (1 - P)
MANY = 2**27  # more codes than there are


class Habits(NamedTuple):
    """The keys of kind j are ``key[start[j]:start[j+1]]``, ascending; ``logit`` their adjustments."""

    start: Ints
    key: Ints
    logit: Floats


NONE = Habits(np.zeros(len(KINDS) + 1, np.int64), np.empty(0, np.int64), np.empty(0))


def learn(keys: Ints, score: Floats, expected: Floats) -> Habits:
    """From the keys [N, KINDS] of answers, their scores and P(correct) by the mastery model [N].

    Keys met once are left out: they would be half of the table, and say next to nothing.
    """
    surprise, weight = score - expected, expected * (1.0 - expected)
    found = []
    for column in keys.T:
        kept, place, counts = np.unique(column, return_inverse=True, return_counts=True)
        logits = np.bincount(place, surprise) / (np.bincount(place, weight) + PRIOR)
        use = (counts > 1) & (kept >= 0)
        found.append((kept[use], logits[use]))
    start = np.cumsum([0, *(len(kept) for kept, _ in found)])
    return Habits(start.astype(np.int64), *(np.concatenate([pair[at] for pair in found]) for at in (0, 1)))


@njit(cache=True, nogil=True, error_model="numpy")
def adjustment(habits: Any, kind: int, key: int) -> Any:
    """In logits; 0 in an unseen place."""
    low, high = habits.start[kind], habits.start[kind + 1]
    at = low + np.searchsorted(habits.key[low:high], key)
    return habits.logit[at] if at < high and habits.key[at] == key else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def keys(of_set: int, of_item: int, before: Any, run: float, streak: float, on_skill: Floats, found: Ints) -> None:
    """Fill ``found`` [KINDS]; ``before`` = codes of the last set and the last item, and the last score.

    An unseen item or set has the key -1, which no table holds.
    """
    last_set, last_item, result = int(before[0]) + 1, int(before[1]) + 1, _outcome(before[2])
    found[0] = (of_set * MANY + last_set) * 4 + result
    found[1] = (of_set * 16 + int(min(run, 15.0))) * 8 + int(min(streak, 7.0))
    found[2] = of_set * 8 + int(min(on_skill[COUNT], 7.0))
    for at in range(3):
        found[2] = found[2] * 4 + _outcome(on_skill[RESULT + at])
    found[3] = (of_item * MANY + last_item) * 4 + result
    if of_set < 0:
        found[:3] = -1
    if of_item < 0:
        found[3] = -1


@njit(cache=True, nogil=True, error_model="numpy")
def _outcome(score: float) -> Any:
    """0 wrong, 1 right, 2 none yet."""
    return 2 if np.isnan(score) else int(score >= 0.5)
