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
        best, top = 0.0, 0
        for t in range(sets):
            bound[t], known[t] = 0.0, 1.0
            for j in range(start[t], start[t + 1]):
                bound[t] += worth[s, skills[j]]
                known[t] *= mastery[s, skills[j]]
            if start[t + 1] - start[t] > 1:
                bound[t] *= share
            if bound[t] > bound[top]:
                top = t
        for n in range(sets + 1):  # the set of most worth first: its best item rules most others out
            t = top if n == 0 else n - 1
            if bound[t] * limit > best:
                for m in range(first[t], first[t + 1]):
                    i = members[m]
                    if open_items[s, i]:
                        best = max(best, _score(bound[t], known[t], ease, guess[i], right[i]))
        for t in range(sets):
            if bound[t] * limit >= near * best:
                for m in range(first[t], first[t + 1]):
                    i = members[m]
                    score = _score(bound[t], known[t], ease, guess[i], right[i])
                    if open_items[s, i] and score > 0.0 and score >= near * best:
                        found[s, i] = 1.0
    return found


@njit(cache=True, error_model="numpy")
def _score(worth: float, known: float, ease: float, guess: float, right: float) -> Any:
    return worth * (1.0 + ease * (guess + (right - guess) * known - 0.5))
