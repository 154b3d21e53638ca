"""A chunk of skills, fitted: what runs in threads, processes or on a cluster."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES
from engine.model import GUESS, SLIP
from models.bkt.climb import look, top
from models.bkt.compiled import inner, kernel
from models.bkt.objective import LIMIT, Room, Rules, from_params, room, to_params
from models.bkt.options import FREE, ORDERED
from models.bkt.strings import Strings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Fitted(NamedTuple):
    """What a chunk of skills came to; arrays over its skills."""

    x: Floats
    params: Floats
    value: Floats
    hessian: Floats
    degenerate: Mask
    evaluations: Ints


def fit_chunk(work: tuple[Strings, Rules], *, scores: Floats, forgets: bool) -> Fitted:
    """Fit the skills of some strings; rules with bounds [K, 5] and pseudo-counts [K, 5, 2]. Runs in any process."""
    strings, rules = work
    fitted = _nothing_yet(len(strings.start) - 1)
    _fit(strings, scores, rules, room(longest(strings), len(scores)), ORDERED, FREE, forgets, fitted)
    return fitted


def look_at(work: tuple[Strings, Rules], *, scores: Floats, params: Floats) -> Fitted:
    """What there is to say of parameters [K, 5] that stay."""
    strings, rules = work
    fitted = _nothing_yet(len(params))._replace(params=params.copy())
    _look_at(strings, scores, rules, room(longest(strings), len(scores)), fitted)
    return fitted


def _nothing_yet(skills: int) -> Fitted:
    x, params, value, hessian = (np.zeros((skills, *shape)) for shape in ((5,), (5,), (), (5, 5)))
    return Fitted(x, params, value, hessian, np.zeros(skills, np.bool_), np.zeros(skills, np.int64))


def longest(strings: Strings) -> int:
    return int(np.diff(strings.start).max(initial=0))


@kernel
def _fit(
    strings: Strings,
    scores: Floats,
    rules: Rules,
    at: Room,
    ordered: Floats,
    free: Floats,
    forgets: bool,
    fitted: Fitted,
) -> None:
    """Fills every skill: first without the order of guess and slip, to see whether it is needed, then with it if it is.

    With forgetting the states may be swapped without loss, so the order costs nothing and is held from the beginning.
    """
    x, params, value, hessian, degenerate, evaluations = fitted
    slope = np.empty(5)
    for k in range(len(x)):
        if strings.start[k] == strings.start[k + 1]:
            continue
        tree = one(strings, k)
        free_first = rules.ordered and not forgets
        own = Rules(rules.low[k], rules.high[k], rules.ordered and forgets, rules.pseudo[k])
        starts = placed(free if not forgets and not own.ordered else ordered, own)
        value[k], evaluations[k] = top(tree, scores, own, at, starts, x[k], hessian[k])
        to_params(x[k], own, params[k], slope)
        if not free_first:
            continue
        own = Rules(own.low, own.high, True, own.pseudo)
        degenerate[k] = params[k, GUESS] + params[k, SLIP] >= LIMIT
        if degenerate[k]:
            value[k], spent = top(tree, scores, own, at, placed(ordered, own), x[k], hessian[k])
            evaluations[k] += spent
            to_params(x[k], own, params[k], slope)
        else:
            _reorder(x[k], hessian[k], params[k], own)


@kernel
def _look_at(strings: Strings, scores: Floats, rules: Rules, at: Room, fitted: Fitted) -> None:
    """Fills x, value and Hessian of parameters that stay."""
    x, params, value, hessian = fitted.x, fitted.params, fitted.value, fitted.hessian
    for k in range(len(x)):
        own = Rules(rules.low[k], rules.high[k], rules.ordered, rules.pseudo[k])
        from_params(params[k], own, x[k])
        seen = look(one(strings, k), scores, own, at, x[k])
        value[k] = seen.value[0]
        for i in range(5):
            for j in range(5):
                hessian[k, i, j] = seen.hessian[i, j]


@kernel
def one(strings: Strings, k: int) -> Any:
    """The tree of skill k."""
    a, b = strings.start[k], strings.start[k + 1]
    start = np.zeros(2, np.int64)
    start[1] = b - a
    parent, symbol, weight, ends = strings.parent[a:b], strings.symbol[a:b], strings.weight[a:b], strings.ends[a:b]
    return Strings(start, parent, symbol, weight, ends)


@inner
def _reorder(x: Floats, hessian: Floats, params: Floats, rules: Rules) -> None:
    """From x and its Hessian at a top found without order to the same point's with it: slip hangs on x[GUESS] too."""
    slope, width = np.empty(5), rules.high[SLIP] - rules.low[SLIP]
    share = 1.0 / (1.0 + np.exp(-x[SLIP]))
    old = max(width * share * (1.0 - share), 1e-12)
    from_params(params, rules, x)
    across = to_params(x, rules, np.empty(5), slope)
    by_slip, by_guess = slope[SLIP] / old, across / old
    for i in range(5):
        hessian[i, GUESS] += by_guess * hessian[i, SLIP]
        hessian[i, SLIP] *= by_slip
    for i in range(5):
        hessian[GUESS, i] += by_guess * hessian[SLIP, i]
        hessian[SLIP, i] *= by_slip


@kernel
def placed(starts: Floats, rules: Rules) -> Any:
    """The x [8, 5] of starts [8, 5] within the bounds of one skill."""
    x = np.empty((LANES, 5))
    for lane in range(LANES):
        from_params(starts[lane], rules, x[lane])
    return x
