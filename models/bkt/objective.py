"""What a fit climbs: the log-likelihood of one skill's answers, with priors, as a function of five free numbers.

    parameter = low + (high - low) sig(x)

so that every x is a parameter within its bounds; ``ordered`` also holds slip below LIMIT - guess. Beta priors are
pseudo-counts (successes, trials). The gradient is Fisher's identity on the expected counts of :mod:`models.bkt.counts`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES, Lanes, choose, exp, inverse, load, log, splat, store
from engine.model import GUESS, SLIP
from models.bkt.compiled import inlined, inner
from models.bkt.counts import DONE, OF, PARAMS, READ, VALUE, backward, forward
from models.bkt.strings import Shorts

Floats = npt.NDArray[np.float64]

BOX = 14.0  # |x| stays below: sig(-14) is 1e-6, near enough to a bound
LIMIT = 0.98  # guess + slip stays below: else a wrong answer would raise mastery
FLAT = 1e-3  # information that even a parameter has of which the data say nothing: no step is endless

# Rows of ``at`` (see models.bkt.counts), five each
X, SLOPES, GRADIENT, SCALE = 16, 21, 26, 31
ACROSS = 36  # d slip / d x[GUESS]
LOW, HIGH, RIGHT, TRIALS = range(4)  # columns of a box: bounds, and the pseudo-counts of the prior


class Rules(NamedTuple):
    """low, high [..., 5] bounds of the parameters, equal where one is fixed; ordered; pseudo [..., 5, 2] (successes,
    trials)."""

    low: Floats
    high: Floats
    ordered: bool
    pseudo: Floats

    @property
    def box(self) -> Floats:
        """[..., 5, 4], as compiled code reads them."""
        return np.concatenate([np.stack([self.low, self.high], axis=-1), self.pseudo], axis=-1)

    def one(self, k: int) -> Rules:
        """Of skill k."""
        return Rules(self.low[k], self.high[k], self.ordered, self.pseudo[k])

    def some(self, low: int, high: int) -> Rules:
        """Of skills low:high."""
        return Rules(self.low[low:high], self.high[low:high], self.ordered, self.pseudo[low:high])


def room(nodes: int, symbols: int) -> Floats:
    """``at`` for trees of up to so many nodes and symbols. No row lies in two cache lines."""
    rows = READ + 2 * symbols + 2 * nodes
    raw = np.empty((rows + 1) * LANES)
    raw[: READ * LANES] = 0.0
    aligned = -raw.ctypes.data // 8 % LANES
    return raw[aligned : aligned + rows * LANES].reshape(rows, LANES)


def to_params(x: Floats, rules: Rules) -> Floats:
    """The parameters [..., 5] at x [..., 5]."""
    width = rules.high - rules.low
    if not rules.ordered:
        return np.asarray(rules.low + width * (1.0 / (1.0 + np.exp(-x))))
    share = 1.0 / (1.0 + np.exp(-x))
    params = np.asarray(rules.low + width * share)
    top = np.minimum(rules.high[..., SLIP], LIMIT - params[..., GUESS])
    params[..., SLIP] = rules.low[..., SLIP] + (top - rules.low[..., SLIP]) * share[..., SLIP]
    return params


def from_params(params: Floats, rules: Rules) -> Floats:
    """The x [..., 5] of parameters [..., 5]; those outside the bounds go to the nearest inside."""
    edge = 1.0 / (1.0 + np.exp(BOX))
    low, high = rules.low, np.broadcast_to(rules.high, np.broadcast_shapes(params.shape, rules.high.shape)).copy()
    if rules.ordered:
        guess = np.clip(params[..., GUESS], low[..., GUESS], high[..., GUESS])
        high[..., SLIP] = np.minimum(high[..., SLIP], LIMIT - guess)
    width = high - low
    share = np.where(width > 0.0, (params - low) / np.where(width > 0.0, width, 1.0), 0.5)
    share = np.clip(share, edge, 1.0 - edge)
    return np.asarray(np.log(share / (1.0 - share)))


@inlined
def likelihoods(guess: Lanes, slip: Lanes, scores: Floats, at: Floats, row: int) -> None:
    """Of every score, where not known and where known, into two rows each; exact for slips too small to be told from
    1 - (1 - slip)."""
    for s in range(len(scores)):
        score = scores[s]
        if score == 1.0:
            unknown, known = guess, 1.0 - slip
        elif score == 0.0:
            unknown, known = 1.0 - guess, slip
        else:
            unknown = exp(score * log(guess) + (1.0 - score) * log(1.0 - guess))
            known = exp(score * log(1.0 - slip) + (1.0 - score) * log(slip))
        store(at, row + 2 * s, unknown)
        store(at, row + 2 * s + 1, known)


@inlined
def _place(box: Floats, ordered: bool, at: Floats) -> None:
    """From X to PARAMS, SLOPES (of each parameter by its own x) and ACROSS."""
    store(at, ACROSS, splat(0.0))
    for i in range(5):
        share, high = inverse(1.0 + exp(0.0 - load(at, X + i))), splat(box[i, HIGH])
        if i == SLIP and ordered:
            top = LIMIT - load(at, PARAMS + GUESS)
            store(at, ACROSS, choose(top, high, 0.0, (0.0 - share) * load(at, SLOPES + GUESS)))
            high = choose(top, high, high, top)
        width = high - box[i, LOW]
        store(at, PARAMS + i, box[i, LOW] + width * share)
        store(at, SLOPES + i, width * share * (1.0 - share))


@inner
def evaluate(tree: Shorts, scores: Floats, box: Floats, ordered: bool, at: Floats) -> None:
    """From X to VALUE, the penalised log-likelihood; GRADIENT; and SCALE, the information about each x that the data
    would hold were knowledge seen: the inverse of EM's step."""
    _place(box, ordered, at)
    likelihoods(load(at, PARAMS + GUESS), load(at, PARAMS + SLIP), scores, at, READ)
    forward(tree, len(scores), at)
    backward(tree, scores, at)
    for i in range(5):
        right, trials = box[i, RIGHT], box[i, TRIALS]
        if box[i, HIGH] <= box[i, LOW]:
            store(at, GRADIENT + i, splat(0.0))
            store(at, SCALE + i, splat(FLAT))
            continue
        p, slope = load(at, PARAMS + i), load(at, SLOPES + i)
        if trials > 0.0:
            store(at, VALUE, load(at, VALUE) + right * log(p) + (trials - right) * log(1.0 - p))
        single = inverse(p * (1.0 - p))
        informed = (load(at, OF + i) + trials) * single
        rise = (load(at, DONE + i) + right) * single - informed * p
        store(at, GRADIENT + i, rise * slope)
        store(at, SCALE + i, informed * slope * slope + FLAT)
        if i == SLIP and ordered:
            across = load(at, ACROSS)
            store(at, GRADIENT + GUESS, load(at, GRADIENT + GUESS) + rise * across)
            store(at, SCALE + GUESS, load(at, SCALE + GUESS) + informed * across * across)
