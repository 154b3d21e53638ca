"""Accuracy on the real sets that are present, as a table: ``python -m tests.bench.accuracy``.

Pooled over all answers of the held-out students, each predicted before it is learnt from; seconds to fit include
intervals, and are of a process that has compiled its kernels.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from engine.belief import COMPACT
from engine.mastery import Thresholds
from models import BKT, bkt, evaluation, mastery, metrics, readers
from models.evaluation import Evaluation
from models.folding import fold
from models.log import ResponseLog
from models.predictor.fit import fit as fit_predictor
from models.probes import probes
from tests.models.oracle import log_of
from tests.real.sets import FOLDER, SETS, RealSet

HEAD = (
    "set",
    "model",
    "AUC",
    "95 % interval",
    "RMSE",
    "log loss",
    "ACC",
    "ECE",
    "first 5",
    "unseen items",
    "answers",
    "fit s",
)


def measure(data: RealSet, model: str) -> Evaluation:
    return evaluation.evaluate(readers.read(data.table), evaluation.read_split(data.split), data.test, model=model)


FEW, TIMES = 100, 10  # students of a small log, and how many are drawn


def estimated(train: ResponseLog, test: ResponseLog) -> Iterator[Evaluation]:
    """The estimator, without and with forgetting, over what its parameters may be and at the fitted ones."""
    for forgets in (False, True):
        began = time.perf_counter()
        fitted = BKT(forgets=forgets).fit(train)
        seconds = time.perf_counter() - began
        for averaged in (True, False):
            predicted = fitted.set_params(averaged=averaged).predict_proba(test)[:, 1]
            name = f"BKT(forgets={forgets}, averaged={averaged})"
            yield replace(evaluation.figures(name, test, predicted), fit_seconds=seconds)


def of_few(data: RealSet) -> str:
    """The same without forgetting, from small logs: means over some draws of the training students."""
    train, test = data.halves()
    found = []
    for seed in range(TIMES):
        chosen = np.zeros(len(train.students), bool)
        chosen[np.random.default_rng(seed).permutation(len(chosen))[:FEW]] = True
        fitted = BKT(forgets=False).fit(train.split(chosen)[1])
        both = [fitted.set_params(averaged=averaged).predict_proba(test)[:, 1] for averaged in (True, False)]
        found.append([(metrics.auc(test.score, p), metrics.log_loss(test.score, p)) for p in both])
    (auc, loss), (auc_at_fit, loss_at_fit) = np.mean(found, axis=0)
    better = sum(averaged[1] < at_fit[1] for averaged, at_fit in found)
    return (
        f"{data.name}: BKT(forgets=False) of {FEW} students, {TIMES} times: AUC {auc:.4f}, log loss {loss:.4f}; at the "
        f"fitted parameters {auc_at_fit:.4f}, {loss_at_fit:.4f}; averaged better {better} times"
    )


def row(name: str, found: Evaluation) -> tuple[str, ...]:
    low, high = found.auc_interval
    figures = (found.rmse, found.log_loss, found.accuracy, found.ece, found.auc_early, found.auc_unseen)
    shown = [f"{value:.4f}" for value in figures]
    auc = f"{found.auc:.4f}", f"{low:.4f}-{high:.4f}"
    return name, found.model, *auc, *shown, f"{found.answers:,}", f"{found.fit_seconds:.1f}"


def as_served(data: RealSet) -> list[str]:
    """What compact snapshots cost, and whether "mastered" holds."""
    train, test = data.halves()
    model = mastery.fit(train)
    full, compact = (metrics.auc(test.score, fold(model, test, *kept).predicted) for kept in ((), (COMPACT,)))
    found, _ = probes(model, test, Thresholds())
    low, high = found.interval or (math.nan, math.nan)
    return [
        f"{data.name}: AUC as served {full:.5f}, with compact snapshots {compact:.5f}",
        f"{data.name}: {found.called:,} called mastered, {found.probed:,} probed later, answered wrongly "
        f"{found.wrong or math.nan:.1%} (95 %: {low:.1%} to {high:.1%}), expected {found.expected or math.nan:.1%}",
    ]


def main() -> None:
    present = [data for data in SETS if data.present]
    if not present:
        print(f"no real data in {FOLDER}: set NEXTWISE_REAL_DATA to a folder that holds it")
        return
    tiny = log_of([(f"s{n}", "i", "a;b", n % 2, n) for n in range(10)])
    for fit in (bkt.fit, mastery.fit, fit_predictor):
        fit(tiny)  # compiles
    print("| " + " | ".join(HEAD) + " |")
    print("|" + " --- |" * len(HEAD))
    for data in present:
        for found in estimated(*data.halves()):
            print("| " + " | ".join(row(data.name, found)) + " |", flush=True)
        for model in evaluation.MODELS:
            print("| " + " | ".join(row(data.name, measure(data, model))) + " |", flush=True)
    for data in present:
        print("\n" + "\n".join([of_few(data), *as_served(data)]), flush=True)


if __name__ == "__main__":
    main()
