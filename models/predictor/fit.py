"""Fitting: the mastery model, then boosted trees on features that were worked out of fold over students.

For each fold of the students, the mastery model, the memory of items and the habits come from the other folds alone: no
training answer has part in its own features. At the end all three come from all students; of a very large log, all but
the mastery model come from some students alone (MOST).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from engine.mastery_model import MasteryModel, sigmoid
from models import mastery, metrics
from models.fanout import Progress, cores
from models.log import DataError, Floats, Ints, Mask, ResponseLog
from models.predictor.facts import Names
from models.predictor.habits import NONE, Habits, learn
from models.predictor.history import FEATURES, MEMORY
from models.predictor.memory import by_item, items_recur
from models.predictor.predictor import Predictor, calibrated, features
from models.predictor.trees import Trees, exported

FOLDS = 5
MOST = 2_000_000  # answers that trees, memory and habits learn from: the features of each take 800 bytes
BAGS = 2  # classifiers, whose logits are averaged
BOOSTING: dict[str, Any] = {
    "learning_rate": 0.08,
    "max_iter": 150,
    "max_leaf_nodes": 24,
    "min_samples_leaf": 100,
    "max_features": 0.3,
    "l2_regularization": 20.0,
    "early_stopping": False,
}
RISING = FEATURES[0]  # P(correct) never falls as the mastery model's rises
STEPS = FOLDS + 2  # of progress
UNCHANGED = np.array([1.0, 0.0])  # by calibration: slopes on the logits of the trees, of the mastery model
GAIN = 1e-4  # nats an answer that calibration must bring on held-out students


def fit(log: ResponseLog, *, seed: int = 0, progress: Progress | None = None, jobs: int | None = None) -> Predictor:
    """The predictor of the log's answers; the same log and seed give the same, on any ``jobs`` (default: the cores).

    ``progress(done, total, text)`` is called after each stage. Raises :class:`DataError` where nothing can be
    learnt.
    """
    if len(log.students) < 2 or not 0 < log.score.mean() < 1:
        raise DataError("a predictor needs right and wrong answers, of two students at the least")
    jobs = jobs or cores()
    tell = _stages(progress)
    parameters = mastery.fit(log, seed=seed, jobs=jobs)
    tell("mastery model")
    counts = {"answers": len(log), "students": len(log.students), "data_digest": log.digest}
    log = _some(log, seed)
    fold = folds(log, seed)
    recur, names = items_recur(log), Names.of(log)
    x = _out_of_fold(log, parameters, recur, fold, jobs, tell)
    memory = _memory(parameters, log, recur, jobs)
    habits = _habits(parameters, names, log)
    trees, calibration = _grown(x if memory else x[:, :MEMORY], log, fold, seed, jobs)  # none: nothing to draw from
    tell("trees")
    grown = {"grown_on": len(log), "folds": int(fold.max()) + 1, "boosting": BOOSTING | {"bags": BAGS}}
    about = {"trainer": "predictor", "seed": seed, **counts, **grown}
    return Predictor(parameters, memory, names, habits, trees, calibration, about)


def _some(log: ResponseLog, seed: int) -> ResponseLog:
    """The answers of as many students, drawn by the seed, as have MOST of them; all where there are no more."""
    if len(log) <= MOST:
        return log
    drawn = np.random.default_rng([seed, 2]).permutation(len(log.students))
    enough = np.searchsorted(np.cumsum(np.bincount(log.student)[drawn]), MOST)
    return log.select(np.isin(np.arange(len(drawn)), drawn[: max(2, int(enough))]))


def folds(log: ResponseLog, seed: int) -> Ints:
    """The fold of each student [S]: as many answers in each, about, and no more folds than students."""
    count = min(FOLDS, len(log.students))
    drawn = np.random.default_rng(seed).permutation(len(log.students))
    found = np.empty(len(drawn), np.int64)
    found[drawn] = np.arange(len(drawn)) % count
    return found


def _out_of_fold(
    log: ResponseLog, parameters: MasteryModel, recur: bool, fold: Ints, jobs: int, tell: Callable[[str], None]
) -> Floats:
    """Features [N, FEATURES] of each fold by what the others teach."""
    x = np.empty((len(log), len(FEATURES)))
    for at in range(int(fold.max()) + 1):
        others, own = log.split(fold == at)
        taught, names = mastery.refit(others, parameters, jobs=jobs), Names.of(others)
        memory, habits = _memory(parameters, others, recur, jobs), _habits(taught, names, others)
        x[(fold == at)[log.student]] = features(taught, memory, names, habits, own)[0]
        tell(f"fold {at + 1}")
    return x


def _memory(start: MasteryModel, log: ResponseLog, recur: bool, jobs: int) -> MasteryModel | None:
    """The model of items as skills, its climb begun at the population of the mastery model: after its 20 steps held-out
    students gain nothing from more."""
    return mastery.refit(by_item(log), start, jobs=jobs) if recur else None


def _habits(parameters: MasteryModel, names: Names, log: ResponseLog) -> Habits:
    """The habits of the students that the parameters come from. A fold's own scores touch neither."""
    x, keys = features(parameters, None, names, NONE, log)
    return learn(keys, log.score, sigmoid(x[:, 0]))


