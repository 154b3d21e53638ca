"""Parameter draws: students as there may be, whose spread is the interval beside mastery.

Two sources of spread, both on the scale that was climbed (:mod:`models.bkt.objective`). What the data leave open of a
skill's parameters: a Laplace approximation at the fit. And how students differ in what they bring and how fast they
learn: one standard deviation on the logits of prior and learn, for all skills, by marginal likelihood.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.lanes import LANES, load, log, splat, store
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP, logit
from models.bkt.compiled import inner, kernel
from models.bkt.counts import PARAMS, READ
from models.bkt.learning import Learnt
from models.bkt.objective import LIMIT, Rules, likelihoods, room
from models.bkt.strings import ENDS, PARENT, SYMBOL, Shorts

Floats = npt.NDArray[np.float64]

DRAWS = 4 * LANES
GRID = (0.0, 0.25, 0.5, 1.0, 1.5)  # standard deviations between students, in logits
FLATTEST = 1.5  # a parameter that the data say nothing of: this many logits either way
SAMPLE = 200_000  # nodes that settle the spread between students
CLIP = 1e-6
SAME = 1e-9


def draw(learnt: Learnt, seed: int, spread: float | None = None) -> tuple[Floats, float]:
    """Draws [D, K, 5] around a fit, and the spread between students (chosen from GRID unless given)."""
    rng = np.random.default_rng(seed)
    uncertain = left_open(learnt, rng)
    between = _on_students(_standard(rng, (*uncertain.shape[:2], 2)))
    if spread is None:
        spread = _spread_of_students(learnt, between)
    return to_params(learnt.x + uncertain + spread * between, learnt.rules), spread


def left_open(learnt: Learnt, rng: np.random.Generator) -> Floats:
    """Draws [D, K, 5] of how far the parameters may be from the fit, on the scale that was climbed."""
    own = _standard(rng, (DRAWS, *learnt.x.shape))
    return np.asarray(np.einsum("kij,dkj->dki", _roots(-learnt.hessian), own))


def recentred(drawn: Floats, fit: Floats, params: Floats) -> Floats:
    """Draws [D, K, 5] around ``fit`` [K, 5], those of skills that are read with other ``params`` moved there, on the
    logit scale: skills that stand in combinations, and those without answers."""
    elsewhere = (np.abs(params - fit) > SAME).any(axis=1)
    moved = logit(drawn[:, elsewhere]) - logit(fit[elsewhere]) + logit(params[elsewhere])
    drawn = drawn.copy()
    drawn[:, elsewhere] = probabilities(moved, params[elsewhere])
    return drawn


def draw_population(params: Floats, population: Floats, spread: float, seed: int) -> Floats:
    """Draws [D, 5] of an unseen skill: skills differ as those fitted do, students by ``spread``."""
    rng = np.random.default_rng([seed, 1])
    own, between = _standard(rng, (DRAWS, 5)), _standard(rng, (DRAWS, 2))
    fitted = logit(params)
    # A handful of skills says little of how skills differ; half a logit is what published fits show.
    differ = np.clip(fitted.std(axis=0), 0.25, FLATTEST) if len(fitted) > 2 else np.full(5, 0.5)
    return probabilities(logit(population) + own * differ + spread * _on_students(between), population)


def probabilities(logits: Floats, params: Floats) -> Floats:
    """From logits [..., 5] to parameters that hold guess + slip; a model without forgetting keeps none."""
    drawn = 1 / (1 + np.exp(-logits))
    drawn[..., 2:4] /= np.maximum(1.0, drawn[..., 2:4].sum(-1, keepdims=True) / LIMIT)
    drawn[..., FORGET] *= params[..., FORGET] > 0.0
    return np.asarray(drawn)


def to_params(x: Floats, rules: Rules) -> Floats:
    """:func:`models.bkt.objective.to_params` of x [..., K, 5]; always with guess + slip below LIMIT."""
    high = np.broadcast_to(rules.high, x.shape).copy()
    share = 1 / (1 + np.exp(-x))
    guess = rules.low[..., GUESS] + (high[..., GUESS] - rules.low[..., GUESS]) * share[..., GUESS]
    high[..., SLIP] = np.minimum(high[..., SLIP], np.maximum(LIMIT - guess, CLIP))
    return np.asarray(rules.low + (high - rules.low) * share)


def _standard(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Normal draws with mean 0 and variance 1 exactly over the first axis: few draws, but centred."""
    raw = rng.standard_normal(shape)
    raw -= raw.mean(axis=0)
    return np.asarray(raw / raw.std(axis=0))


