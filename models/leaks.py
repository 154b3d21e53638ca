"""The leak guard: does a model predict from what it could not know? Every check runs on any model that predicts a log.

A leak makes figures better than the service will ever be. Those met in public code: an answer on several skills that
stands in several rows and tells itself, a feature over all of a student's answers, difficulty that the test students
took part in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.log import Floats, Ints, ResponseLog

Predict = Callable[[ResponseLog], Floats]

NOTHING = 1e-9  # what a prediction may move by rounding
SOME = 8  # students who are predicted alone


@dataclass(frozen=True)
class Check:
    """What was done, and the largest move of a prediction that should not have moved (``at``: its row in the log)."""

    name: str
    moved: float
    at: int

    @property
    def passed(self) -> bool:
        return self.moved <= NOTHING

    def __str__(self) -> str:
        if self.passed:
            return f"ok    {self.name}"
        return f"LEAK  {self.name}: a prediction moves by {self.moved:.2g} (answer {self.at} of the log)"


def guard(predict: Predict, log: ResponseLog, *, seed: int = 0) -> list[Check]:
    """All checks of a fitted model on a log; the same log and seed ask the same. Raises ValueError for an empty log."""
    if len(log) == 0:
        raise ValueError("there are no answers to check a model on")
    rng = np.random.default_rng(seed)
    predicted = predict(log)
    return [
        _one_each(predicted, log),
        _later(predict, predicted, log, rng),
        _own(predict, predicted, log),
        _order(predict, predicted, log, rng),
        _others(predict, predicted, log, rng),
        _alone(predict, predicted, log, rng),
    ]


def _compared(name: str, before: Floats, after: Floats, rows: Ints) -> Check:
    """The largest difference of two predictions of the same answers, which stand in ``rows`` of the log."""
    if len(rows) == 0:
        return Check(name, 0.0, 0)
    moved = np.abs(before - after)
    moved[np.isnan(moved)] = np.inf
    return Check(name, float(moved.max()), int(rows[moved.argmax()]))


def _one_each(predicted: Floats, log: ResponseLog) -> Check:
    """An answer on several skills is one answer: a probability for each, and no more."""
    name = "every answer has one prediction, on several skills too, and it is a probability"
    if predicted.shape != (len(log),):
        return Check(name, float("inf"), 0)
    outside = np.maximum(np.maximum(-predicted, predicted - 1), np.where(np.isfinite(predicted), 0, np.inf))
    return Check(name, float(max(0.0, np.nan_to_num(outside, nan=np.inf).max())), int(np.nan_to_num(outside).argmax()))


def _place(log: ResponseLog) -> Ints:
    """How many answers each student gave before each answer [N]."""
    return np.arange(len(log)) - log.bounds[log.student]


def _later(predict: Predict, predicted: Floats, log: ResponseLog, rng: np.random.Generator) -> Check:
    """From some answer of each student on, all scores are flipped."""
    cut = rng.integers(0, np.diff(log.bounds))[log.student]
    flipped = replace(log, score=np.where(_place(log) >= cut, 1.0 - log.score, log.score))
    rows = np.flatnonzero(_place(log) <= cut)
    name = "flipping an answer and all later ones moves no prediction up to it"
    return _compared(name, predicted[rows], predict(flipped)[rows], rows)


def _own(predict: Predict, predicted: Floats, log: ResponseLog) -> Check:
    """All of a student's last answers may as well not have been given: what was asked is known, not how it went."""
    last = log.bounds[1:] - 1
    score = log.score.copy()
    score[last] = 1.0 - score[last]
    return _compared(
        "no answer tells its own prediction", predicted[last], predict(replace(log, score=score))[last], last
    )


def _order(predict: Predict, predicted: Floats, log: ResponseLog, rng: np.random.Generator) -> Check:
    """The students stand in another order, under other names."""
    order = rng.permutation(len(log.students))  # the new place of each
    rows = np.concatenate([np.arange(log.bounds[s], log.bounds[s + 1]) for s in np.argsort(order)])
    columns = {name: getattr(log, name)[rows] for name in ("tag", "score", "item", "at")}
    names = tuple(f"{place:09}" for place in range(len(order)))
    moved = replace(log, students=names, student=order[log.student[rows]], **columns)
    name = "another order of the students, under other names, moves nothing"
    return _compared(name, predicted[rows], predict(moved), rows)


def _others(predict: Predict, predicted: Floats, log: ResponseLog, rng: np.random.Generator) -> Check:
    """Half of the students answer the other way round: difficulty must not be learnt from those who are predicted."""
    kept = rng.permutation(len(log.students)) < (len(log.students) + 1) // 2
    flipped = replace(log, score=np.where(kept[log.student], log.score, 1.0 - log.score))
    rows = np.flatnonzero(kept[log.student])
    name = "other students' answers move nothing"
    return _compared(name, predicted[rows], predict(flipped)[rows], rows)


def _alone(predict: Predict, predicted: Floats, log: ResponseLog, rng: np.random.Generator) -> Check:
    """As in service, where one student is all that is seen."""
    before, after, rows = [], [], []
    for student in rng.permutation(len(log.students))[:SOME].tolist():
        mask = np.zeros(len(log.students), bool)
        mask[student] = True
        mine = np.arange(log.bounds[student], log.bounds[student + 1])
        before.append(predicted[mine])
        after.append(predict(log.select(mask)))
        rows.append(mine)
    name = "a student is predicted alone as among the others"
    return _compared(name, *map(np.concatenate, (before, after, rows)))