def _grown(x: Floats, log: ResponseLog, fold: Ints, seed: int, jobs: int) -> tuple[Trees, Floats]:
    """Trees on features [N, FEATURES], and the calibration of their logits.

    One more classifier is grown on all folds but the last, whose students say whether to calibrate, and how.
    """
    held = (fold == fold.max())[log.student]
    both = len(set((log.score[~held] >= 0.5).tolist())) == 2
    with ThreadPoolExecutor(min(jobs, BAGS + 1)) as pool:
        tried = pool.submit(_boost, x[~held], log.score[~held], seed) if both else None
        trees = exported(list(pool.map(lambda bag: _boost(x, log.score, seed + bag), range(BAGS))))
        calibration = _calibration(exported([tried.result()]), x, log, held) if tried else UNCHANGED
    return trees, calibration


def _boost(x: Floats, score: Floats, seed: int) -> Any:
    """A classifier on features [n, FEATURES]. A score between right and wrong is some of either.

    On one thread: scikit-learn's own threads wait for each other by spinning, which took 5 times as long where another
    process wanted a core.
    """
    between = (score > 0) & (score < 1)
    rows = np.concatenate([np.arange(len(score)), np.flatnonzero(between)])
    right = np.concatenate([np.where(between, 1.0, score), np.zeros(int(between.sum()))])
    weight = np.where(between[rows], np.where(right > 0, score[rows], 1 - score[rows]), 1.0) if between.any() else None
    rising = [1 if name == RISING else 0 for name in FEATURES[: x.shape[1]]]
    with threadpool_limits(1):
        grown = HistGradientBoostingClassifier(**BOOSTING, monotonic_cst=rising, random_state=seed)
        return grown.fit(x[rows] if between.any() else x, right, sample_weight=weight)


def _calibration(tried: Trees, x: Floats, log: ResponseLog, held: Mask) -> Floats:
    """Slopes, as of Platt (1999), where they bring something on students that they were not fitted to.

    No intercept: of a hundred students it is chance (calibration error on LKT, held out: .018 before, .020 with one).

    ``tried`` were grown without the answers ``held`` [N]; the line is fitted to half of those students, tried on the
    rest.
    """
    trees, mastery, score = tried.logits(x[held]), x[held, 0], log.score[held]
    _, student = np.unique(log.student[held], return_inverse=True)
    gains = []
    for half in (student % 2 == 0, student % 2 == 1):
        if half.all() or not half.any():
            return UNCHANGED
        line = _platt(trees[half], mastery[half], score[half])
        losses = [
            metrics.log_loss(score[~half], calibrated(at, trees[~half], mastery[~half])) for at in (UNCHANGED, line)
        ]
        gains.append((losses[0] - losses[1]) * float((~half).mean()))
    return _platt(trees, mastery, score) if sum(gains) > GAIN else UNCHANGED


def _platt(trees: Floats, mastery: Floats, score: Floats) -> Floats:
    """The slopes, none below 0, whose P(correct) explains the scores best [2]."""
    given = np.stack([trees, mastery], axis=1)

    def loss(line: Floats) -> tuple[float, Floats]:
        z = given @ line
        value = np.logaddexp(0.0, z).sum() - score @ z
        return float(value) / len(z), (sigmoid(z) - score) @ given / len(z)

    return np.asarray(minimize(loss, UNCHANGED, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * 2).x)


def _stages(progress: Progress | None) -> Callable[[str], None]:
    done = 0

    def tell(text: str) -> None:
        nonlocal done
        done += 1
        if progress:
            progress(min(done, STEPS), STEPS, text)

    return tell
