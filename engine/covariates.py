"""What a student's past says beside the skills, before each answer: repeats of an item, recent success, time gaps.

Arrays hold the answers of students, each student's in order of time; nothing here reads an answer before it is due.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

RATES = np.array([0.05, 0.15, 0.4])  # of the moving averages: about the last 20, 7 and 3 answers
REPEATS = ("earlier right", "earlier wrong", "seen", "log gap", "square of log gap", "lately right", "lately wrong")
LATELY = 0.3  # rate of the moving averages of right and wrong answers to the item: about the last 3
GAP = 5.0  # a log gap whose square counts as 1
RECENCY = ("recent, slow", "recent", "recent, fast")
SECONDS_FROM, MILLISECONDS_FROM = 1e8, 1e11  # March 1973 in either unit; an order of answers is below


def clock(at: Ints) -> Floats | None:
    """Times [n] in seconds; None where they are a mere order.

    Told by the median: unix milliseconds from 1e11 on, unix seconds from 1e8 on, below that an order.

    >>> clock(np.array([1_700_000_000_000])), clock(np.array([1_700_000_000])), clock(np.array([0, 1, 2]))
    (array([1.7e+09]), array([1.7e+09]), None)
    """
    middle = float(np.median(at)) if len(at) else 0.0
    if middle >= MILLISECONDS_FROM:
        return np.asarray(at / 1000.0)
    return at.astype(np.float64) if middle >= SECONDS_FROM else None


def previous(group: Ints) -> Ints:
    """Position of the entry before this one of the same group, [n]; -1 where there is none.

    >>> previous(np.array([7, 8, 7, 7, 8]))
    array([-1, -1,  0,  2,  1])
    """
    order = np.argsort(group, kind="stable")
    same = group[order][1:] == group[order][:-1]
    found = np.full(len(group), -1, np.int64)
    found[order[1:][same]] = order[:-1][same]
    return found


def log_gaps(before: Ints, seconds: Floats | None, row: Ints) -> Floats:
    """log(1 + gap) since the entry ``before`` [n], 0 where there is none.

    The gap is in seconds; where times are a mere order, in the student's answers in between (``row`` [n] counts them).
    """
    gap = row - row[before] - 1.0 if seconds is None else seconds - seconds[before]
    return np.where(before < 0, 0.0, np.log1p(np.maximum(gap, 0.0)))


def repeats(student: Ints, item: Ints, score: Floats, seconds: Floats | None) -> Floats:
    """Earlier answers of the student to this same item, [n, 7] as in :data:`REPEATS`.

    log(1 + right), log(1 + wrong), whether there was any, log(1 + gap) to the last, that over 5 and squared, moving
    averages of right and of wrong that begin at 0.
    """
    before = previous(student * (item.max(initial=0) + 1) + item)
    right, wrong = sums_before(before, score), sums_before(before, 1.0 - score)
    gap = log_gaps(before, seconds, np.arange(len(before)))
    lately = averages_before(before, score, LATELY), averages_before(before, 1.0 - score, LATELY)
    return np.stack([np.log1p(right), np.log1p(wrong), before >= 0, gap, (gap / GAP) ** 2, *lately], axis=1)


@njit(cache=True)
def averages_before(before: Ints, value: Floats, rate: float) -> Any:
    """Moving average of ``value`` over earlier entries of the same group [n], from 0; see :func:`previous`."""
    averages = np.zeros(len(value))
    for i in range(len(value)):
        if before[i] >= 0:
            averages[i] = averages[before[i]] + rate * (value[before[i]] - averages[before[i]])
    return averages


@njit(cache=True)
def sums_before(before: Ints, value: Floats) -> Any:
    """Sum of ``value`` over all earlier entries of the same group [n]; ``before`` as :func:`previous` gives it."""
    sums = np.zeros(len(value))
    for i in range(len(value)):
        if before[i] >= 0:
            sums[i] = sums[before[i]] + value[before[i]]
    return sums


@njit(cache=True)
def recency(student: Ints, surprise: Floats, rates: Floats) -> Any:
    """Moving averages of ``surprise`` = score - the item's mean, before each answer, [n, rates]; 0 at the first."""
    found = np.zeros((len(student), len(rates)))
    for i in range(1, len(student)):
        if student[i] == student[i - 1]:
            for r in range(len(rates)):
                found[i, r] = found[i - 1, r] + rates[r] * (surprise[i - 1] - found[i - 1, r])
    return found
