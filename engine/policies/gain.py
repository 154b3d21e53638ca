"""What an item on a skill is worth now: expected gain in mastery at the target date, and what mastering would open."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@njit(cache=True, error_model="numpy")
def expected_gain(known: Floats, ready: Floats, weight: Floats, pace: Floats, unready: float) -> Any:
    """``gain``, ``mastery``, ``readiness``, each [S, K], from a belief on a grid.

    known, ready [S, G, K]: P(known), and P(prerequisites known) where it is not; weight [S, G]; pace [S, K]: how fast
    the student learns the skill, on average over the grid. Evidence moves P(known) by nothing on average, so what an
    item brings is what is learnt by it:

        gain = (1 - P) pace (ready + (1 - ready) unready)

    of the means over the grid: that who knows less is slower, too, is left out, which measured better.
    """
    students, points, skills = known.shape
    mastery, readiness = np.zeros((students, skills)), np.zeros((students, skills))
    for s in range(students):
        for g in range(points):
            for k in range(skills):
                mastery[s, k] += weight[s, g] * known[s, g, k]
                readiness[s, k] += weight[s, g] * ready[s, g, k]
    return (1.0 - mastery) * pace * (readiness + (1.0 - readiness) * unready), mastery, readiness


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
