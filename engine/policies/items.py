"""From what skills are worth to the items that are best, without weighing those that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@njit(cache=True, error_model="numpy")
def best_items(
    worth: Floats, mastery: Floats, share: float, ease: float, guess: Floats, right: Floats,
    start: Ints, skills: Ints, first: Ints, members: Ints, open_items: Mask, near: float,
) -> Any:  # fmt: skip
    """1 for every open item whose score is at least ``near`` of the best open one's, else 0, [S, I].

        score = (sum of its skills' worth) share (1 + ease (P(right) - 1/2)),   share: 1 where it has one skill

    worth, mastery [S, K]; guess, right [I]: P(right) where not all skills are known, and where all are. The skills of
    set t are ``skills[start[t]:start[t+1]]``, its items ``members[first[t]:first[t+1]]``. No item of a set scores above
    its worth x (1 + |ease| / 2), so that most sets are not looked into.
    """
    sets, limit = len(start) - 1, 1.0 + 0.5 * abs(ease)
    found, bound, known = np.zeros(open_items.shape), np.empty(sets), np.empty(sets)
    for s in range(len(worth)):
        best, top = 0.0, _of_sets(worth[s], mastery[s], share, start, skills, bound, known)
        for n in range(-1, sets):  # the set of most worth first: its best item rules most others out
            t = top if n < 0 else n
            if bound[t] * limit > best:
                for i in members[first[t] : first[t + 1]]:
                    if open_items[s, i]:
                        best = max(best, _score(bound[t], known[t], ease, guess[i], right[i]))
        for t in range(sets):
            if best > 0.0 and bound[t] * limit >= near * best:
                for i in members[first[t] : first[t + 1]]:
                    score = _score(bound[t], known[t], ease, guess[i], right[i])
                    found[s, i] = open_items[s, i] and score >= near * best
    return found


@njit(cache=True, error_model="numpy")
def _of_sets(
    worth: Floats, mastery: Floats, share: float, start: Ints, skills: Ints, bound: Floats, known: Floats
) -> Any:
    """What each set is worth, and P(all known), into ``bound`` and ``known`` [sets]; the set that is worth most."""
    top = 0
    for t in range(len(bound)):
        bound[t], known[t] = 0.0, 1.0
        for k in skills[start[t] : start[t + 1]]:
            bound[t] += worth[k]
            known[t] *= mastery[k]
        bound[t] *= share if start[t + 1] - start[t] > 1 else 1.0
        if bound[t] > bound[top]:
            top = t
    return top


@njit(cache=True, error_model="numpy")
def _score(worth: float, known: float, ease: float, guess: float, right: float) -> Any:
    return worth * (1.0 + ease * (guess + (right - guess) * known - 0.5))
