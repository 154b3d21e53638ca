"""Accuracy on the real sets that are present, as a table: ``python -m tests.bench.accuracy``.

Pooled over all answers of the held-out students, each predicted before it is learnt from; seconds to fit include
intervals, and are of a process that has compiled its kernels.
"""

from __future__ import annotations

import math

from engine.belief import COMPACT
from engine.mastery import Thresholds
from models import bkt, evaluation, mastery, metrics, readers
from models.evaluation import Evaluation
from models.folding import fold
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


def row(name: str, found: Evaluation) -> tuple[str, ...]:
    low, high = found.auc_interval
    figures = (found.rmse, found.log_loss, found.accuracy, found.ece, found.auc_early, found.auc_unseen)
    shown = [f"{value:.4f}" for value in figures]
    auc = f"{found.auc:.4f}", f"{low:.4f}-{high:.4f}"
    return name, found.model, *auc, *shown, f"{found.answers:,}", f"{found.fit_seconds:.1f}"


def as_served(data: RealSet) -> list[str]:
    """What compact snapshots cost, and whether "mastered" holds."""
    log = readers.read(data.table)
    train, test = log.split(evaluation.held_out(log, evaluation.read_split(data.split), data.test))
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
        for model in evaluation.MODELS:
            print("| " + " | ".join(row(data.name, measure(data, model))) + " |", flush=True)
    for data in present:
        print("\n" + "\n".join(as_served(data)), flush=True)


if __name__ == "__main__":
    main()
