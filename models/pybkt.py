"""pyBKT as a trainer, and fitted pyBKT models read in (Badrinath, Wang & Pardos 2021).

pyBKT forgets and learns in one step, known' = e (1 - forgets) + (1 - e) learns; we learn after the answer and forget
before the next one, known' = (e + (1 - e) learn)(1 - forget). With learn = learns / (1 - forgets) both predict the
same. Only where learns + forgets > 1 there is no such learn, and 1 is the nearest.

What we protect its users from: it reads skill names as regular expressions (it gets codes), starts a process pool,
and may end in guess + slip >= 1 or in NaN (such a skill gets the population's parameters, and is named).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP, Model
from models.bkt import Options, assemble, draws, given
from models.bkt.links import combinations
from models.bkt.objective import LIMIT
from models.bkt.options import EDGE
from models.fanout import Progress
from models.log import DataError, Floats, Ints, ResponseLog

logger = logging.getLogger(__name__)

FALLBACK = np.array([0.35, 0.12, 0.2, 0.1, 0.0])  # where no skill at all was fitted: engine.model.builtin's
SPREAD = 0.5  # between students, in logits, of a model whose data we do not have


def fit(
    log: ResponseLog,
    *,
    seed: int = 0,
    forgets: bool = True,
    fits: int = 5,
    progress: Progress | None = None,
) -> Model:
    """A model by pyBKT's own EM, the best of ``fits`` random starts a skill. Pure Python: about two
    seconds a fit and thousand answers, so minutes on ten thousand.

    Combinations of skills keep each skill's own guess and slip. Raises :class:`DataError` on scores between 0 and 1,
    which pyBKT does not know.
    """
    if len(log) == 0:
        raise DataError("there are no answers to learn from")
    partial = ~np.isin(log.score, (0.0, 1.0))
    if partial.any():
        found = log.score[partial][0]
        raise DataError(f"pyBKT knows right and wrong alone, and a score is {found:g}: use the trainer 'em'")
    row, link = log.expand()
    skill = log.tag_skill[link]
    params = np.full((len(log.skills), 5), np.nan)
    for k, name in enumerate(log.skills):
        mine = row[skill == k]
        params[k] = _fit_skill(log.student[mine], log.score[mine], seed, forgets, fits)
        if progress:
            progress(k + 1, len(log.skills), f"skill {name}")
    population, backed_off = _back_off(params, np.bincount(skill).astype(float))
    joint = [log.skills.index(name) for names in combinations(log) for name in names]
    about = {"trainer": "pybkt", "seed": seed, "forgets": forgets, "backed_off": [log.skills[k] for k in backed_off]}
    found = replace(given(log, params, Options(forgets)), population=population)
    return assemble(log, found, params, params[np.ix_(joint, [GUESS, SLIP])], about)


def from_pybkt(model: Any, *, seed: int = 0) -> Model:
    """The parameters of a fitted ``pyBKT.models.Model``. Classes of one skill (multilearn, multigs) are averaged."""
    coefficients = model.coef_
    if not coefficients:
        raise DataError("this pyBKT model holds no skill: fit it first")
    names = tuple(map(str, coefficients))
    params = np.array([_params(of_skill) for of_skill in coefficients.values()])
    population, backed_off = _back_off(params, np.ones(len(names)))
    if any(np.size(of_skill["learns"]) > 1 or np.size(of_skill["guesses"]) > 1 for of_skill in coefficients.values()):
        logger.warning("this pyBKT model has parameters by class of item: their mean is used")
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.0, SPREAD, (draws.DRAWS, *params.shape))
    drawn = draws.probabilities(draws.logit(params) + noise, params)
    of_population = draws.draw_population(params, population, SPREAD, seed)
    about = {"trainer": "import from pyBKT", "backed_off": [names[k] for k in backed_off]}
    return Model(names, params, population, drawn, of_population, about=about)


def _fit_skill(student: Ints, score: Floats, seed: int, forgets: bool, fits: int) -> Floats:
    """Parameters [5] of one skill; NaN where pyBKT fails on it."""
    import pandas as pd

    frame = pd.DataFrame(
        {"user": student, "skill": "0", "right": score.astype(np.int64), "order": np.arange(len(score))}
    )
    columns = {"user_id": "user", "skill_name": "skill", "correct": "right", "order_id": "order"}
    # Its deprecations, and its divisions by nothing on one-sided data, are not the user's concern.
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from pyBKT.models import Model as PyBKT

        fitted = PyBKT(seed=seed, num_fits=fits, parallel=False)
        try:
            fitted.fit(data=frame, defaults=columns, forgets=forgets)
            return _params(fitted.coef_["0"])
        except (ArithmeticError, IndexError, KeyError, TypeError, ValueError) as fault:  # as it fails on such data
            logger.warning("pyBKT could not fit a skill of %d answers: %r", len(score), fault)
            return np.full(5, np.nan)


def _params(of_skill: Mapping[str, Any]) -> Floats:
    learns, forgets, guess, slip = (
        float(np.mean(of_skill[name])) for name in ("learns", "forgets", "guesses", "slips")
    )
    params = np.empty(5)
    params[PRIOR], params[GUESS], params[SLIP], params[FORGET] = float(np.mean(of_skill["prior"])), guess, slip, forgets
    params[LEARN] = learns / max(1.0 - forgets, EDGE)
    inner = np.clip(params, EDGE, 1 - EDGE)
    inner[FORGET] = np.clip(params[FORGET], 0.0, 1 - EDGE)  # exactly 0 is a model without forgetting
    return inner


def _back_off(params: Floats, weights: Floats) -> tuple[Floats, list[int]]:
    """The population, the weighted mean of the sound skills' logits; unsound skills get it, in place."""
    sound = np.isfinite(params).all(axis=1) & (params[:, [GUESS, SLIP]].sum(axis=1) < LIMIT)
    if sound.any():
        mean = np.average(draws.logit(params[sound]), axis=0, weights=weights[sound])
        population = draws.probabilities(mean, params[sound].max(axis=0))
    else:
        population = FALLBACK.copy()
    params[~sound] = population
    return population, np.flatnonzero(~sound).tolist()
