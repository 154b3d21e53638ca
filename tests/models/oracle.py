"""The slow truth: sums over every path that a student's knowledge may take. For sequences of a few answers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from models.log import Floats, ResponseLog

FRAME_COLUMNS = ("student_id", "item_id", "skill_ids", "correct", "timestamp")


def likelihood(params: Floats, scores: Sequence[float], emit: Floats | None = None) -> float:
    """P(scores): the sum over all hidden paths, where the state after learning and after forgetting are both hidden.

    ``emit`` [n, 2]: guess and slip of each answer; the skill's own where not given.
    """
    n = len(scores)
    emit = np.tile(params[[GUESS, SLIP]], (n, 1)) if emit is None else emit
    total = 0.0
    for path in product((0, 1), repeat=2 * n - 1):
        known, learnt = path[0::2], path[1::2]
        p = params[PRIOR] if known[0] else 1 - params[PRIOR]
        for t in range(n):
            right = 1 - emit[t, 1] if known[t] else emit[t, 0]
            p *= right ** scores[t] * (1 - right) ** (1 - scores[t])
            if t + 1 < n:
                p *= _step(known[t], learnt[t], params[LEARN]) * _forget(learnt[t], known[t + 1], params[FORGET])
        total += p
    return float(total)


def p_known(params: Floats, scores: Sequence[float], emit: Floats | None = None) -> float:
    """P(known when the next answer is given | scores), by the likelihood of a next answer that tells the state."""
    n = len(scores)
    emit = np.tile(params[[GUESS, SLIP]], (n, 1)) if emit is None else emit
    tell = np.concatenate([emit, [[0.0, 0.0]]])  # right if known, wrong if not
    return likelihood(params, [*scores, 1.0], tell) / (likelihood(params, scores, emit) if n else 1.0)


def _step(known: int, learnt: int, learn: float) -> float:
    if known:
        return float(learnt)
    return learn if learnt else 1 - learn


def _forget(learnt: int, known: int, forget: float) -> float:
    if not learnt:
        return float(not known)
    return 1 - forget if known else forget


def log_of(rows: Sequence[Sequence[object]]) -> ResponseLog:
    """A log of (student, item, skills, score, time) rows."""
    import pandas as pd

    return ResponseLog.from_frame(pd.DataFrame(rows, columns=list(FRAME_COLUMNS)))


def simulate(params: Floats, students: int, answers: int, seed: int = 0) -> ResponseLog:
    """Answers of students who learn as the equations say; skill k is called ``k``."""
    rng = np.random.default_rng(seed)
    rows = []
    for student in range(students):
        for k, skill in enumerate(params):
            known = rng.random() < skill[PRIOR]
            for turn in range(answers):
                if turn and known and rng.random() < skill[FORGET]:
                    known = False
                right = rng.random() < (1 - skill[SLIP] if known else skill[GUESS])
                rows.append((f"s{student:05}", f"{k}", f"{k}", int(right), turn))
                known = known or rng.random() < skill[LEARN]
    return log_of(rows)
