"""Two models on the same answers: the difference in log loss, with an interval by bootstrap over students."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.log import Floats, Ints
from models.metrics import losses

RESAMPLES = 1000
INTERVAL = (0.025, 0.975)
_AT_ONCE = 1_000_000  # students drawn in one step: memory


@dataclass(frozen=True)
class Difference:
    """Log loss of one model less another's, nats an answer: above 0, the first is worse. ``low``, ``high``: 95 %."""

    mean: float
    low: float
    high: float
    answers: int
    students: int

    def __str__(self) -> str:
        count = f"{self.answers:,} answers of {self.students:,} students"
        return f"{self.mean:+.4f} nats an answer (95 %: {self.low:+.4f} to {self.high:+.4f}; {count})"


def log_loss_difference(
    score: Floats, first: Floats, second: Floats, student: Ints, *, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """Of predictions [N] of the same answers. Raises ValueError where there are none.

    Students are drawn, not answers: a student's answers are alike, and by answers the interval would be too narrow.
    Both models are judged on the same draw, so that what is hard for both cancels.
    """
    if len(score) == 0:
        raise ValueError("there are no answers to compare two models on")
    present, who = np.unique(student, return_inverse=True)
    n = len(present)
    excess = np.bincount(who, losses(score, first) - losses(score, second), n)
    answers = np.bincount(who, minlength=n).astype(np.float64)
    rng = np.random.default_rng(seed)
    step = max(1, _AT_ONCE // n)
    means = []
    for begin in range(0, resamples, step):
        drawn = rng.integers(0, n, (min(step, resamples - begin), n))
        means.append(excess[drawn].sum(axis=1) / answers[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(means), INTERVAL)
    return Difference(float(excess.sum() / len(score)), float(low), float(high), len(score), n)
