"""Parameter draws: students as there may be, whose spread is the interval beside mastery.

Two sources of spread, both on the logit scale. What the data leave open of a skill's parameters: a Laplace
approximation at the fit. And how students differ in what they bring and how fast they learn: one standard deviation
on the logits of prior and learn, the same for all skills, by marginal likelihood of the training students.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit

from engine.bkt import likelihood
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models import em
from models.chains import Chain
from models.log import Floats, Ints

DRAWS = 32
GRID = (0.0, 0.25, 0.5, 1.0, 1.5)  # standard deviations between students, in logits
STEP = 1e-3  # of the finite differences, in logits
FLATTEST = 1.5  # a parameter that the data say nothing of: this many logits either way
SAMPLE = 100_000  # answers that settle the spread between students
CLIP = 1e-6


def draw(
    parts: Sequence[Chain],
    params: Floats,
    emissions: Floats,
    pseudo: tuple[Floats, Floats],
    seed: int,
    spread: float | None = None,
) -> tuple[Floats, float]:
    """Draws [D, K, 5] around ``params`` [K, 5], and the spread between students (chosen from GRID unless given).

    ``pseudo`` are the pseudo-counts of the fit, as in :func:`models.em.maximise`.
    """
    rng = np.random.default_rng(seed)
    own = _standard(rng, (DRAWS, len(params), 5))
    between = _standard(rng, (DRAWS, len(params), 2))
    centre = logit(params)
    uncertain = np.zeros_like(own)
    for k, part in enumerate(parts):
        uncertain[:, k] = own[:, k] @ _root(_curvature(part, centre[k], logit(emissions[part.links]), pseudo)).T
    uncertain[:, params[:, FORGET] == 0.0, FORGET] = 0.0
    if spread is None:
        spread = _spread_of_students(parts, params, emissions, between)
    return probabilities(centre + uncertain + spread * _on_students(between), params), spread


def draw_population(params: Floats, population: Floats, spread: float, seed: int) -> Floats:
    """Draws [D, 5] of an unseen skill: skills differ as those fitted do, students by ``spread``."""
    rng = np.random.default_rng([seed, 1])
    own, between = _standard(rng, (DRAWS, 5)), _standard(rng, (DRAWS, 2))
    fitted = logit(params)
    # A handful of skills says little of how skills differ; half a logit is what published fits show.
    differ = np.clip(fitted.std(axis=0), 0.25, FLATTEST) if len(fitted) > 2 else np.full(5, 0.5)
    return probabilities(logit(population) + own * differ + spread * _on_students(between), population)


def logit(p: Floats) -> Floats:
    clipped = np.clip(p, CLIP, 1 - CLIP)
    return np.asarray(np.log(clipped / (1 - clipped)))


def probabilities(logits: Floats, params: Floats) -> Floats:
    """From logits [..., 5] to parameters that hold guess + slip; a model without forgetting keeps none."""
    drawn = 1 / (1 + np.exp(-logits))
    drawn[..., 2:4] /= np.maximum(1.0, drawn[..., 2:4].sum(-1, keepdims=True) / em.LIMIT)
    drawn[..., FORGET] *= params[..., FORGET] > 0.0
    return np.asarray(drawn)


def _standard(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Normal draws with mean 0 and variance 1 exactly over the first axis: few draws, but centred."""
    raw = rng.standard_normal(shape)
    raw -= raw.mean(axis=0)
    return np.asarray(raw / raw.std(axis=0))


def _on_students(between: Floats) -> Floats:
    moved = np.zeros((*between.shape[:-1], 5))
    moved[..., [PRIOR, LEARN]] = between
    return moved


# -------------------------------------------------------------------------------------------- what the data leave open


