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
from typing import Any

import numpy as np

from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP, Model
from models import draws, em
from models.bkt import READS, Progress, Rules, assemble
from models.chains import Chain, chains
from models.log import DataError, Floats, ResponseLog

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
    parts = chains(log)
    params = np.full((len(parts), 5), np.nan)
    for k, part in enumerate(parts):
        if len(part.score):
            params[k] = _fit_skill(part, seed, forgets, fits)
        if progress:
            progress(k + 1, len(parts), f"skill {log.skills[k]}")
    weights = np.array([float(len(part.score)) for part in parts])
    population, backed_off = _back_off(params, weights)
    emissions = np.empty((sum(len(part.links) for part in parts), 2))
    for k, part in enumerate(parts):
        emissions[part.links] = params[k, READS]
    about = {"trainer": "pybkt", "seed": seed, "forgets": forgets, "backed_off": [log.skills[k] for k in backed_off]}
    return assemble(log, parts, params, population, emissions, Rules(forgets), about)


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


def _fit_skill(part: Chain, seed: int, forgets: bool, fits: int) -> Floats:
    """Parameters [5] of one skill; NaN where pyBKT fails on it."""
    import pandas as pd

    lengths = np.diff(part.start)
    frame = pd.DataFrame(
        {
            "user": np.repeat(np.arange(len(lengths)), lengths),
            "skill": "0",
            "right": part.score.astype(np.int64),
            "order": np.arange(len(part.score)),
        }
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
            logger.warning("pyBKT could not fit a skill of %d answers: %r", len(part.score), fault)
            return np.full(5, np.nan)


def _params(of_skill: Mapping[str, Any]) -> Floats:
    learns, forgets, guess, slip = (
        float(np.mean(of_skill[name])) for name in ("learns", "forgets", "guesses", "slips")
    )
    params = np.empty(5)
    params[PRIOR], params[GUESS], params[SLIP], params[FORGET] = float(np.mean(of_skill["prior"])), guess, slip, forgets
    params[LEARN] = learns / max(1.0 - forgets, em.EDGE)
    inner = np.clip(params, em.EDGE, 1 - em.EDGE)
    inner[FORGET] = np.clip(params[FORGET], 0.0, 1 - em.EDGE)  # exactly 0 is a model without forgetting
    return inner


def _back_off(params: Floats, weights: Floats) -> tuple[Floats, list[int]]:
    """The population, the weighted mean of the sound skills' logits; unsound skills get it, in place."""
    sound = np.isfinite(params).all(axis=1) & (params[:, READS].sum(axis=1) < em.LIMIT)
    if sound.any():
        mean = np.average(draws.logit(params[sound]), axis=0, weights=weights[sound])
        population = draws.probabilities(mean, params[sound].max(axis=0))
    else:
        population = FALLBACK.copy()
    params[~sound] = population
    return population, np.flatnonzero(~sound).tolist()
