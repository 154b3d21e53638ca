"""What the bench of fits judges by, independent of every trainer: exact log-likelihoods, and a reference climb.

Parameters are prior, learns, forgets, guess, slip, with learning or forgetting in one step, as pyBKT means them. Equal
sequences of answers are kept once, with their number.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EDGE = 1e-9
ROOM = 0.98  # the reference keeps guess + slip below, as our trainer does: else a wrong answer would raise mastery
MASTERED = 0.95
QUIET = 3  # cycles without gain before the reference stops


@dataclass(frozen=True)
class Strings:
    """A skill's distinct sequences ``right[start[s]:start[s+1]]``, each given by ``weight[s]`` students."""

    start: Ints
    right: Floats
    weight: Floats


def strings(frame: pd.DataFrame) -> dict[str, Strings]:
    """Every skill's sequences, from a frame in order of time."""
    skills, names = pd.factorize(frame["skill_ids"])
    order = np.lexsort((frame["student_id"].to_numpy(), skills))  # stable: time stays in order
    skill, student = skills[order], frame["student_id"].to_numpy()[order]
    right = frame["correct"].to_numpy()[order].astype(np.int8)
    change = np.flatnonzero((np.diff(skill) != 0) | (np.diff(student) != 0)) + 1
    found: list[Counter[bytes]] = [Counter() for _ in names]
    for low, high in pairwise([0, *change.tolist(), len(right)]):
        found[skill[low]][right[low:high].tobytes()] += 1
    return {str(name): _packed(counts) for name, counts in zip(names, found, strict=True)}


def _packed(counts: Counter[bytes]) -> Strings:
    start = np.cumsum([0, *map(len, counts)]).astype(np.int64)
    right = np.frombuffer(b"".join(counts), np.int8).astype(np.float64)
    return Strings(start, right, np.array(list(counts.values()), np.float64))


def log_likelihood(of: Strings, params: Floats) -> float:
    """Exact, in float64; NaN for parameters that are NaN."""
    return float(_forward(of.start, of.right, of.weight, _inner(params), np.empty(len(of.weight))))


def mastered(of: Strings, params: Floats) -> npt.NDArray[np.bool_]:
    """Which sequences end with P(known) >= .95."""
    last = np.empty(len(of.weight))
    _forward(of.start, of.right, of.weight, _inner(params), last)
    return last >= MASTERED


def _inner(params: Floats) -> Floats:
    return np.clip(params, 1e-12, 1 - 1e-12)


def best_of(found: dict[str, Strings], starts: int, threads: int = 2) -> dict[str, float]:
    """The best log-likelihood of plain BKT that ``starts`` random starts lead to, for every skill."""
    with ThreadPoolExecutor(threads) as pool:
        values = pool.map(lambda k: _best(found[k[1]], starts, k[0]), enumerate(found))
        return dict(zip(found, values, strict=True))


def _best(of: Strings, starts: int, seed: int) -> float:
    rng, best = np.random.default_rng(seed), -np.inf
    for _ in range(starts):
        theta = rng.uniform([0.02, 0.005, 0.01, 0.01], [0.98, 0.6, 0.6, 0.6])
        theta[2:] *= min(1.0, 0.95 / theta[2:].sum())
        best = max(best, _climb(of.start, of.right, of.weight, theta, 1e-6, 5_000))
    return best


@njit(cache=True, nogil=True)
def _forward(start: Ints, right: Floats, weight: Floats, params: Floats, last: Floats) -> Any:
    """Log-likelihood; ``last`` receives P(known) after each sequence."""
    prior, learns, forgets, guess, slip = params
    total = 0.0
    for s in range(len(weight)):
        p, of_sequence = prior, 0.0
        for t in range(start[s], start[s + 1]):
            known = p * (1.0 - slip if right[t] > 0.0 else slip)
            evidence = known + (1.0 - p) * (guess if right[t] > 0.0 else 1.0 - guess)
            of_sequence += np.log(evidence)
            e = known / evidence
            p = e * (1.0 - forgets) + (1.0 - e) * learns
        total += weight[s] * of_sequence
        last[s] = p
    return total