@njit(cache=True, nogil=True)
def _gradient(
    start: Ints, score: Floats, link: Ints, at: Floats, emit: Floats, pseudo_moves: Floats, pseudo_reads: Floats
) -> Floats:
    """Gradient of the penalised log-likelihood in the logits ``at`` (prior, learn, guess, slip, forget).

    Fisher's identity: it is (successes - trials x probability) of the expected counts. ``emit`` [links, 2] are logits
    of each link relative to the skill's own: all move together.
    """
    own = 1.0 / (1.0 + np.exp(-at))
    trans = np.array([own[0], own[1], own[4]])
    read = np.empty_like(emit)
    for j in range(len(emit)):
        for i in range(2):
            read[j, i] = 1.0 / (1.0 + np.exp(-(at[2 + i] + emit[j, i])))
    longest = 0
    for s in range(len(start) - 1):
        longest = max(longest, start[s + 1] - start[s])
    moves, reads = np.zeros((3, 2)), np.zeros((len(emit), 2, 2))
    em.expect(start, score, link, trans, read, moves, reads, np.empty(longest))
    moves += pseudo_moves
    reads += pseudo_reads
    out = np.zeros(5)
    for i, place in enumerate((0, 1, 4)):
        out[place] = moves[i, 0] - moves[i, 1] * trans[i]
    for i in range(2):
        for j in range(len(emit)):
            out[2 + i] += reads[j, i, 0] - reads[j, i, 1] * read[j, i]
    return out


def _curvature(part: Chain, at: Floats, linked: Floats, pseudo: tuple[Floats, Floats]) -> Floats:
    """Negative Hessian [5, 5] at the fit, by central differences of the gradient."""
    relative = np.concatenate([np.zeros((1, 2)), linked - at[2:4]])
    reads = np.zeros((len(relative), 2, 2))
    reads[0] = pseudo[1][0]
    rows = []
    for i in range(5):
        step = STEP * np.eye(5)[i]
        up, down = (
            _gradient(part.start, part.score, part.link, moved, relative, pseudo[0], reads)
            for moved in (at + step, at - step)
        )
        rows.append((down - up) / (2 * STEP))
    hessian = np.array(rows)
    return (hessian + hessian.T) / 2


def _root(hessian: Floats) -> Floats:
    """A square root of the covariance; directions that the data leave open are held to FLATTEST."""
    values, vectors = np.linalg.eigh(hessian)
    return np.asarray(vectors / np.sqrt(np.maximum(values, FLATTEST**-2)))


# -------------------------------------------------------------------------------------------- how students differ


@njit(cache=True, nogil=True)
def _marginal(start: Ints, score: Floats, link: Ints, emit: Floats, draws: Floats) -> Any:
    """Log-likelihood of the sequences when each is one of the ``draws`` [D, 3] of (prior, learn, forget), equally."""
    total = 0.0
    values = np.empty(len(draws))
    for s in range(len(start) - 1):
        for d in range(len(draws)):
            p, value = draws[d, 0], 0.0
            for t in range(start[s], start[s + 1]):
                known = p * likelihood(1.0 - emit[link[t], 1], score[t])
                evidence = known + (1.0 - p) * likelihood(emit[link[t], 0], score[t])
                value += np.log(evidence)
                m = known / evidence
                p = (m + (1.0 - m) * draws[d, 1]) * (1.0 - draws[d, 2])
            values[d] = value
        peak = values.max()
        total += peak + np.log(np.mean(np.exp(values - peak)))
    return total


def _spread_of_students(parts: Sequence[Chain], params: Floats, emissions: Floats, between: Floats) -> float:
    """The standard deviation of GRID under which the training students are likeliest, each of them a draw."""
    every = -(-sum(len(part.score) for part in parts) // SAMPLE)
    thinned = [_every(part, every) for part in parts]
    centre = logit(params)
    totals = np.zeros(len(GRID))
    for at, sigma in enumerate(GRID):
        draws = probabilities(centre + sigma * _on_students(between), params)[:, :, [PRIOR, LEARN, FORGET]]
        draws = draws[: 1 if sigma == 0.0 else None]
        for k, (part, (start, score, link)) in enumerate(zip(parts, thinned, strict=True)):
            emit = np.concatenate([params[k][None, [GUESS, SLIP]], emissions[part.links]])
            totals[at] += _marginal(start, score, link, emit, np.ascontiguousarray(draws[:, k]))
    return GRID[int(totals.argmax())]


def _every(part: Chain, nth: int) -> tuple[Ints, Floats, Ints]:
    """Every ``nth`` sequence."""
    pairs = list(pairwise(part.start.tolist()))[::nth]
    rows = np.concatenate([np.arange(low, high) for low, high in pairs]) if pairs else np.empty(0, np.int64)
    start = np.cumsum([0, *(high - low for low, high in pairs)]).astype(np.int64)
    return start, part.score[rows], part.link[rows]
