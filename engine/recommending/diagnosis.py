"""To place a new student by few questions: what an answer would tell, by what builds on what.

Evidence travels along the graph: who knows a skill knows what it builds on, and who does not know that will hardly know
the skill (Doignon & Falmagne 1999, with :data:`HOLD` for the exceptions):

    P(a) >= HOLD P(k)            a: what k builds on, k answered
    P(d) <= 1 - HOLD (1 - P(k))  d: what builds on k, not answered itself

With U and D of the skills that are still in doubt above and below k in the graph, k is known with the odds
odds(P) (D + 1) / (U + 1), which is exact for a chain of which nothing is known yet. An answer is worth what it tells of
k, times how many skills it is expected to settle: the half-split rule of knowledge spaces.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.recommending.table import Table
from engine.tracing import AnyState, AnyTracer, Standing

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HOLD = 0.95
UNSURE = 0.25, 0.8  # P(known) between which a skill is in doubt


def placed(state: AnyState, standing: Standing, table: Table) -> Floats:
    """P(known) of each skill [K] with what answers to others say of it."""
    return np.asarray(_carried(table.above, standing.known, state.responses > 0))


def information(tracer: AnyTracer, state: AnyState, standing: Standing, table: Table) -> Floats:
    """What an answer on each skill is expected to tell, bits times skills, [K]; 0 for skills that are not in doubt."""
    known = placed(state, standing, table)
    return np.asarray(_expected(table.above, known, *UNSURE, tracer.success(0.0), tracer.success(1.0)))


@njit(cache=True)
def _carried(above: Bools, known: Floats, seen: Bools) -> Any:
    found = known.copy()
    for k in range(len(known)):
        if not seen[k]:
            continue
        for j in range(len(known)):
            if above[k, j]:
                found[j] = max(found[j], HOLD * known[k])
            elif above[j, k] and not seen[j]:
                found[j] = min(found[j], 1.0 - HOLD * (1.0 - known[k]))
    return found


@njit(cache=True, error_model="numpy")
def _doubt(p: float) -> Any:
    """Entropy in bits."""
    if p <= 0.0 or p >= 1.0:
        return 0.0
    return -(p * np.log2(p) + (1.0 - p) * np.log2(1.0 - p))


@njit(cache=True, error_model="numpy")
def _expected(above: Bools, known: Floats, low: float, high: float, guess: Floats, success: Floats) -> Any:
    found = np.zeros(len(known))
    for k in range(len(known)):
        if not low < known[k] < high:
            continue
        up, down = 0, 0
        for j in range(len(known)):
            if low < known[j] < high:
                up += above[k, j]
                down += above[j, k]
        odds = known[k] / (1.0 - known[k]) * (down + 1.0) / (up + 1.0)
        p = odds / (1.0 + odds)
        told = _doubt(guess[k] + (success[k] - guess[k]) * p) - p * _doubt(success[k]) - (1.0 - p) * _doubt(guess[k])
        found[k] = max(told, 1e-9) * (1.0 + p * up + (1.0 - p) * down)
    return found
