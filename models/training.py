"""Training as a pure procedure: fit, judge on students who were held out, judge the champion beside it, register.

Nothing is promoted here, except by :func:`promote_if_first`.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import engine
from engine.bundle import AnyModel, load
from engine.model import ModelError
from engine.responses import digest32
from models import charts, graph
from models.evaluation import Evaluation, figures, holdout, judge, predict
from models.fanout import Progress
from models.interrupts import held
from models.log import Mask, ResponseLog
from models.metrics import BINS, calibration
from models.registry import Registry, RegistryError
from models.trainers import ATTACHED, fit, known

logger = logging.getLogger(__name__)

FIGURES = ("auc", "auc_early", "rmse", "log_loss", "accuracy", "ece")
WORSE_LOG_LOSS = 0.001  # nats an answer that a new model may be worse than the champion: about what chance moves
MISCALIBRATED = 0.05  # expected calibration error beyond chance, from which a P(correct) says too little


@dataclass(frozen=True)
class Trained:
    """A registered version and how it did; both evaluations are on the same held-out students.

    ``champion`` is the version that was champion then, None where there was none or it could not be judged.
    ``fair`` says that it, too, was judged by a fit that never saw these students: so it is for what was trained here
    with the same seed and share. A champion that has seen them looks better than it is.
    """

    version: str
    evaluation: Evaluation
    champion: str | None
    champion_evaluation: Evaluation | None
    fair: bool
    seconds: float


def train(
    log: ResponseLog,
    registry: Registry,
    *,
    trainer: str = "mastery",
    seed: int = 0,
    share: float = 0.2,
    prerequisites: Collection[tuple[str, str]] = (),
    progress: Progress | None = None,
) -> Trained:
    """Fit on the students not held out, judge on the others, fit again on everybody, log and register that.

    ``prerequisites`` are pairs of a skill and one that builds on it (ids): by these a mastery model gets a graph model
    beside it, from which the recommender knows what one answer says of other skills.

    Raises :class:`models.log.DataError` for data that nothing can be learnt from, ValueError for an unknown trainer,
    :class:`~models.registry.RegistryError` where the result cannot be kept.
    """
    began = time.perf_counter()
    known(trainer)  # before anything is split or fitted
    seen, unseen = hold_out(log, share, seed)
    candidate = fit(seen, trainer, seed, _half(progress, 0))
    candidate = replace(candidate, about={**candidate.about, "held_out": {"share": share, "seed": seed}})
    evaluation = judge(candidate, unseen)
    champion, champion_evaluation, fair = judge_champion(registry, unseen, share, seed)
    model = graph.beside(fit(log, trainer, seed, _half(progress, 1)), log, prerequisites)
    seconds = time.perf_counter() - began
    params = {"trainer": trainer, "seed": seed, "holdout_share": share, **_counted(log)}
    model = replace(model, about={**model.about, **params, "data_digest": log.digest, "holdout": measured(evaluation)})
    shown = {"calibration": _figure(candidate, unseen)}
    metrics = _metrics(evaluation, champion_evaluation, seconds) | _of_predictor(candidate, unseen)
    with held("the new version is being registered"):
        version = registry.log(
            model,
            params=params,
            metrics=metrics,
            figures=shown,
            data_digest=log.digest,
            judged=candidate,
            tags={"trainer": trainer} | ({"judged_against": champion} if champion else {}),
        )
    return Trained(version, evaluation, champion, champion_evaluation, fair, seconds)


def _counted(log: ResponseLog) -> dict[str, Any]:
    sizes = {name: len(getattr(log, name)) for name in ("students", "items", "skills")}
    return {"answers": len(log), **sizes, "nextwise": engine.__version__}


def hold_out(log: ResponseLog, share: float, seed: int) -> tuple[ResponseLog, ResponseLog]:
    """``(known, unseen)``: two logs that share no student.

    Who is held out hangs on the student's id and the seed alone, so that it is the same students at every training:
    a model of last month, judged on them today, has not seen them either. A larger share holds out these and more.
    """
    drawn = is_held_out(log, share, seed)
    if drawn.any() and not drawn.all():
        return log.split(drawn)
    return holdout(log, share, seed)  # a handful of students; or a fault, which it tells


def is_held_out(log: ResponseLog, share: float, seed: int) -> Mask:
    """Whom :func:`hold_out` draws by their ids, [S]; of a handful of students it may be nobody."""
    return np.array([digest32(f"{seed}\0{student}".encode()) / 2**32 < share for student in log.students], bool)


def judge_champion(
    registry: Registry, unseen: ResponseLog, share: float, seed: int
) -> tuple[str | None, Evaluation | None, bool]:
    """The champion's version, its figures on a log, and whether it had not seen these students either.

    Nothing where there is no champion, or it cannot be loaded.
    """
    version = registry.champion()
    if version is None:
        return None, None, False
    try:
        judged = registry.judged(version)
        if judged is not None:
            model = load(judged, version)
            held_out = model.about.get("held_out", {})
            if held_out.get("seed") == seed and held_out.get("share", 0) >= share:
                return version, judge(model, unseen), True
        return version, judge(load(registry.bundle(version), version), unseen), False
    except (RegistryError, ModelError) as fault:
        logger.warning("champion %s could not be judged beside the new model: %s", version, fault)
        return None, None, False


def promote_if_first(registry: Registry, version: str) -> bool:
    """Promote a version where no model is champion yet; whether that was so."""
    if registry.champion() is not None:
        return False
    registry.promote(version, "the first model")
    return True


def objections(trained: Trained) -> list[str]:
    """Why the new version should not take over; empty where nothing speaks against it."""
    new, old = trained.evaluation, trained.champion_evaluation
    found = []
    allowed = allowed_ece(new.answers)
    if new.ece > allowed:
        found.append(f"its probabilities are off by {new.ece:.3f} on average (at most {allowed:.3f})")
    if old is not None and new.log_loss > old.log_loss + WORSE_LOG_LOSS:
        figures = f"{new.log_loss:.4f} > {old.log_loss:.4f} nats an answer"
        doubt = "" if trained.fair else " (which has seen these students: it looks better than it is)"
        found.append(f"it predicts worse than champion {trained.champion}{doubt}: {figures}")
    return found


def allowed_ece(answers: int) -> float:
    """The expected calibration error that so many answers may show.

    Even of perfect probabilities, chance puts the share right in a bin of n answers off by about 0.3 / sqrt(n).
    """
    return MISCALIBRATED + 0.3 * math.sqrt(BINS / max(1, answers))


def measured(evaluation: Evaluation) -> dict[str, float]:
    """The figures of an evaluation that are logged."""
    low, high = evaluation.auc_interval
    return {name: float(getattr(evaluation, name)) for name in FIGURES} | {
        "auc_low": low,
        "auc_high": high,
        "holdout_answers": evaluation.answers,
        "holdout_students": evaluation.students,
    }


def _metrics(evaluation: Evaluation, champion: Evaluation | None, seconds: float) -> dict[str, float]:
    metrics = {**measured(evaluation), "seconds": seconds}
    if champion is not None:
        metrics |= {f"champion_{name}": float(getattr(champion, name)) for name in FIGURES}
    return metrics


def _of_predictor(model: AnyModel, unseen: ResponseLog) -> dict[str, float]:
    """The figures of the response predictor that is attached, if there is one."""
    if ATTACHED not in model.attachments:
        return {}
    from models import predictor

    found = figures("predictor", unseen, predictor.predict(predictor.of(model), unseen))
    return {f"predictor_{name}": float(getattr(found, name)) for name in FIGURES}


def _figure(model: AnyModel, log: ResponseLog) -> Any:
    title = f"Calibration on {len(log):,} answers of {len(log.students):,} students not trained on"
    return charts.calibration(calibration(log.score, predict(model, log)), title)


def _half(progress: Progress | None, half: int) -> Progress | None:
    """Two fits, one after the other, as one progress."""
    if progress is None:
        return None
    return lambda done, total, text: progress(half * total + done, 2 * total, text)
