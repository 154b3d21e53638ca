"""Judging a model: pooled over all test answers, each predicted by the served equations before it is learnt from.

Nothing of a test student is used in training; their own earlier answers are used in predicting the next, as in
service. Skills and combinations that the model has not seen back off as they do in service.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from engine.bundle import AnyModel
from models import metrics
from models.folding import fold
from models.log import DataError, Floats, Mask, ResponseLog
from models.trainers import ATTACHED, fit

logger = logging.getLogger(__name__)

MODELS = ("bkt", "mastery", "predictor")
EARLY = 5  # the cold start: a student's first answers


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model on one set of answers. NaN (null in JSON) where there is nothing to measure.

    auc_interval     95 %, by bootstrap over students
    ece              expected calibration error, 15 equal-width bins
    auc_early        over each student's first five answers
    auc_unseen       over answers to items that no training student answered; NaN without a training set
    fit_seconds, train_answers, train_students   0 for a model that was given
    """

    model: str
    auc: float
    auc_interval: tuple[float, float]
    rmse: float
    log_loss: float
    accuracy: float
    ece: float
    answers: int
    students: int
    auc_early: float
    auc_unseen: float = math.nan
    unseen_answers: int = 0
    fit_seconds: float = 0.0
    train_answers: int = 0
    train_students: int = 0

    def to_json(self) -> str:
        """One JSON object; null for NaN."""
        plain = {name: _finite(value) for name, value in asdict(self).items()}
        return json.dumps(plain, ensure_ascii=False)


def predict(model: AnyModel, log: ResponseLog) -> Floats:
    """P(correct) of every answer of the log before it is learnt from, [N], by the served equations."""
    return fold(model, log).predicted


def predictions(model: AnyModel) -> dict[str, Callable[[ResponseLog], Floats]]:
    """What predicts in a model: itself, by its kind, and the response predictor that is attached to it."""
    found: dict[str, Callable[[ResponseLog], Floats]] = {model.KIND: partial(predict, model)}
    if ATTACHED in model.attachments:
        from models import predictor

        found[ATTACHED] = partial(predictor.predict, predictor.of(model))
    return found


def judge(model: AnyModel, log: ResponseLog) -> Evaluation:
    """Figures of a given model on a log; any model will do, :func:`engine.model.builtin` too."""
    return figures(model.version, log, predict(model, log))


def evaluate(
    log: ResponseLog,
    split: Mapping[str, str],
    test_values: str | Iterable[str],
    *,
    model: str = "bkt",
    trainer: str = "em",
    seed: int = 0,
) -> Evaluation:
    """Fit on the students whose value in ``split`` is not a test value, judge on the others.

    ``model`` is "bkt", by the ``trainer`` named, "mastery" or "predictor" (:mod:`models.mastery`,
    :mod:`models.predictor`, which have their own). Raises :class:`DataError` for a split that does not fit the data,
    ValueError for an unknown model or trainer.
    """
    if model not in MODELS:
        raise ValueError(f"unknown model {model!r}; known: {', '.join(map(repr, MODELS))}")
    train, test = log.split(held_out(log, split, test_values))
    began = time.perf_counter()
    if model == "predictor":
        predictor = _predictor(train, seed)
    else:
        predictor = partial(predict, fit(train, trainer if model == "bkt" else model, seed))
    seconds = time.perf_counter() - began
    predicted = predictor(test)
    unseen = ~np.isin(np.array(test.items, dtype=object), np.array(train.items, dtype=object))[test.item]
    return replace(
        figures(f"{model}/{trainer}" if model == "bkt" else model, test, predicted),
        auc_unseen=metrics.auc(test.score[unseen], predicted[unseen]),
        unseen_answers=int(unseen.sum()),
        fit_seconds=seconds,
        train_answers=len(train),
        train_students=len(train.students),
    )


