"""How good predictions of P(correct) are: figures over all answers, and intervals over students.

A score s between 0 and 1 counts as s of a right answer and 1 - s of a wrong one; for right and wrong alone every
figure is the usual one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BINS = 15  # as Guo et al. 2017
CLIP = 1e-12


class Bin(NamedTuple):
    """Answers whose P(correct) fell in ``low..high``: how many, the mean predicted, the share right."""

    low: float
    high: float
    answers: int
    predicted: float
    observed: float


@njit(cache=True, nogil=True)
def _auc(order: Ints, tied: npt.NDArray[np.bool_], score: Floats, who: Ints, weight: Floats) -> Any:
    """Rank AUC in one pass; ``order`` sorts the predictions, ``tied`` says that one equals the one before it."""
    below, rights, wrongs, pairs = 0.0, 0.0, 0.0, 0.0
    right = wrong = 0.0
    for i in range(len(order)):
        row = order[i]
        if not tied[i]:
            pairs += right * (below + 0.5 * wrong)
            below += wrong
            rights += right
            wrongs += wrong
            right = wrong = 0.0
        w = weight[who[row]]
        right += w * score[row]
        wrong += w * (1.0 - score[row])
    pairs += right * (below + 0.5 * wrong)
    rights, wrongs = rights + right, wrongs + wrong
    return pairs / (rights * wrongs) if rights > 0.0 and wrongs > 0.0 else np.nan


def auc(score: Floats, predicted: Floats) -> float:
    """Area under the ROC curve, ties counted half; NaN where all answers are right or all are wrong.

    >>> auc(np.array([0.0, 1.0, 1.0]), np.array([0.2, 0.2, 0.9]))
    0.75
    """
    order, tied = _ranked(predicted)
    return float(_auc(order, tied, score, np.zeros(len(score), np.int64), np.ones(1)))


def auc_interval(
    score: Floats, predicted: Floats, student: Ints, share: float = 0.95, resamples: int = 300, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap over students (an answer is not independent of the student's others); NaN where none is."""
    order, tied = _ranked(predicted)
    present, who = np.unique(student, return_inverse=True)
    if len(present) == 0:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    drawn = (np.bincount(rng.integers(0, len(present), len(present)), minlength=len(present)) for _ in range(resamples))
    values = np.array([_auc(order, tied, score, who, counts.astype(np.float64)) for counts in drawn])
    values = values[np.isfinite(values)]  # a resample of few students may be all right
    if len(values) == 0:
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def rmse(score: Floats, predicted: Floats) -> float:
    """Root mean squared error."""
    return float(np.sqrt(np.mean((score - predicted) ** 2)))


def log_loss(score: Floats, predicted: Floats) -> float:
    """Mean negative log-likelihood, in nats an answer."""
    return float(np.mean(losses(score, predicted)))


def losses(score: Floats, predicted: Floats) -> Floats:
    """Negative log-likelihood of each answer [N], in nats."""
    p = np.clip(predicted, CLIP, 1 - CLIP)
    return np.asarray(-(score * np.log(p) + (1 - score) * np.log(1 - p)))


def accuracy(score: Floats, predicted: Floats) -> float:
    """Share of answers on whose side of 1/2 the prediction fell."""
    return float(np.mean((score >= 0.5) == (predicted >= 0.5)))


def calibration(score: Floats, predicted: Floats, bins: int = BINS) -> list[Bin]:
    """Equal-width bins of P(correct) that hold any answer."""
    place = np.minimum((predicted * bins).astype(np.int64), bins - 1)
    answers = np.bincount(place, minlength=bins)
    expected, observed = (np.bincount(place, values, bins) for values in (predicted, score))
    return [
        Bin(b / bins, (b + 1) / bins, int(answers[b]), float(expected[b] / answers[b]), float(observed[b] / answers[b]))
        for b in np.flatnonzero(answers).tolist()
    ]


def ece(score: Floats, predicted: Floats, bins: int = BINS) -> float:
    """Expected calibration error: mean distance of predicted and observed over equal-width bins, by answers."""
    table = calibration(score, predicted, bins)
    return sum(row.answers * abs(row.predicted - row.observed) for row in table) / max(1, len(score))


def _ranked(predicted: Floats) -> tuple[Ints, npt.NDArray[np.bool_]]:
    order = np.argsort(predicted)
    ordered = predicted[order]
    return order, np.concatenate([[False], ordered[1:] == ordered[:-1]])[: len(order)]
