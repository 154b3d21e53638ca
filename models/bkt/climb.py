"""To the top of one skill's likelihood: a race of eight starts, then Newton steps on the hill that won.

The race is EM, sped up by what its gradients tell of the curvature (quasi-Newton acceleration, Jamshidian & Jennrich
1997); all eight are computed at once. Newton's matrix is by differences of the gradient, in the lanes that the race
has left free: it makes the last nats cheap, says how sure the parameters are, and shows where the data say nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES
from models.bkt.compiled import inner, kernel
from models.bkt.objective import BOX, Room, Rules, evaluate
from models.bkt.strings import Strings

Floats = npt.NDArray[np.float64]

ROUNDS = 100  # of a race; most are over after 15
CLOSE = 0.02  # nats to the top, by what is known of the curvature, that Newton steps do faster
HOPE = 10.0  # times what it promises: no start that is further below the leader has won a race that was tried
STRIDE = 2.5  # the longest step, in logits
NEWTON = 20
DIFFERENCE = 1e-4  # of the finite differences, in logits
EXACT = 1e-6  # nats


class Runners(NamedTuple):
    """Where the eight stand: x [8, 5], value [8], gradient [8, 5], inverse Hessian [8, 5, 5], promised gain [8]."""

    x: Floats
    value: Floats
    gradient: Floats
    inverse: Floats
    gain: Floats


@kernel
def top(tree: Strings, scores: Floats, rules: Rules, at: Room, starts: Floats, best: Floats, curvature: Floats) -> Any:
    """Fills the best x [5] that eight starts [8, 5] lead to and the Hessian [5, 5] there.

    Returns the value, and how many evaluations it took.
    """
    runners, spent = _race(tree, scores, rules, at, starts)
    x = runners.x[_leader(runners)]
    value, hessian, steps = newton(tree, scores, rules, at, x)
    for i in range(5):
        best[i] = x[i]
        for j in range(5):
            curvature[i, j] = hessian[i, j]
    return value, spent + steps


@inner
def _race(tree: Strings, scores: Floats, rules: Rules, at: Room, starts: Floats) -> Any:
    inverse, gain = np.empty((LANES, 5, 5)), np.empty(LANES)
    old = Runners(starts, np.empty(LANES), np.empty((LANES, 5)), inverse, gain)
    new = Runners(np.empty((LANES, 5)), np.empty(LANES), np.empty((LANES, 5)), inverse, gain)
    scale, step, length = np.empty((LANES, 5)), np.empty((LANES, 5)), np.empty(LANES)
    evaluate(tree, scores, rules, at, old.x, old.value, old.gradient, scale)
    for lane in range(LANES):
        _restart(old.inverse[lane], scale[lane])
        gain[lane], length[lane] = _direction(old, lane, rules, step[lane]), 1.0
    spent = 1
    while spent <= ROUNDS and not _over(old):
        for lane in range(LANES):
            for i in range(5):
                new.x[lane, i] = min(max(old.x[lane, i] + length[lane] * step[lane, i], -BOX), BOX)
        evaluate(tree, scores, rules, at, new.x, new.value, new.gradient, scale)
        spent += 1
        for lane in range(LANES):
            length[lane] = _judge(old, new, lane, rules, scale[lane], step[lane], length[lane])
    return old, spent


@inner
def _judge(old: Runners, new: Runners, lane: int, rules: Rules, scale: Floats, step: Floats, length: float) -> Any:
    """Take the new point and find the next step, or shorten this one; returns the length to go."""
    slope = 0.0
    for i in range(5):
        slope += old.gradient[lane, i] * (new.x[lane, i] - old.x[lane, i])
    if new.value[lane] >= old.value[lane] + 1e-4 * slope - 1e-10:
        _learn_curvature(old, new, lane, scale)
        old.value[lane] = new.value[lane]
        for i in range(5):
            old.x[lane, i], old.gradient[lane, i] = new.x[lane, i], new.gradient[lane, i]
        old.gain[lane] = _direction(old, lane, rules, step)
        return 1.0
    bend = 2.0 * (old.value[lane] + slope - new.value[lane])
    length *= min(max(slope / bend, 0.1), 0.5) if bend > 0.0 else 0.1
    if length < 1e-3:  # what it knows of the curvature is of no use here
        _restart(old.inverse[lane], scale)
        old.gain[lane] = _direction(old, lane, rules, step)
        return 0.25
    return length


@inner
def _leader(runners: Runners) -> Any:
    best = 0
    for lane in range(LANES):
        if runners.value[lane] > runners.value[best]:
            best = lane
    return best


@inner
def _over(runners: Runners) -> Any:
    """Whether the leader is close to its top and nobody behind may still pass it."""
    leader = _leader(runners)
    if runners.gain[leader] > CLOSE:
        return False
    for lane in range(LANES):
        behind = runners.value[leader] - runners.value[lane]
        same = True
        for i in range(5):
            same = same and abs(runners.x[lane, i] - runners.x[leader, i]) < 0.5
        if lane != leader and not same and runners.gain[lane] > CLOSE and behind < HOPE * runners.gain[lane]:
            return False
    return True


@inner
def _restart(inverse: Floats, scale: Floats) -> None:
    """EM's own step."""
    for i in range(5):
        for j in range(5):
            inverse[i, j] = 1.0 / scale[i] if i == j else 0.0