def held_out(log: ResponseLog, split: Mapping[str, str], test_values: str | Iterable[str]) -> Mask:
    """Which students of the log the split puts in the test set, [S]. Raises :class:`DataError`."""
    wanted = {_value(v) for v in ([test_values] if isinstance(test_values, str) else test_values)}
    values = {student: _value(value) for student, value in split.items()}
    missing = [student for student in log.students if student not in values]
    if missing:
        some = ", ".join(map(repr, missing[:3]))
        raise DataError(
            f"the split lacks {len(missing)} of {len(log.students)} students of the data, among them {some}: "
            f"give every student a row"
        )
    known = sorted(set(values.values()))
    if unknown := sorted(wanted - set(known)):
        raise DataError(f"no student of the split has the test value {unknown[0]!r}; its values are {known[:10]}")
    test = np.array([values[student] in wanted for student in log.students])
    if not test.any() or test.all():
        which = "test" if not test.any() else "training"
        raise DataError(f"the split leaves no {which} student among the {len(test)} of the data")
    return test


def read_split(path: str | Path, column: str | None = None) -> dict[str, str]:
    """Each student's value in a CSV with ``student_id`` and one more column (``column`` says which of several)."""
    from models.readers import read_text
    from models.tables import normal_ids

    table = read_text(Path(path))
    others = [str(name) for name in table.columns if name != "student_id"]
    if "student_id" not in table or not others:
        raise DataError(f"{path}: a split has the columns 'student_id' and one more; found {list(table.columns)}")
    if column is None and len(others) > 1:
        raise DataError(f"{path}: several columns may hold the split, {others}: name one")
    column = column or others[0]
    if column not in others:
        raise DataError(f"{path}: no column {column!r}; found {others}")
    if table[["student_id", column]].isna().to_numpy().any():
        row = int(np.flatnonzero(table[["student_id", column]].isna().to_numpy().any(axis=1))[0]) + 1
        raise DataError(f"{path}, row {row}: a cell is empty; every student needs a value")
    students = normal_ids(table["student_id"].tolist())
    split: dict[str, str] = {}
    for row, (student, value) in enumerate(zip(students, map(str, table[column]), strict=True), 1):
        if split.setdefault(student, value) != value:
            raise DataError(f"{path}, row {row}: student {student!r} has {split[student]!r} and {value!r}: keep one")
    return split


def holdout(log: ResponseLog, share: float = 0.2, seed: int = 0) -> tuple[ResponseLog, ResponseLog]:
    """``(train, test)``: a share of the students, drawn by the seed, is held out; at least one on either side."""
    n = len(log.students)
    if n < 2:
        raise DataError(f"the data hold {n} student: at least 2 are needed to learn from one and judge on the other")
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; it must lie between 0 and 1")
    chosen = np.random.default_rng(seed).permutation(n)[: min(n - 1, max(1, round(n * share)))]
    mask = np.zeros(n, bool)
    mask[chosen] = True
    return log.split(mask)


def _predictor(log: ResponseLog, seed: int) -> Callable[[ResponseLog], Floats]:
    from models.predictor import predict
    from models.predictor.fit import fit

    return partial(predict, fit(log, seed=seed))


def figures(name: str, log: ResponseLog, predicted: Floats) -> Evaluation:
    """Figures of predictions [N] of a log, under a name."""
    early = np.arange(len(log)) - log.bounds[log.student] < EARLY
    return Evaluation(
        model=name,
        auc=metrics.auc(log.score, predicted),
        auc_interval=metrics.auc_interval(log.score, predicted, log.student),
        rmse=metrics.rmse(log.score, predicted),
        log_loss=metrics.log_loss(log.score, predicted),
        accuracy=metrics.accuracy(log.score, predicted),
        ece=metrics.ece(log.score, predicted),
        answers=len(log),
        students=len(log.students),
        auc_early=metrics.auc(log.score[early], predicted[early]),
    )


def _value(value: object) -> str:
    text = str(value).strip()
    return text[:-2] if text.endswith(".0") and text[:-2].lstrip("-").isdigit() else text


def _finite(value: object) -> object:
    if isinstance(value, tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
