"""Running figures of a student's past: as a whole, on each skill, on each item. Compiled; a row each.

A figure is of the answers so far: :func:`add` counts one in, :func:`figures` reads a row before an answer to come.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from engine.covariates import LATELY
from models.log import Floats

RATES = np.array([0.03, 0.1, 0.3])  # of the moving averages: about the last 33, 10 and 3 answers
LAST = 4  # results that are kept one by one
SPANS = np.array([120.0, 1800.0, 86400.0, 604800.0])  # seconds over which an answer fades to 1/e
HELD, FADED, USUAL = 2.0, 0.3, 0.7  # a share right starts from HELD answers, a faded one from FADED, at USUAL
SHRUNK = 3.0  # answers without surprise that a mean surprise starts from

COUNT, RIGHT, TIME, PLACE, STREAK, SURPRISE = range(6)  # columns of a row; then
AVERAGE = 6  # moving averages of the surprise, score - P(correct), at RATES; then
RESULT = AVERAGE + len(RATES)  # the last LAST scores, newest first; then
LATELY_RIGHT, LATELY_WRONG = RESULT + LAST, RESULT + LAST + 1  # as engine.covariates has it; then
FIRST, GAP_BEFORE = RESULT + LAST + 2, RESULT + LAST + 3  # time of the first, log gap that led to the last; then
FADING = RESULT + LAST + 4  # answers and right answers at SPANS, as faded at TIME
COLUMNS = FADING + 2 * len(SPANS)

FIGURES = (
    *("answers", "share right", "log gap", "log answers since", "streak", "mean surprise"),
    *("surprise, slow", "surprise", "surprise, fast"),
    *(f"result {at + 1}" for at in range(LAST)),
    *("log time since the first", "log gap before the last", "right lately", "wrong lately"),
    *(f"{what} lately, over {span:g} s" for span in SPANS for what in ("answers", "share right")),
)
N = len(FIGURES)


@njit(cache=True, nogil=True, error_model="numpy")
def clear(row: Floats) -> None:
    """Forget everything."""
    row[:] = 0.0
    row[RESULT:LATELY_RIGHT] = np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _left(row: Floats, now: float, at: int) -> Any:
    """What time has left of faded counts."""
    return np.exp(-max(now - row[TIME], 0.0) / SPANS[at])


@njit(cache=True, nogil=True, error_model="numpy")
def figures(row: Floats, now: float, place: float, found: Floats) -> None:
    """Fill ``found`` [N] as :data:`FIGURES`; missing is NaN. ``place`` counts the student's answers so far."""
    n = row[COUNT]
    found[0] = n
    found[1] = (row[RIGHT] + HELD * USUAL) / (n + HELD)
    found[2] = np.log1p(max(now - row[TIME], 0.0)) if n > 0 else np.nan
    found[3] = np.log1p(place - row[PLACE] - 1.0) if n > 0 else np.nan
    found[4] = row[STREAK]
    found[5] = row[SURPRISE] / (n + SHRUNK)
    found[AVERAGE:LATELY_RIGHT] = row[AVERAGE:LATELY_RIGHT]
    found[LATELY_RIGHT] = np.log1p(max(now - row[FIRST], 0.0)) if n > 1 else np.nan
    found[LATELY_RIGHT + 1] = row[GAP_BEFORE] if n > 1 else np.nan
    found[LATELY_RIGHT + 2], found[LATELY_RIGHT + 3] = row[LATELY_RIGHT], row[LATELY_WRONG]
    for at in range(len(SPANS)):
        left, place_of = _left(row, now, at), FADING + 2 * at
        answers, right = row[place_of] * left, row[place_of + 1] * left
        found[place_of] = answers
        found[place_of + 1] = (right + FADED * USUAL) / (answers + FADED)


@njit(cache=True, nogil=True, error_model="numpy")
def add(row: Floats, score: float, surprise: float, now: float, place: float) -> None:
    """Count in an answer that came."""
    for at in range(len(SPANS)):
        left, place_of = _left(row, now, at), FADING + 2 * at
        row[place_of] = row[place_of] * left + 1.0
        row[place_of + 1] = row[place_of + 1] * left + score
    if row[COUNT] == 0.0:
        row[FIRST] = now
    else:
        row[GAP_BEFORE] = np.log1p(max(now - row[TIME], 0.0))
    row[COUNT] += 1.0
    row[RIGHT] += score
    row[TIME] = now
    row[PLACE] = place
    row[STREAK] = max(row[STREAK], 0.0) + 1.0 if score >= 0.5 else min(row[STREAK], 0.0) - 1.0
    row[SURPRISE] += surprise
    for r in range(len(RATES)):
        row[AVERAGE + r] += RATES[r] * (surprise - row[AVERAGE + r])
    row[LATELY_RIGHT] += LATELY * (score - row[LATELY_RIGHT])
    row[LATELY_WRONG] += LATELY * (1.0 - score - row[LATELY_WRONG])
    for at in range(LAST - 1, 0, -1):
        row[RESULT + at] = row[RESULT + at - 1]
    row[RESULT] = score