@inner
def held(x: float, slope: float, low: float, high: float) -> Any:
    """A parameter that is fixed, or at a bound with the likelihood rising beyond."""
    return high <= low or (abs(x) >= BOX and x * slope > 0.0)


@inner
def _direction(runners: Runners, lane: int, rules: Rules, step: Floats) -> Any:
    """Fills the next step [5]; returns what it should gain, in nats."""
    x, gradient, inverse = runners.x[lane], runners.gradient[lane], runners.inverse[lane]
    gain = 0.0
    for i in range(5):
        step[i] = 0.0
        if held(x[i], gradient[i], rules.low[i], rules.high[i]):
            continue
        for j in range(5):
            if not held(x[j], gradient[j], rules.low[j], rules.high[j]):
                step[i] += inverse[i, j] * gradient[j]
        gain += 0.5 * step[i] * gradient[i]
    shorten(step)
    return gain


@inner
def shorten(step: Floats) -> None:
    """No longer than STRIDE, in its own direction."""
    longest = 0.0
    for i in range(5):
        longest = max(longest, abs(step[i]))
    if longest > STRIDE:
        for i in range(5):
            step[i] *= STRIDE / longest


@inner
def _learn_curvature(old: Runners, new: Runners, lane: int, scale: Floats) -> None:
    """The BFGS update of the inverse Hessian; EM's step again where the likelihood curves upward."""
    inverse = old.inverse[lane]
    moved, fell, known = np.empty(5), np.empty(5), np.empty(5)
    curved = 0.0
    for i in range(5):
        moved[i], fell[i] = new.x[lane, i] - old.x[lane, i], old.gradient[lane, i] - new.gradient[lane, i]
        curved += moved[i] * fell[i]
    if curved <= 1e-12:
        _restart(inverse, scale)
        return
    known_fall = 0.0
    for i in range(5):
        known[i] = 0.0
        for j in range(5):
            known[i] += inverse[i, j] * fell[j]
        known_fall += fell[i] * known[i]
    share = (1.0 + known_fall / curved) / curved
    for i in range(5):
        for j in range(5):
            inverse[i, j] += share * moved[i] * moved[j] - (known[i] * moved[j] + moved[i] * known[j]) / curved


class Look(NamedTuple):
    """What is seen from a point: value (first of an array), slopes [5], Hessian [5, 5], complete information [5]."""

    value: Floats
    slopes: Floats
    hessian: Floats
    scale: Floats