def _on_students(between: Floats) -> Floats:
    moved = np.zeros((*between.shape[:-1], 5))
    moved[..., [PRIOR, LEARN]] = between
    return moved


def _roots(information: Floats) -> Floats:
    """Square roots of the covariances [K, 5, 5]; directions that the data leave open are held to FLATTEST."""
    values, vectors = np.linalg.eigh(information)
    return np.asarray(vectors / np.sqrt(np.maximum(values, FLATTEST**-2))[:, None, :])


# -------------------------------------------------------------------------------------------- how students differ


def _spread_of_students(learnt: Learnt, between: Floats) -> float:
    """The standard deviation of GRID under which the training students are likeliest, each of them a draw."""
    strings = learnt.strings
    order = np.random.default_rng(0).permutation(np.flatnonzero(learnt.answers))
    sizes = np.diff(strings.start)[order]
    chosen = order[: max(1, int(np.searchsorted(np.cumsum(sizes), SAMPLE, side="right")))]
    at = room(int(sizes.max(initial=0)), len(learnt.scores))
    totals = np.zeros(len(GRID))
    for place, sigma in enumerate(GRID):
        draws = to_params(learnt.x + sigma * between[: LANES if sigma == 0.0 else None], learnt.rules)
        for k in chosen.tolist():
            totals[place] += _marginal(strings.tree(k), learnt.scores, np.ascontiguousarray(draws[:, k]), at)
    return GRID[int(totals.argmax())]


@kernel
def _marginal(tree: Shorts, scores: Floats, draws: Floats, at: Floats) -> float:
    """Log-likelihood of one skill's answers when each student is one of the ``draws`` [D, 5], equally."""
    n, first = len(tree), READ + 2 * len(scores)
    paths = np.empty((n, len(draws)))
    for low in range(0, len(draws), LANES):
        for lane in range(LANES):
            for i in range(5):
                at[PARAMS + i, lane] = draws[low + lane, i]
        _paths(tree, scores, at)
        for i in range(n):
            for lane in range(LANES):
                paths[i, low + lane] = at[first + 2 * i + 1, lane]
    total = 0.0
    for i in range(n):
        if tree[i, ENDS] > 0:
            peak, share = paths[i, 0], 0.0
            for d in range(len(draws)):
                peak = max(peak, paths[i, d])
            for d in range(len(draws)):
                share += np.exp(paths[i, d] - peak)
            total += tree[i, ENDS] * (peak + np.log(share / len(draws)))
    return total


@inner
def _paths(tree: Shorts, scores: Floats, at: Floats) -> None:
    """The log-likelihood of the answers down to every node, under PARAMS, into its second row of ``at``."""
    likelihoods(load(at, PARAMS + GUESS), load(at, PARAMS + SLIP), scores, at, READ)
    first, prior, learn = READ + 2 * len(scores), load(at, PARAMS + PRIOR), load(at, PARAMS + LEARN)
    keep = 1.0 - load(at, PARAMS + FORGET)
    for i in range(len(tree)):
        above, row, p, so_far = first + 2 * tree[i, PARENT], READ + 2 * tree[i, SYMBOL], prior, splat(0.0)
        if tree[i, PARENT] >= 0:
            p, so_far = load(at, above) * keep, load(at, above + 1)
        known = p * load(at, row + 1)
        evidence = known + (1.0 - p) * load(at, row)
        e = known / evidence
        store(at, first + 2 * i, e + (1.0 - e) * learn)
        store(at, first + 2 * i + 1, so_far + log(evidence))
