"""A chunk of skills, fitted: what runs in threads, processes or on a cluster."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.model import GUESS, SLIP
from models.bkt.climb import TOP, looked, newton
from models.bkt.objective import LIMIT, Rules, from_params, room, to_params
from models.bkt.options import FREE, ORDERED
from models.bkt.race import race
from models.bkt.strings import Ints, Strings

Floats = npt.NDArray[np.float64]
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
    """Fit the skills of some strings; rules with bounds [K, 5] and pseudo-counts [K, 5, 2]. Runs in any process.

    Without forgetting first without the order of guess and slip, to see whether it is needed, then with it if it is.
    With forgetting the states may be swapped without loss, so the order costs nothing and is held from the beginning.
    """
    strings, rules = work
    answered = np.diff(strings.start) > 0
    if forgets or not rules.ordered:
        return fit_from(strings, scores, rules, ORDERED if rules.ordered else FREE, answered)
    free = fit_from(strings, scores, rules._replace(ordered=False), FREE, answered)
    degenerate = free.params[:, GUESS] + free.params[:, SLIP] >= LIMIT
    found = _reordered(free, rules)._replace(degenerate=degenerate)
    if degenerate.any():
        again = fit_from(strings, scores, rules, ORDERED, degenerate)
        for column, better in zip((*found[:4], found.evaluations), (*again[:4], again.evaluations), strict=True):
            column[degenerate] = better[degenerate]
        found.evaluations[degenerate] += free.evaluations[degenerate]
    return found


def look_at(work: tuple[Strings, Rules], *, scores: Floats, params: Floats) -> Fitted:
    """What there is to say of parameters [K, 5] that stay."""
    strings, rules = work
    fitted = _nothing_yet(len(params))._replace(x=from_params(params, rules), params=params.copy())
    at, seen = room(longest(strings), len(scores)), np.empty((8, 5))
    for k in range(len(params)):
        looked(strings.tree(k), scores, rules.one(k).box, rules.ordered, at, fitted.x[k], seen)
        fitted.value[k], fitted.hessian[k] = seen[TOP, 0], seen[:5]
    return fitted


def _nothing_yet(skills: int) -> Fitted:
    x, params, value, hessian = (np.zeros((skills, *shape)) for shape in ((5,), (5,), (), (5, 5)))
    return Fitted(x, params, value, hessian, np.zeros(skills, np.bool_), np.zeros(skills, np.int64))


def longest(strings: Strings) -> int:
    return int(np.diff(strings.start).max(initial=0))


def fit_from(strings: Strings, scores: Floats, rules: Rules, starts: Floats, which: Mask) -> Fitted:
    """The skills in ``which`` [K] from starts [8, 5]."""
    found = _nothing_yet(len(which))
    skills, at = np.flatnonzero(which), room(longest(strings), len(scores))
    x = from_params(starts, rules._replace(low=rules.low[:, None], high=rules.high[:, None]))
    seen, desk, trees = np.zeros((len(which), 8, 5)), np.empty((2, 8, 5)), (skills, *strings, scores)
    race(*trees, rules.box, rules.ordered, x, at, found.x, found.evaluations)
    newton(*trees, rules.box, rules.ordered, at, found.x, seen, found.evaluations, desk)
    params = np.where(which[:, None], to_params(found.x, rules), 0.0)
    return found._replace(params=params, value=seen[:, TOP, 0], hessian=seen[:, :5])


def _reordered(found: Fitted, rules: Rules) -> Fitted:
    """The same points where guess and slip are held in order: slip hangs on x[GUESS] too."""
    x, hessian = from_params(found.params, rules), found.hessian.copy()
    share_before, share = (1.0 / (1.0 + np.exp(-of[:, SLIP])) for of in (found.x, x))
    top = np.minimum(rules.high[:, SLIP], LIMIT - found.params[:, GUESS])
    old, new = (
        np.maximum((high - rules.low[:, SLIP]) * part * (1.0 - part), 1e-12)
        for high, part in ((rules.high[:, SLIP], share_before), (top, share))
    )
    of_guess = 1.0 / (1.0 + np.exp(-x[:, GUESS]))
    slope = (rules.high[:, GUESS] - rules.low[:, GUESS]) * of_guess * (1.0 - of_guess)
    across = np.where(top < rules.high[:, SLIP], -share * slope, 0.0)
    turn = np.tile(np.eye(5), (len(x), 1, 1))  # d x before / d x now
    turn[:, SLIP, SLIP], turn[:, SLIP, GUESS] = new / old, across / old
    return found._replace(x=x, hessian=turn.swapaxes(1, 2) @ hessian @ turn)
