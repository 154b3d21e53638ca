"""What an item on a skill is worth now: expected gain in mastery at the target date, and what mastering would open."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=True, error_model="numpy")
def expected_gain(known: Floats, ready: Floats, weight: Floats, learn: Floats, unready: float) -> Any:
    """``gain``, ``mastery``, ``readiness``, each [S, K], from a belief on a grid.

    known, ready [S, G, K]: P(known), and P(prerequisites known) where it is not; weight [S, G]; learn [G, K]. Evidence
    moves P(known) by nothing on average, so what an item brings is what is learnt by it:

        gain = sum over g of w_g (1 - P) learn (ready + (1 - ready) unready)
    """
    students, points, skills = known.shape
    gain, mastery = np.zeros((students, skills)), np.zeros((students, skills))
    readiness = np.zeros((students, skills))
    for s in range(students):
        for g in range(points):
            for k in range(skills):
                p, r, w = known[s, g, k], ready[s, g, k], weight[s, g]
                mastery[s, k] += w * p
                readiness[s, k] += w * r
                gain[s, k] += w * (1.0 - p) * learn[g, k] * (r + (1.0 - r) * unready)
    return gain, mastery, readiness


@njit(cache=True, error_model="numpy")
def promise(mastery: Floats, pace: Floats, order: Ints, first: Ints, parents: Ints, discount: float) -> Any:
    """What mastering a skill would open, in units of a skill learnt at average speed, [S, K].

    promise_k = sum over what builds on k:  discount (1 - P_c) (prod of c's other prerequisites' P) v_c (1 + promise_c)

    with v_c how fast c is learnt, beside the average (pace [S, K] over its mean over skills). A skill that would still
    wait for others counts by the chance that it would not; the discount stands for what is learnt later, or never.
    """
    students, skills = mastery.shape
    found = np.zeros((students, skills))
    for s in range(students):
        mean = pace[s].mean()
        for n in range(skills - 1, -1, -1):
            c = order[n]
            worth = discount * (1.0 - mastery[s, c]) * pace[s, c] / mean * (1.0 + found[s, c])
            for j in range(first[c], first[c + 1]):
                others = 1.0
                for i in range(first[c], first[c + 1]):
                    if i != j:
                        others *= mastery[s, parents[i]]
                found[s, parents[j]] += worth * others
    return found
