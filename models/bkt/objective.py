"""What a fit climbs: the log-likelihood of one skill's answers, with priors, as a function of five free numbers.

    parameter = low + (high - low) sig(x)

so that every x is a parameter within its bounds; ``ordered`` also holds slip below LIMIT - guess. Beta priors are
pseudo-counts (successes, trials). The gradient is Fisher's identity on the expected counts of :mod:`models.bkt.counts`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models.bkt.compiled import inner, kernel
from models.bkt.counts import FIRST, HELD, LEARNT, LOST, MISSED, STUDENTS, expect
from models.bkt.strings import Strings

Floats = npt.NDArray[np.float64]

BOX = 14.0  # |x| stays below: sig(-14) is 1e-6, near enough to a bound
LIMIT = 0.98  # guess + slip stays below: else a wrong answer would raise mastery
FLAT = 1e-3  # information that even a parameter has of which the data say nothing: no step is endless


class Rules(NamedTuple):
    """low, high [5] bounds of the parameters, equal where one is fixed; ordered; pseudo [5, 2] (successes, trials)."""

    low: Floats
    high: Floats
    ordered: bool
    pseudo: Floats


class Room(NamedTuple):
    """Scratch space for trees of up to n nodes and S symbols; see :func:`models.bkt.counts.expect`."""

    trans: Floats
    read: Floats
    value: Floats
    moves: Floats
    reads: Floats
    nodes: Floats
    params: Floats
    slopes: Floats
    across: Floats


def room(nodes: int, symbols: int) -> Room:
    shapes = (3,), (2 * symbols,), (1,), (6,), (2 * symbols,), (3 * nodes,)
    trans, read, value, moves, reads, held = (np.empty((*shape, LANES)) for shape in shapes)
    params, slopes = np.empty((2, LANES, 5))
    return Room(trans, read, value, moves, reads, held, params, slopes, np.empty(LANES))


@kernel
def to_params(x: Floats, rules: Rules, params: Floats, slope: Floats) -> Any:
    """Fills the parameters [5] at x [5] and the derivative of each by its own x; returns d slip / d x[GUESS]."""
    for i in (PRIOR, LEARN, GUESS, FORGET):
        share, width = 1.0 / (1.0 + np.exp(-x[i])), rules.high[i] - rules.low[i]
        params[i] = rules.low[i] + width * share
        slope[i] = width * share * (1.0 - share)
    share, top, across = 1.0 / (1.0 + np.exp(-x[SLIP])), rules.high[SLIP], 0.0
    if rules.ordered and LIMIT - params[GUESS] < top:
        top = LIMIT - params[GUESS]
        across = -share * slope[GUESS]
    params[SLIP] = rules.low[SLIP] + (top - rules.low[SLIP]) * share
    slope[SLIP] = (top - rules.low[SLIP]) * share * (1.0 - share)
    return across


@kernel
def from_params(params: Floats, rules: Rules, x: Floats) -> None:
    """The x [5] of parameters [5]; those outside the bounds go to the nearest inside."""
    edge = 1.0 / (1.0 + np.exp(BOX))
    guess = params[GUESS]
    for i in range(5):
        top = rules.high[i]
        if i == SLIP and rules.ordered:
            top = min(top, LIMIT - min(max(guess, rules.low[GUESS]), rules.high[GUESS]))
        share = 0.5
        if top > rules.low[i]:
            share = min(max((params[i] - rules.low[i]) / (top - rules.low[i]), edge), 1.0 - edge)
        x[i] = np.log(share / (1.0 - share))


@inner
def likelihoods(guess: float, slip: float, score: float) -> Any:
    """Of a score, where not known and where known; exact for slips too small to be told from 1 - (1 - slip)."""
    if score == 1.0:
        return guess, 1.0 - slip
    if score == 0.0:
        return 1.0 - guess, slip
    return guess**score * (1.0 - guess) ** (1.0 - score), (1.0 - slip) ** score * slip ** (1.0 - score)


@inner
def _set(x: Floats, scores: Floats, rules: Rules, at: Room) -> None:
    """The parameters at x [8, 5], as the counts read them."""
    for lane in range(LANES):
        at.across[lane] = to_params(x[lane], rules, at.params[lane], at.slopes[lane])
        for row, i in enumerate((PRIOR, LEARN, FORGET)):
            at.trans[row, lane] = at.params[lane, i]
        guess, slip = at.params[lane, GUESS], at.params[lane, SLIP]
        for s in range(len(scores)):
            at.read[2 * s, lane], at.read[2 * s + 1, lane] = likelihoods(guess, slip, scores[s])


@inner
def _counted(lane: int, scores: Floats, at: Room, counts: Floats) -> None:
    """Fills counts [5, 2]: expected successes and trials of each parameter."""
    learnt = at.moves[LEARNT, lane]
    counts[PRIOR, 0], counts[PRIOR, 1] = at.moves[FIRST, lane], at.moves[STUDENTS, lane]
    counts[LEARN, 0], counts[LEARN, 1] = learnt, learnt + at.moves[MISSED, lane]
    counts[FORGET, 0], counts[FORGET, 1] = at.moves[LOST, lane], at.moves[HELD, lane]
    for i in (GUESS, SLIP):
        counts[i, 0], counts[i, 1] = 0.0, 0.0
    for s in range(len(scores)):
        counts[GUESS, 0] += scores[s] * at.reads[2 * s, lane]
        counts[GUESS, 1] += at.reads[2 * s, lane]
        counts[SLIP, 0] += (1.0 - scores[s]) * at.reads[2 * s + 1, lane]
        counts[SLIP, 1] += at.reads[2 * s + 1, lane]


@kernel
def evaluate(
    tree: Strings, scores: Floats, rules: Rules, at: Room, x: Floats, value: Floats, gradient: Floats, scale: Floats
) -> None:
    """At x [8, 5]: the penalised log-likelihood [8], its gradient [8, 5], and the information about each x [8, 5]
    that the data would hold were knowledge seen: the inverse of EM's step."""
    _set(x, scores, rules, at)
    expect(tree, at.trans, at.read, at.value, at.moves, at.reads, at.nodes)
    counts = np.empty((5, 2))
    for lane in range(LANES):
        _counted(lane, scores, at, counts)
        value[lane] = at.value[0, lane]
        for i in range(5):
            p, right, trials = at.params[lane, i], rules.pseudo[i, 0], rules.pseudo[i, 1]
            if rules.high[i] <= rules.low[i]:
                gradient[lane, i], scale[lane, i] = 0.0, 1.0
                continue
            if trials > 0.0:
                value[lane] += right * np.log(p) + (trials - right) * np.log(1.0 - p)
            informed = (counts[i, 1] + trials) / (p * (1.0 - p))
            gradient[lane, i] = (counts[i, 0] + right) / (p * (1.0 - p)) - informed * p
            scale[lane, i] = informed
        moved = gradient[lane, SLIP] * at.across[lane], scale[lane, SLIP] * at.across[lane] ** 2
        for i in range(5):
            slope = at.slopes[lane, i]
            gradient[lane, i] *= slope
            scale[lane, i] = scale[lane, i] * slope * slope + FLAT
        gradient[lane, GUESS] += moved[0]
        scale[lane, GUESS] += moved[1]
