"""Everything that can be trained and served, by name.

mastery    knowledge tracing with ability, item difficulty and forgetting by time: the default
predictor  the same, with the response predictor attached
em         plain knowledge tracing, by our own trainer
pybkt      plain knowledge tracing, by pyBKT (slow)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from engine.bundle import AnyModel
from models.fanout import Progress, cores
from models.log import ResponseLog

ATTACHED = "predictor"  # its name in the bundle


class Trainer(Protocol):
    def __call__(self, log: ResponseLog, *, seed: int, progress: Progress | None) -> AnyModel:
        """A model that can be served. Raises :class:`models.log.DataError` where nothing can be learnt."""


def fit(log: ResponseLog, trainer: str, seed: int = 0, progress: Progress | None = None) -> AnyModel:
    """A model of the log by the trainer of that name. Raises ValueError for an unknown one."""
    return known(trainer)(log, seed=seed, progress=progress)


def known(trainer: str) -> Trainer:
    """The trainer of that name. Raises ValueError for an unknown one."""
    if trainer not in TRAINERS:
        raise ValueError(f"unknown trainer {trainer!r}; known: {', '.join(map(repr, TRAINERS))}")
    return TRAINERS[trainer]()


def _mastery() -> Trainer:
    from models import mastery

    def fitted(log: ResponseLog, *, seed: int, progress: Progress | None) -> AnyModel:
        return mastery.with_draws(mastery.fit(log, seed=seed, progress=progress, jobs=cores()), log, seed)

    return fitted


def _predictor() -> Trainer:
    from models import mastery, predictor
    from models.predictor.fit import fit as fit_predictor

    def fitted(log: ResponseLog, *, seed: int, progress: Progress | None) -> AnyModel:
        found = fit_predictor(log, seed=seed, progress=progress)
        model = mastery.with_draws(found.mastery, log, seed)
        return replace(model, attachments={ATTACHED: predictor.dump(found)})

    return fitted


def _em() -> Trainer:
    from models import bkt

    return bkt.fit


def _pybkt() -> Trainer:
    from models import pybkt

    return pybkt.fit


# Each imports what it needs when it is asked for: MLflow's, scikit-learn's and pyBKT's imports take seconds.
TRAINERS: Mapping[str, Callable[[], Trainer]] = {
    "mastery": _mastery,
    "predictor": _predictor,
    "em": _em,
    "pybkt": _pybkt,
}