@njit(cache=True, nogil=True)
def _step(start: Ints, right: Floats, weight: Floats, theta: Floats, new: Floats, room: Floats) -> Any:
    """One EM step of plain BKT from ``theta`` (prior, learn, guess, slip) to ``new``; theta's log-likelihood."""
    prior, learn, guess, slip = theta
    counts = np.zeros((4, 2))  # successes, trials
    total = 0.0
    for s in range(len(weight)):
        low, high, w = start[s], start[s + 1], weight[s]
        p, m, of_sequence = prior, prior, 0.0
        for t in range(low, high):
            known = p * (1.0 - slip if right[t] > 0.0 else slip)
            evidence = known + (1.0 - p) * (guess if right[t] > 0.0 else 1.0 - guess)
            of_sequence += np.log(evidence)
            m = known / evidence
            room[t - low] = m
            p = m + (1.0 - m) * learn
        total += w * of_sequence
        for t in range(high - 1, low - 1, -1):
            if t < high - 1:
                e = room[t - low]
                u = e + (1.0 - e) * learn
                learnt = (1.0 - e) * learn * m / u
                counts[1, 0] += w * learnt
                counts[1, 1] += w * (learnt + 1.0 - m)
                m = e * m / u
            counts[2, 0] += w * (1.0 - m) * right[t]
            counts[2, 1] += w * (1.0 - m)
            counts[3, 0] += w * m * (1.0 - right[t])
            counts[3, 1] += w * m
        counts[0, 0] += w * m
        counts[0, 1] += w
    for i in range(4):
        new[i] = theta[i] if counts[i, 1] <= 0.0 else min(max(counts[i, 0] / counts[i, 1], EDGE), 1.0 - EDGE)
    if new[2] + new[3] > ROOM:
        _on_the_edge(new, counts)
    return total


@njit(cache=True, nogil=True)
def _on_the_edge(new: Floats, counts: Floats) -> None:
    """The best guess and slip that make ROOM together: the derivative falls along that line."""
    low, high = EDGE, ROOM - EDGE
    for _ in range(60):
        g = 0.5 * (low + high)
        s = ROOM - g
        rise = counts[2, 0] / g - (counts[2, 1] - counts[2, 0]) / (1.0 - g)
        if rise > counts[3, 0] / s - (counts[3, 1] - counts[3, 0]) / (1.0 - s):
            low = g
        else:
            high = g
    new[2] = 0.5 * (low + high)
    new[3] = ROOM - new[2]


@njit(cache=True, nogil=True)
def _climb(start: Ints, right: Floats, weight: Floats, theta: Floats, tolerance: float, limit: int) -> Any:
    """EM in cycles of two steps and a leap along them (SQUAREM, Varadhan & Roland 2008), kept where it gains."""
    longest = 0
    for s in range(len(weight)):
        longest = max(longest, start[s + 1] - start[s])
    room = np.empty(longest)
    here, first, second, leap, after = theta.copy(), np.empty(4), np.empty(4), np.empty(4), np.empty(4)
    last, quiet, best = -np.inf, 0, -np.inf
    for _ in range(limit):
        value = _step(start, right, weight, here, first, room)
        best = max(best, value)
        quiet = quiet + 1 if value - last < tolerance else 0
        if quiet >= QUIET:
            break
        last = value
        reached = _step(start, right, weight, first, second, room)
        _leap(here, first, second, leap)
        here[:] = second
        if leap[2] + leap[3] < ROOM and _step(start, right, weight, leap, after, room) >= reached:
            here[:] = after
    return best


@njit(cache=True, nogil=True)
def _leap(here: Floats, first: Floats, second: Floats, leap: Floats) -> None:
    """Extrapolate on the logit scale."""
    a, b, c = np.log(here / (1.0 - here)), np.log(first / (1.0 - first)), np.log(second / (1.0 - second))
    bend = (c - b) - (b - a)
    long, wide = np.sqrt(np.sum((b - a) ** 2)), np.sqrt(np.sum(bend**2))
    size = max(1.0, long / wide) if wide > 0.0 else 1.0
    reached = a + 2.0 * size * (b - a) + size**2 * bend
    leap[:] = np.minimum(np.maximum(1.0 / (1.0 + np.exp(-reached)), EDGE), 1.0 - EDGE)