@kernel
def look(tree: Strings, scores: Floats, rules: Rules, at: Room, x: Floats) -> Any:
    """The objective around x [5], in one evaluation of eight lanes: at x, and a little beside it along each axis."""
    points, value, gradient, scale = (
        np.empty((LANES, 5)),
        np.empty(LANES),
        np.empty((LANES, 5)),
        np.empty((LANES, 5)),
    )
    for lane in range(LANES):
        for i in range(5):
            points[lane, i] = x[i]
    for i in range(5):
        points[1 + i, i] -= DIFFERENCE if x[i] > 0.0 else -DIFFERENCE
    evaluate(tree, scores, rules, at, points, value, gradient, scale)
    hessian = np.zeros((5, 5))
    for i in range(5):
        for j in range(5):
            half = 0.5 * (gradient[1 + i, j] - gradient[0, j]) / (points[1 + i, i] - x[i])
            hessian[i, j] += half
            hessian[j, i] += half
    return Look(value, gradient[0], hessian, scale[0])


@kernel
def newton(tree: Strings, scores: Floats, rules: Rules, at: Room, x: Floats) -> Any:
    """Newton steps from x [5], in place: the value, the Hessian [5, 5] there, and the evaluations spent."""
    seen = look(tree, scores, rules, at, x)
    spent, damping, step, there = 1, 0.0, np.empty(5), np.empty(5)
    gain, damping = _newton_step(seen, rules, x, damping, step)
    while spent < NEWTON and gain >= EXACT:
        for i in range(5):
            there[i] = min(max(x[i] + step[i], -BOX), BOX)
        found = look(tree, scores, rules, at, there)
        spent += 1
        if found.value[0] >= seen.value[0] - 1e-9:
            seen, damping = found, 0.1 * damping
            for i in range(5):
                x[i] = there[i]
        else:
            damping = max(10.0 * damping, 1e-2)
        gain, damping = _newton_step(seen, rules, x, damping, step)
    return seen.value[0], seen.hessian, spent


@inner
def _newton_step(seen: Look, rules: Rules, x: Floats, damping: float, step: Floats) -> Any:
    """Fills the step [5] of (-Hessian + damping scale) step = slopes, with more damping until that is a maximum.

    Returns what it should gain, in nats, and the damping that it took.
    """
    system = np.empty((5, 5))
    for _ in range(30):
        for i in range(5):
            fixed = held(x[i], seen.slopes[i], rules.low[i], rules.high[i])
            step[i] = 0.0 if fixed else seen.slopes[i]
            for j in range(5):
                apart = fixed or held(x[j], seen.slopes[j], rules.low[j], rules.high[j])
                system[i, j] = 0.0 if apart else -seen.hessian[i, j]
            system[i, i] = 1.0 if fixed else system[i, i] + damping * seen.scale[i] + 1e-9
        if solve(system, step):
            shorten(step)
            gain = 0.0
            for i in range(5):
                gain += 0.5 * step[i] * seen.slopes[i]
            return gain, damping
        damping = max(4.0 * damping, 1e-3)
    for i in range(5):
        step[i] = 0.0
    return 0.0, damping


@kernel
def solve(system: Floats, right: Floats) -> Any:
    """Solve a symmetric system in place by Cholesky's factor; False, with nothing solved, if not positive definite."""
    n = len(right)
    for j in range(n):
        for i in range(j):
            system[j, j] -= system[j, i] ** 2
        if system[j, j] <= 0.0:
            return False
        system[j, j] = np.sqrt(system[j, j])
        for k in range(j + 1, n):
            for i in range(j):
                system[k, j] -= system[k, i] * system[j, i]
            system[k, j] /= system[j, j]
    for j in range(n):
        for i in range(j):
            right[j] -= system[j, i] * right[i]
        right[j] /= system[j, j]
    for j in range(n - 1, -1, -1):
        for i in range(j + 1, n):
            right[j] -= system[i, j] * right[i]
        right[j] /= system[j, j]
    return True
