"""A fitted response predictor: immutable, kept as arrays and JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine import bundle, covariates
from engine.bundle import AnyModel
from engine.mastery_model import MasteryModel, sigmoid
from engine.model import ModelError
from models.log import Floats, ResponseLog
from models.predictor import history, trees
from models.predictor.facts import Names, facts
from models.predictor.habits import KINDS, Habits
from models.predictor.trees import Trees
from models.trainers import ATTACHED


@dataclass(frozen=True)
class Predictor:
    """What :func:`models.predictor.fit.fit` learns: P(correct) = sig(a trees(features) + b mastery logit).

    mastery      the mastery model that the features read
    memory       the same of items as skills (:mod:`models.predictor.memory`); None where items seldom come again
    names        items and sets of skills of the training students
    habits       what these students did in like places (:mod:`models.predictor.habits`)
    trees        over the features of :data:`models.predictor.history.FEATURES`
    calibration  [2] a, b; (1, 0) where held-out students gave no reason for other

    Raises :class:`ModelError`, with all faults in one message.
    """

    mastery: MasteryModel
    memory: MasteryModel | None
    names: Names
    habits: Habits
    trees: Trees
    calibration: Floats
    about: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = self.trees.faults(len(history.FEATURES)) + _faults(self.habits)
        if self.calibration.shape != (2,) or not np.isfinite(self.calibration).all() or self.calibration.min() < 0:
            faults.append("the calibration does not rise")
        if faults:
            raise ModelError("this is no response predictor: " + "; ".join(faults))
        self.calibration.setflags(write=False)

    def of_features(self, x: Floats) -> Floats:
        """P(correct) of answers with features [n, FEATURES]."""
        return calibrated(self.calibration, self.trees.logits(x), x[:, 0])


def calibrated(line: Floats, trees: Floats, mastery: Floats) -> Floats:
    """P(correct) by slopes [2] from logits of the trees and of the mastery model [n]."""
    return sigmoid(line[0] * trees + line[1] * mastery)


def predict(predictor: Predictor, log: ResponseLog) -> Floats:
    """P(correct) of every answer of the log before it is learnt from [N]; the log must hold the students' pasts."""
    return predictor.of_features(
        features(predictor.mastery, predictor.memory, predictor.names, predictor.habits, log)[0]
    )


def features(
    parameters: MasteryModel, memory: MasteryModel | None, names: Names, habits: Habits, log: ResponseLog
) -> tuple[Floats, Any]:
    """Features [N, FEATURES] before every answer of the log, and keys of its places [N, KINDS]."""
    known = facts(parameters, memory, names, log)
    now, real = times(log)
    state = history.newcomer(known, len(log.items))
    found: tuple[Floats, Any] = history.everybody(
        known, habits, state, log.bounds, log.item, log.tag, now, real, log.score
    )
    return found


def times(log: ResponseLog) -> tuple[Floats, bool]:
    """Seconds of every answer, and whether they are real; else the answers are counted."""
    seconds = covariates.clock(log.at)
    return (history.ANSWER * np.arange(len(log), dtype=np.float64), False) if seconds is None else (seconds, True)


def _faults(habits: Habits) -> list[str]:
    if habits.start.shape != (len(KINDS) + 1,) or habits.start[0] != 0 or (np.diff(habits.start) < 0).any():
        return ["the habits are not of the kinds known"]
    if not len(habits.key) == len(habits.logit) == habits.start[-1] or not np.isfinite(habits.logit).all():
        return ["the habits are not finite, or their arrays differ in length"]
    runs = np.split(habits.key, habits.start[1:-1])
    return [] if all((np.diff(run) > 0).all() for run in runs) else ["the keys of the habits are not in order"]


def dump(predictor: Predictor) -> bytes:
    """A predictor as one file, without its mastery model: a NumPy ``.npz`` of the arrays and JSON for the rest. No
    pickle."""
    arrays: dict[str, Any] = {name: getattr(predictor.trees, name) for name in trees.ARRAYS}
    arrays |= {f"habits_{name}": array for name, array in predictor.habits._asdict().items()}
    rest = {
        "items": list(predictor.names.items),
        "sets": list(predictor.names.sets),
        "base": predictor.trees.base,
        "features": history.FEATURES,
        "about": dict(predictor.about),
    }
    if predictor.memory:
        arrays["memory"] = np.frombuffer(bundle.dump(predictor.memory), np.uint8)
    out = io.BytesIO()
    np.savez_compressed(
        out,
        **arrays,
        calibration=predictor.calibration,
        rest=np.frombuffer(json.dumps(rest).encode(), np.uint8),
    )
    return out.getvalue()


def of(model: AnyModel) -> Predictor:
    """The predictor that is attached to a model. Raises :class:`ModelError`."""
    if not isinstance(model, MasteryModel) or ATTACHED not in model.attachments:
        raise ModelError("no response predictor is attached to it: train one with --model predictor")
    return load(model.attachments[ATTACHED], model)


def load(blob: bytes, model: MasteryModel) -> Predictor:
    """The predictor that :func:`dump` wrote, and the mastery model that it reads. Raises :class:`ModelError`."""
    try:
        with np.load(io.BytesIO(blob), allow_pickle=False) as archive:
            rest = json.loads(archive["rest"].tobytes())
            if tuple(rest["features"]) != history.FEATURES:
                raise ModelError("the predictor reads other features than this version works out: train it again")
            parts: dict[str, Any] = {name: archive[name] for name in trees.ARRAYS}
            habits = Habits(*(archive[f"habits_{name}"] for name in Habits._fields))
            calibration = np.asarray(archive["calibration"], np.float64)
            memory = bundle.load(archive["memory"].tobytes(), model.version) if "memory" in archive else None
        names = Names.numbered(rest["items"], map(tuple, rest["sets"]))
        if not isinstance(memory, MasteryModel | None):
            raise ModelError("its memory of items is no mastery model")
        return Predictor(model, memory, names, habits, Trees(**parts, base=rest["base"]), calibration, rest["about"])
    except ModelError:
        raise
    except Exception as fault:  # foreign data: whatever is wrong with it, it is refused
        raise ModelError(f"not a file of a response predictor: {fault!r}") from fault
