"""Accuracy on the real sets that are present, as a table: ``python -m tests.bench.accuracy``.

Pooled over all answers of the held-out students, each predicted before it is learnt from; seconds to fit include
intervals, and are of a process that has compiled its kernels.
"""

from __future__ import annotations

from models import bkt, evaluation, mastery, predictor, readers
from models.evaluation import Evaluation
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


def main() -> None:
    present = [data for data in SETS if data.present]
    if not present:
        print(f"no real data in {FOLDER}: set NEXTWISE_REAL_DATA to a folder that holds it")
        return
    tiny = log_of([(f"s{n}", "i", "a;b", n % 2, n) for n in range(10)])
    for module in (bkt, mastery, predictor):
        module.fit(tiny)  # compiles
    print("| " + " | ".join(HEAD) + " |")
    print("|" + " --- |" * len(HEAD))
    for data in present:
        for model in evaluation.MODELS:
            print("| " + " | ".join(row(data.name, measure(data, model))) + " |", flush=True)


if __name__ == "__main__":
    main()
