"""What the recommender expects of every skill of a student, [4, K]: by the graph model where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KNOWN, REACHED, PROMISING, GAIN = range(4)
OUTLOOK = 4
"""Rows: P(known); P(prerequisites known), where the skill is not; what an opportunity brings to who has them, and what
it brings to this student."""


@njit(cache=True)
def bare(known: Floats, gain: Floats, first: Ints, parents: Ints) -> Any:
    """The outlook where there is no graph model: skills stand alone, and who is not ready learns as well."""
    found = np.empty((OUTLOOK, len(known)))
    for k in range(len(known)):
        ready = 1.0
        for j in range(first[k], first[k + 1]):
            ready *= known[parents[j]]
        found[KNOWN, k], found[REACHED, k], found[PROMISING, k], found[GAIN, k] = known[k], ready, gain[k], gain[k]
    return found
