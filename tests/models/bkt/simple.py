"""EM for one skill's chains, as compiled kernels in float64; the equations are those of :mod:`engine.bkt`.

A skill's data are sequences, one a student: ``score[start[s]:start[s+1]]``, each answer read through an emission
``link``. Between two opportunities known' = (e + (1 - e) learn)(1 - forget), with e = P(known | answers so far). Two
steps, so two expected counts: with u = e + (1 - e) learn and m' = P(known' | all answers),

    held     P(known after learning | all)  = m' + (1 - m') u forget / (1 - u (1 - forget))
    m        P(known at the answer | all)   = held e / u        (given held, later answers say nothing more)

so forget has (held - m') of held, learn has held (1 - e) learn / u of what was not known. The M-step is exact, hence
the penalised likelihood never falls (Dempster, Laird & Rubin 1977).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import TINY, likelihood

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

EDGE = 1e-6  # a parameter at 0 or 1 could never move again
LIMIT = 0.98  # guess + slip stays below: else a wrong answer would raise mastery


@njit(cache=True, nogil=True)
def expect(
    start: Ints, score: Floats, link: Ints, trans: Floats, emit: Floats, moves: Floats, reads: Floats, room: Floats
) -> Any:
    """E-step: the log-likelihood of a skill's sequences; fills the expected counts.

    trans (prior, learn, forget); emit [links, 2] guess and slip; moves [3, 2] and reads [links, 2, 2] receive
    (successes, trials) of each; room [longest sequence] is scratch space.
    """
    moves[:] = 0.0
    reads[:] = 0.0
    prior, learn, forget = trans[0], trans[1], trans[2]
    total, product = 0.0, 1.0
    for s in range(len(start) - 1):
        low, high = start[s], start[s + 1]
        p, m = prior, prior
        for t in range(low, high):
            known = p * likelihood(1.0 - emit[link[t], 1], score[t])
            evidence = known + (1.0 - p) * likelihood(emit[link[t], 0], score[t])
            m = known / evidence
            room[t - low] = m
            p = min(max(m + (1.0 - m) * learn, TINY), 1.0 - TINY) * (1.0 - forget)
            product *= evidence
            if product < 1e-200:  # a logarithm a sequence would cost more than all the rest
                total += np.log(product)
                product = 1.0
        for t in range(high - 1, low - 1, -1):
            j = link[t]
            reads[j, 0, 0] += (1.0 - m) * score[t]
            reads[j, 0, 1] += 1.0 - m
            reads[j, 1, 0] += m * (1.0 - score[t])
            reads[j, 1, 1] += m
            if t == low:
                break
            e = room[t - 1 - low]
            u = min(max(e + (1.0 - e) * learn, TINY), 1.0 - TINY)
            held = m + (1.0 - m) * u * forget / (1.0 - u * (1.0 - forget))
            learnt = held * (1.0 - e) * learn / u
            moves[2, 0] += held - m
            moves[2, 1] += held
            moves[1, 0] += learnt
            moves[1, 1] += learnt + 1.0 - held
            m = held * e / u
        moves[0, 0] += m
        moves[0, 1] += 1.0
    return total + np.log(product)


@njit(cache=True, nogil=True)
def _share(counts: Floats, pseudo: Floats, old: float) -> Any:
    trials = counts[1] + pseudo[1]
    if trials <= 0.0:
        return old
    return min(max((counts[0] + pseudo[0]) / trials, EDGE), 1.0 - EDGE)


@njit(cache=True, nogil=True)
def _on_the_limit(guess: Floats, slip: Floats) -> Any:
    """The best guess where guess + slip = LIMIT, from (successes, trials) of each: the derivative falls, so bisect."""
    low, high = EDGE, LIMIT - EDGE
    for _ in range(50):
        g = 0.5 * (low + high)
        s = LIMIT - g
        rises = guess[0] / g - (guess[1] - guess[0]) / (1.0 - g) - slip[0] / s + (slip[1] - slip[0]) / (1.0 - s)
        if rises > 0.0:
            low = g
        else:
            high = g
    return 0.5 * (low + high)


@njit(cache=True, nogil=True)
def maximise(
    trans: Floats, emit: Floats, moves: Floats, reads: Floats, pseudo_moves: Floats, pseudo_reads: Floats, forgets: bool
) -> None:
    """M-step in place, with pseudo-counts (successes, trials) in the shapes of the counts."""
    for i in range(3 if forgets else 2):
        trans[i] = _share(moves[i], pseudo_moves[i], trans[i])
    for j in range(len(emit)):
        guess, slip = reads[j, 0] + pseudo_reads[j, 0], reads[j, 1] + pseudo_reads[j, 1]
        emit[j, 0] = _share(reads[j, 0], pseudo_reads[j, 0], emit[j, 0])
        emit[j, 1] = _share(reads[j, 1], pseudo_reads[j, 1], emit[j, 1])
        if emit[j, 0] + emit[j, 1] > LIMIT:
            emit[j, 0] = _on_the_limit(guess, slip)
            emit[j, 1] = LIMIT - emit[j, 0]


@njit(cache=True, nogil=True)
def _log_prior(value: float, pseudo: Floats) -> Any:
    kept = min(max(value, EDGE), 1.0 - EDGE)
    return pseudo[0] * np.log(kept) + (pseudo[1] - pseudo[0]) * np.log(1.0 - kept)


@njit(cache=True, nogil=True)
def penalty(trans: Floats, emit: Floats, pseudo_moves: Floats, pseudo_reads: Floats, forgets: bool) -> Any:
    """Log density of the Beta priors that the pseudo-counts stand for, up to a constant."""
    total = 0.0
    for i in range(3 if forgets else 2):
        total += _log_prior(trans[i], pseudo_moves[i])
    for j in range(len(emit)):
        total += _log_prior(emit[j, 0], pseudo_reads[j, 0]) + _log_prior(emit[j, 1], pseudo_reads[j, 1])
    return total


@njit(cache=True, nogil=True)
def climb(
    start: Ints,
    score: Floats,
    link: Ints,
    trans: Floats,
    emit: Floats,
    pseudo_moves: Floats,
    pseudo_reads: Floats,
    forgets: bool,
    tolerance: float,
    limit: int,
) -> Any:
    """EM in place until a step brings less than ``tolerance`` nats, ``limit`` steps at most.

    Returns the penalised log-likelihood of the parameters before the last step, and the number of steps.
    """
    longest = 0
    for s in range(len(start) - 1):
        longest = max(longest, start[s + 1] - start[s])
    moves, reads, room = np.zeros((3, 2)), np.zeros((len(emit), 2, 2)), np.empty(longest)
    value, steps = -np.inf, 0
    while steps < limit:
        last = value
        value = expect(start, score, link, trans, emit, moves, reads, room)
        value += penalty(trans, emit, pseudo_moves, pseudo_reads, forgets)
        maximise(trans, emit, moves, reads, pseudo_moves, pseudo_reads, forgets)
        steps += 1
        if value - last < tolerance:
            break
    return value, steps
