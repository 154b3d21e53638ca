"""To the top of one skill's likelihood: Newton steps from a point, and what is seen from there.

Newton's matrix is by differences of the gradient, in the eight lanes of one evaluation: it makes the last nats cheap,
says how sure the parameters are, and shows where the data say nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES
from models.bkt.compiled import inlined, inner, kernel
from models.bkt.counts import VALUE
from models.bkt.objective import BOX, GRADIENT, HIGH, LOW, SCALE, X, evaluate
from models.bkt.strings import Ints, Shorts

Floats = npt.NDArray[np.float64]

STRIDE = 2.5  # the longest step, in logits
NEWTON = 20
DIFFERENCE = 1e-4  # of the finite differences, in logits
EXACT = 1e-6  # nats

# Rows of what is seen from a point, an array [8, 5]: the Hessian's five, slopes, complete information, value (first)
HESSIAN, SLOPES, COMPLETE, TOP = 0, 5, 6, 7


@inlined
def look(tree: Shorts, scores: Floats, box: Floats, ordered: bool, at: Floats, x: Floats, seen: Floats) -> None:
    """Fills what is seen [8, 5] from x [5], by one evaluation: there, and a little beside it along each axis."""
    for i in range(5):
        for lane in range(LANES):
            at[X + i, lane] = x[i]
        at[X + i, 1 + i] += DIFFERENCE if x[i] <= 0.0 else -DIFFERENCE
    evaluate(tree, scores, box, ordered, at)
    for i in range(5):
        for j in range(i + 1):
            by_i = (at[GRADIENT + j, 1 + i] - at[GRADIENT + j, 0]) / (at[X + i, 1 + i] - x[i])
            by_j = (at[GRADIENT + i, 1 + j] - at[GRADIENT + i, 0]) / (at[X + j, 1 + j] - x[j])
            seen[i, j] = seen[j, i] = 0.5 * (by_i + by_j)
        seen[SLOPES, i], seen[COMPLETE, i] = at[GRADIENT + i, 0], at[SCALE + i, 0]
    seen[TOP, 0] = at[VALUE, 0]


@kernel
def newton(
    skills: Ints,
    start: Ints,
    nodes: Shorts,
    scores: Floats,
    box: Floats,
    ordered: bool,
    at: Floats,
    x: Floats,
    seen: Floats,
    evaluations: Ints,
    desk: Floats,
) -> None:
    """Newton steps of some skills from x [K, 5], in place; fills what is seen [K, 8, 5] from there, and adds the
    ``evaluations`` [K] spent. ``desk`` [2, 8, 5] is scratch space."""
    found, system, step, there = desk[0], desk[1, :6], desk[1, 5], desk[1, 6]
    for k in skills:
        tree, spent, damping = nodes[start[k] : start[k + 1]], 0, 0.0
        for i in range(5):
            there[i] = x[k, i]
        while True:  # one place that looks: it is most of what is compiled
            look(tree, scores, box[k], ordered, at, there, found)
            spent += 1
            if spent == 1 or found[TOP, 0] >= seen[k, TOP, 0] - 1e-9:
                damping *= 0.1
                for i in range(5):
                    x[k, i] = there[i]
                    for row in range(8):
                        seen[k, row, i] = found[row, i]
            else:
                damping = max(10.0 * damping, 1e-2)
            damping = _newton_step(seen[k], box[k], x[k], damping, system)
            if spent == NEWTON or _gain(seen[k], step) < EXACT:
                break
            for i in range(5):
                there[i] = min(max(x[k, i] + step[i], -BOX), BOX)
        evaluations[k] += spent


@inlined
def _newton_step(seen: Floats, box: Floats, x: Floats, damping: float, system: Floats) -> Any:
    """Solves (-Hessian + damping scale) step = slopes, with more damping until that is a maximum; returns the damping.

    The step is the last row of the system [6, 5].
    """
    solved = False
    while not solved:
        for i in range(5):
            apart = held(x[i], seen[SLOPES, i], box[i, LOW], box[i, HIGH])
            system[5, i] = 0.0 if apart else seen[SLOPES, i]
            for j in range(i):
                system[i, j] = 0.0 if apart or system[5, j] == 0.0 else -seen[i, j]
            system[i, i] = 1.0 if apart else 1e-9 - seen[i, i] + damping * seen[COMPLETE, i]
        solved = solve(system)
        if not solved:
            damping = max(4.0 * damping, 1e-3)
    shorten(system[5])
    return damping


@inner
def _gain(seen: Floats, step: Floats) -> Any:
    """What a step should gain, in nats."""
    gain = 0.0
    for i in range(5):
        gain += 0.5 * step[i] * seen[SLOPES, i]
    return gain


@inner
def held(x: float, slope: float, low: float, high: float) -> Any:
    """A parameter that is fixed, or at a bound with the likelihood rising beyond."""
    return high <= low or (abs(x) >= BOX and x * slope > 0.0)


@inner
def shorten(step: Floats) -> None:
    """No longer than STRIDE, in its own direction."""
    longest = STRIDE
    for i in range(5):
        longest = max(longest, abs(step[i]))
    for i in range(5):
        step[i] *= STRIDE / longest


@inner
def solve(system: Floats) -> Any:
    """Solve a symmetric system [6, 5] by Cholesky's factor, in place, from its lower triangle: the last row has the
    right side, and receives the solution. False, with nothing solved, if not positive definite."""
    for j in range(5):
        for k in range(j, 6):
            for i in range(j):
                system[k, j] -= system[k, i] * system[j, i]
            if k == j and system[j, j] <= 0.0:
                return False
            system[k, j] = np.sqrt(system[j, j]) if k == j else system[k, j] / system[j, j]
    for j in range(4, -1, -1):
        for i in range(j + 1, 5):
            system[5, j] -= system[i, j] * system[5, i]
        system[5, j] /= system[j, j]
    return True


@kernel
def looked(tree: Shorts, scores: Floats, box: Floats, ordered: bool, at: Floats, x: Floats, seen: Floats) -> None:
    """:func:`look`, from Python."""
    look(tree, scores, box, ordered, at, x, seen)
