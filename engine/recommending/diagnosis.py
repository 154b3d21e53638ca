"""To place a new student by few questions: how much doubt an answer would take away, by what builds on what.

Evidence travels along the graph: who knows a skill knows what it builds on, and who does not know that will hardly know
the skill (Doignon & Falmagne 1999, with :data:`HOLD` for the exceptions):

    P(a) >= HOLD P(k)            a: what k builds on, k answered
    P(d) <= 1 - HOLD (1 - P(k))  d: what builds on k, not answered itself

An answer on k is worth the entropy that it is expected to take from k and all that is bound to it (Tatsuoka &
Ferguson 2003).
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
UNSURE = 0.2, 0.8  # P(known) between which a skill is in doubt


def placed(state: AnyState, standing: Standing, table: Table) -> Floats:
    """P(known) of each skill [K] with what answers to others say of it."""
    return np.asarray(_carried(table.above, standing.known, state.responses > 0))


def information(tracer: AnyTracer, state: AnyState, standing: Standing, table: Table) -> Floats:
    """Bits of doubt that an answer on each skill is expected to take away, [K]; 0 for skills that are not in doubt."""
    known = placed(state, standing, table)
    told = _expected(table.above, known, state.responses > 0, tracer.success(0.0), tracer.success(1.0))
    return np.asarray(np.where((known > UNSURE[0]) & (known < UNSURE[1]), np.maximum(told, 1e-9), 0.0))


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
def _expected(above: Bools, known: Floats, seen: Bools, guess: Floats, success: Floats) -> Any:
    found = np.zeros(len(known))
    for k in range(len(known)):
        p = known[k]
        right = guess[k] + (success[k] - guess[k]) * p
        if right <= 0.0 or right >= 1.0:
            continue
        up, down = p * success[k] / right, p * (1.0 - success[k]) / (1.0 - right)
        found[k] = _doubt(p) - right * _doubt(up) - (1.0 - right) * _doubt(down)
        for j in range(len(known)):
            q = known[j]
            if above[k, j]:
                found[k] += right * (_doubt(q) - _doubt(max(q, HOLD * up)))
            elif above[j, k] and not seen[j]:
                found[k] += (1.0 - right) * (_doubt(q) - _doubt(min(q, 1.0 - HOLD * (1.0 - down))))
    return found
