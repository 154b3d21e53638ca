"""Parameter draws: what else the skills may be, given the answers. Their spread is part of the interval of mastery.

Each skill's nine values are drawn from a normal distribution around the fit (Laplace's approximation), the others,
items and forgetting by gap as fitted. Its precision is that of the priors plus the outer products of the students'
slopes: their sum is the expected curvature of the log-likelihood (Berndt, Hall, Hall & Hausman 1974).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numba import njit

from engine.mastery_model import (
    COLUMNS,
    FORGET,
    GAIN,
    GUESS,
    LEARN,
    ON_GAIN,
    ON_GUESS,
    ON_LEARN,
    ON_PRIOR,
    PRIOR,
    MasteryModel,
)
from models.log import Floats, Ints, ResponseLog
from models.mastery.gradient import Slopes, one_student
from models.mastery.options import ABILITY, Options
from models.mastery.predict import read
from models.mastery.priors import SKILL_SD
from models.mastery.reverse import ROOM

DRAWS = 16
MOST = 4_000  # students whose slopes are worked out; of more, so many drawn ones speak for all


def with_draws(model: MasteryModel, log: ResponseLog, seed: int = 0, draws: int = DRAWS) -> MasteryModel:
    """The model with draws of its values; ``log`` holds the answers that it was fitted to."""
    rng = np.random.default_rng(seed)
    chosen, share = log, 1.0
    if len(log.students) > MOST:
        taken = np.zeros(len(log.students), bool)
        taken[rng.permutation(len(taken))[:MOST]] = True
        chosen, share = log.select(taken), MOST / len(log.students)
    dynamics, answers, emissions = read(model, chosen)
    found = _information(dynamics, answers, emissions, model.theta.copy()) / share
    free = _free(Options.of(model.about))
    precision = found + np.diag(1 / SKILL_SD**2)
    spread = np.linalg.inv(precision[:, free[:, None], free])
    root = np.zeros((len(spread), COLUMNS, COLUMNS))
    root[:, free[:, None], free] = np.linalg.cholesky(spread)
    normal = rng.normal(size=(draws, len(spread), COLUMNS))
    moved = model.values + np.einsum("kij,dkj->dki", root, normal)
    of_population = model.population + np.isin(np.arange(COLUMNS), free) * SKILL_SD * rng.normal(size=(draws, COLUMNS))
    for values in (moved, of_population):
        values[..., ON_PRIOR:ON_GAIN] = np.maximum(values[..., ON_PRIOR:ON_GAIN], 0.0)
    return replace(model, draws=moved, population_draws=of_population)


def _free(options: Options) -> Ints:
    """The columns of a skill that the options leave free."""
    on = [True] * FORGET + [options.forgets is not None] + [name in options.ability for name in ABILITY]
    return np.flatnonzero(on)


@njit(cache=True, nogil=True, error_model="numpy")
def _information(dynamics: Any, answers: Any, emissions: Any, theta: Floats) -> Any:
    """The sum over students of the outer products of their slopes, [K, 9, 9]."""
    skills, points = dynamics.prior.shape
    tags, n, links = len(answers.start) - 1, len(answers.tags), len(emissions.keep)
    slopes = Slopes(
        np.zeros((skills, points)),
        np.zeros((skills, points)),
        np.zeros((tags, 2, points)),
        np.zeros((2, points)),
        np.zeros(n),
        np.zeros(n),
        np.zeros(links),
    )
    known, adjoint, room = dynamics.prior.copy(), np.zeros((skills, points)), np.empty((ROOM, points))
    total, own = np.zeros((skills, COLUMNS, COLUMNS)), np.zeros((skills, COLUMNS))
    for s in range(len(answers.bounds) - 1):
        one_student(s, dynamics, answers, emissions, known, adjoint, slopes, room)
        link = answers.links[s]
        for i in range(answers.bounds[s], answers.bounds[s + 1]):
            link = _gather(i, link, dynamics, answers, theta, slopes, own)
        for i in range(answers.bounds[s], answers.bounds[s + 1]):
            for k in answers.skills[answers.start[answers.tags[i]] : answers.start[answers.tags[i] + 1]]:
                for a in range(COLUMNS):
                    for b in range(COLUMNS):
                        total[k, a, b] += own[k, a] * own[k, b]
                own[k, :] = 0.0  # met again, it adds nothing
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _gather(i: int, link: int, dynamics: Any, answers: Any, theta: Floats, slopes: Any, own: Floats) -> Any:
    """Move what answer i has left in the slopes into its skills' rows of ``own`` [K, 9]; returns the next link."""
    tag = answers.tags[i]
    low, high = answers.start[tag], answers.start[tag + 1]
    for k in answers.skills[low:high]:
        share = 1.0 / (high - low)
        own[k, GUESS] += share * slopes.ease[i]
        own[k, GAIN] += share * slopes.gain[i]
        own[k, FORGET] += slopes.forget[link]
        link += 1
        for g in range(len(theta)):
            prior = slopes.prior[k, g] * dynamics.prior[k, g] * (1.0 - dynamics.prior[k, g])
            learn = slopes.learn[k, g] * dynamics.learn[k, g] * (1.0 - dynamics.learn[k, g])
            own[k, PRIOR] += prior
            own[k, LEARN] += learn
            own[k, ON_PRIOR] += prior * theta[g]
            own[k, ON_LEARN] += learn * theta[g]
            own[k, ON_GUESS] += share * slopes.lift[tag, 0, g] * theta[g]
            own[k, ON_GAIN] += share * slopes.lift[tag, 1, g] * theta[g]
            slopes.prior[k, g] = slopes.learn[k, g] = 0.0
    slopes.lift[tag, :, :] = 0.0
    return link
