"""What a fit came to, whoever made it: a table of parameters, predictions, mastery, and a model that can be served.

Two backends: plain BKT (:mod:`models.bkt`), and for its variants the mastery model with all else switched off
(:mod:`models.mastery`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from engine.bundle import AnyModel
from engine.mastery_model import MasteryModel
from engine.model import PARAMETERS, Model
from models import bkt
from models.bkt import Learnt, Options, learn
from models.bkt.honesty import flags, intervals
from models.bkt.links import combinations, fit_links
from models.bkt.predictive import Predictive
from models.bkt.wholes import JOINED, NONE, fit_wholes
from models.fanout import cores
from models.folding import Folded, Served, fold
from models.log import Answers, ResponseLog
from models.mastery import Options as VariantOptions
from models.mastery import fit as fit_variant
from models.mastery import with_draws

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Fit(Protocol):
    """What an estimator asks of a fit."""

    def table(self) -> pd.DataFrame:
        """One row a skill."""

    def fold(self, answers: Answers) -> Folded:
        """Predictions of answers, and the mastery that they leave."""

    def average(self, answers: Answers) -> Floats:
        """Predictions of answers [N], over what the parameters may be where a fit tells that."""

    def model(self) -> AnyModel:
        """To be served."""


@dataclass(frozen=True)
class PlainFit:
    """Plain BKT. ``served`` has what combinations are read with, ``learnt`` what was found of each skill alone,
    ``of_wholes`` of each set that is read as a whole."""

    learnt: Learnt
    served: Served
    of_wholes: Learnt | None
    about: Mapping[str, Any]

    @classmethod
    def of(cls, answers: Answers, options: Options, seed: int, *, wholes: bool, **work: Any) -> PlainFit:
        """``work``: jobs and executor, as of :func:`models.bkt.learn`."""
        learnt = learn(answers, options, **work)
        sets = fit_wholes(answers, options, **work) if wholes else NONE
        read = bkt.served(learnt, combinations(answers), *fit_links(answers, learnt), *sets)
        return cls.made(learnt, read, sets[1], options, seed, students(answers))

    @classmethod
    def made(
        cls, learnt: Learnt, read: Served, of_wholes: Learnt | None, options: Options, seed: int, students: int
    ) -> PlainFit:
        about = {
            "trainer": "em",
            "seed": seed,
            "priors": options.priors,
            "forgets": options.forgets,
            "students": students,
        }
        return cls(learnt, read, of_wholes, about)

    def fold(self, answers: Answers) -> Folded:
        return fold(self.served, answers)

    def average(self, answers: Answers) -> Floats:
        return self._predictive.predict(answers)

    @cached_property
    def _predictive(self) -> Predictive:
        return Predictive.of(self.served, self.learnt, self.of_wholes, int(self.about["seed"]))

    def table(self) -> pd.DataFrame:
        found = self.learnt
        columns: dict[str, Any] = dict(zip(PARAMETERS, found.params.T, strict=True))
        for name, ends in zip(PARAMETERS, intervals(found).swapaxes(0, 1), strict=True):
            columns |= {f"{name}_low": ends[:, 0], f"{name}_high": ends[:, 1]}
        columns["log_likelihood"] = found.value - _log_prior(found)
        columns |= {"students": found.students, "answers": found.answers}
        columns["flags"] = [", ".join(of_skill) for of_skill in flags(found)]
        return pd.DataFrame(columns, index=pd.Index(found.skills, name="skill", dtype="str"))

    def model(self) -> Model:
        return bkt.with_draws(self.learnt, self.served, self.about)


@dataclass(frozen=True)
class VariantFit:
    """A variant of BKT: the mastery model with one or a few pieces on. ``students`` and ``answers`` [K] of training."""

    fitted: MasteryModel
    students: Ints
    answers: Ints

    @classmethod
    def of(cls, log: ResponseLog, options: VariantOptions, seed: int, *, jobs: int | None = None) -> VariantFit:
        found, n = fit_variant(log, options, seed=seed, jobs=jobs or cores()), len(log.skills)
        folded = fold(found, log)
        answers = np.bincount(folded.skill, folded.answers, n).astype(np.int64)
        return cls(with_draws(found, log, seed), np.bincount(folded.skill, minlength=n), answers)

    def fold(self, answers: Answers) -> Folded:
        return fold(self.fitted, answers)

    def average(self, answers: Answers) -> Floats:
        return self.fold(answers).predicted  # ability is integrated out; of the parameters nothing is told

    def table(self) -> pd.DataFrame:
        columns: dict[str, Any] = dict(zip(PARAMETERS, self.fitted.params.T, strict=True))
        columns |= {"students": self.students, "answers": self.answers}
        return pd.DataFrame(columns, index=pd.Index(self.fitted.skills, name="skill", dtype="str"))

    def model(self) -> MasteryModel:
        return self.fitted


def _log_prior(learnt: Learnt) -> Floats:
    """The log density of the priors at the fit [K], which is part of ``learnt.value``."""
    right, trials = learnt.rules.pseudo[..., 0], learnt.rules.pseudo[..., 1]
    free = (learnt.rules.high > learnt.rules.low) & (trials > 0) & (learnt.answers > 0)[:, None]
    p = np.where(free, learnt.params, 0.5)
    return np.asarray(np.where(free, right * np.log(p) + (trials - right) * np.log(1 - p), 0.0).sum(axis=1))


def students(answers: Answers) -> int:
    """How many there are."""
    return len(np.flatnonzero(np.bincount(answers.student)))


def combined(answers: Answers) -> Answers:
    """The same answers where every set of skills is a skill of its own, called ``a;b``."""
    names, skill = np.unique(np.array([JOINED.join(tag) for tag in answers.tags], object), return_inverse=True)
    start = np.arange(len(skill) + 1)
    return replace(answers, skills=tuple(names.tolist()), tag_start=start, tag_skill=skill.astype(np.int64))
