"""Eight starts race to the tops of one skill's likelihood, all computed at once, one in each lane.

By EM, sped up by what its gradients tell of the curvature (quasi-Newton acceleration, Jamshidian & Jennrich 1997).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES, Lanes, choose, inverse, load, splat, store
from models.bkt.climb import STRIDE
from models.bkt.compiled import inlined, inner, kernel
from models.bkt.counts import VALUE
from models.bkt.objective import BOX, GRADIENT, HIGH, LOW, SCALE, X, evaluate
from models.bkt.strings import Ints, Shorts

Floats = npt.NDArray[np.float64]

ROUNDS = 100  # of a race; most are over after 15
CLOSE = 0.02  # nats to the top, by what is known of the curvature, that Newton steps do faster
HOPE = 10.0  # times what it promises: no start that is further below the leader has won a race that was tried

# Rows of ``at`` (see models.bkt.counts): the last point that was an ascent, and the step from there
OLD_X, OLD_GRADIENT, STEP, FREE, INVERSE = 37, 42, 47, 52, 57  # the last has 25, the inverse Hessian; the others five
OLD_VALUE, LENGTH, GAIN = 82, 83, 84
MOVED, FELL, KNOWN = 85, 90, 95  # five each


@kernel
def race(
    skills: Ints,
    start: Ints,
    nodes: Shorts,
    scores: Floats,
    box: Floats,
    ordered: bool,
    starts: Floats,
    at: Floats,
    x: Floats,
    evaluations: Ints,
) -> None:
    """Fills x [K, 5] of some skills with where the leader of the starts [K, 8, 5] came to, and adds the
    ``evaluations`` [K] spent."""
    for k in skills:
        tree, spent, over = nodes[start[k] : start[k + 1]], 0, False
        for lane in range(LANES):
            for i in range(5):
                at[X + i, lane] = at[OLD_X + i, lane] = starts[k, lane, i]
                at[OLD_GRADIENT + i, lane] = 0.0
            at[OLD_VALUE, lane], at[LENGTH, lane] = -1e300, 1.0
        while not over:
            evaluate(tree, scores, box[k], ordered, at)
            spent += 1
            _accept(at)
            _direct(box[k], at)
            over = _over(at) or spent == ROUNDS
        evaluations[k] += spent
        for i in range(5):
            x[k, i] = at[OLD_X + i, _leader(at)]


@inlined
def _accept(at: Floats) -> None:
    """Take the points that are an ascent, with what they tell of the curvature (the BFGS update of the inverse
    Hessian); shorten the steps to the others. EM's own step again where that is of no use."""
    value, old, slope, curved = load(at, VALUE), load(at, OLD_VALUE), splat(0.0), splat(0.0)
    for i in range(5):
        moved = load(at, X + i) - load(at, OLD_X + i)
        fell = load(at, OLD_GRADIENT + i) - load(at, GRADIENT + i)
        store(at, MOVED + i, moved)
        store(at, FELL + i, fell)
        slope, curved = slope + load(at, OLD_GRADIENT + i) * moved, curved + moved * fell
    taken = choose(value, old + 1e-4 * slope - 1e-10, 1.0, 0.0)
    bend = 2.0 * (old + slope - value)
    shorter = choose(bend, 1e-300, slope / choose(bend, 1e-300, bend, 1.0), 0.1)
    shorter = load(at, LENGTH) * choose(0.5, choose(shorter, 0.1, shorter, 0.1), shorter, 0.5)
    lost = choose(1e-3, shorter, 1.0, 0.0)  # what it knows of the curvature is of no use here
    unfit = choose(1e-12, curved, 1.0, 0.0)  # the likelihood curves upward
    _learn_curvature(at, taken, choose(taken, 0.5, unfit, lost), choose(1e-12, curved, 1.0, curved))
    store(at, LENGTH, choose(taken, 0.5, 1.0, choose(lost, 0.5, 0.25, shorter)))
    store(at, OLD_VALUE, choose(taken, 0.5, value, old))
    for i in range(5):
        store(at, OLD_X + i, choose(taken, 0.5, load(at, X + i), load(at, OLD_X + i)))
        store(at, OLD_GRADIENT + i, choose(taken, 0.5, load(at, GRADIENT + i), load(at, OLD_GRADIENT + i)))


@inlined
def _learn_curvature(at: Floats, taken: Lanes, again: Lanes, curved: Lanes) -> None:
    """The inverse Hessian, updated in the lanes that are ``taken``, EM's step ``again`` in others (1, else 0)."""
    known_fall = splat(0.0)
    for i in range(5):
        known = splat(0.0)
        for j in range(5):
            known = known + load(at, INVERSE + 5 * i + j) * load(at, FELL + j)
        store(at, KNOWN + i, known)
        known_fall = known_fall + load(at, FELL + i) * known
    per = 1.0 / curved
    share = (1.0 + known_fall * per) * per
    for i in range(5):
        moved, known = load(at, MOVED + i), load(at, KNOWN + i) * per
        for j in range(i + 1):
            before, other = load(at, INVERSE + 5 * i + j), load(at, MOVED + j)
            after = before + share * moved * other - (known * other + moved * (load(at, KNOWN + j) * per))
            restarted = inverse(load(at, SCALE + i)) if i == j else splat(0.0)
            after = choose(again, 0.5, restarted, choose(taken, 0.5, after, before))
            store(at, INVERSE + 5 * i + j, after)
            store(at, INVERSE + 5 * j + i, after)


@inlined
def _direct(box: Floats, at: Floats) -> None:
    """The next STEP, what it should GAIN, in nats, and the X that it leads to."""
    for i in range(5):
        x, gradient = load(at, OLD_X + i), load(at, OLD_GRADIENT + i)
        beyond = choose(x, BOX, gradient, choose(0.0 - BOX, x, 0.0 - gradient, 0.0))
        store(at, FREE + i, choose(0.0, beyond, gradient, 0.0) if box[i, HIGH] > box[i, LOW] else splat(0.0))
    gain, longest = splat(0.0), splat(STRIDE)
    for i in range(5):
        step = splat(0.0)
        for j in range(5):
            step = step + load(at, INVERSE + 5 * i + j) * load(at, FREE + j)
        free = load(at, FREE + i)
        step = choose(free * free, 1e-300, step, 0.0)
        store(at, STEP + i, step)
        gain = gain + 0.5 * step * free
        longest = choose(step, longest, step, choose(0.0 - step, longest, 0.0 - step, longest))
    store(at, GAIN, gain)
    length = load(at, LENGTH) * (STRIDE / longest)
    for i in range(5):
        x = load(at, OLD_X + i) + length * load(at, STEP + i)
        store(at, X + i, choose(x, BOX, BOX, choose(0.0 - BOX, x, 0.0 - BOX, x)))


@inner
def _leader(at: Floats) -> Any:
    best = 0
    for lane in range(LANES):
        if at[OLD_VALUE, lane] > at[OLD_VALUE, best]:
            best = lane
    return best


@inner
def _over(at: Floats) -> Any:
    """Whether the leader is close to its top and nobody behind may still pass it."""
    leader = _leader(at)
    if at[GAIN, leader] > CLOSE:
        return False
    for lane in range(LANES):
        behind = at[OLD_VALUE, leader] - at[OLD_VALUE, lane]
        if at[GAIN, lane] > CLOSE and behind < HOPE * at[GAIN, lane]:
            for i in range(5):
                if abs(at[OLD_X + i, lane] - at[OLD_X + i, leader]) >= 0.5:
                    return False
    return True
