"""What is held true before any answer is seen, and where the climb begins."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.mastery_model import FORGET, GAIN, GUESS, ON_GAIN, ON_PRIOR
from engine.model import PARAMETERS
from models.log import Floats, ResponseLog
from models.mastery.data import Data
from models.mastery.options import ABILITY, Options
from models.mastery.values import NEVER, Values

# Normal priors on the logits prior, learn, guess, gain, forget and on theta's slopes on the first four. Guess is held
# close: ability and guess explain the same answers, and a skill whose guess is high says nothing of mastery.
POPULATION = np.array([0.0, -2.0, -1.4, 2.0, -3.5, 0.0, 0.0, 0.0, 0.0])
POPULATION_SD = np.array([2.0, 2.0, 0.5, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0])
SKILL_SD = np.array([1.0, 1.0, 0.5, 1.0, 1.0, 0.3, 0.3, 0.3, 0.3])  # of a skill's deviation from the population
ITEM_SD = np.array([1.0, 1.0])
TAG_SD = np.array([1.0, 1.0])  # of sets of several skills
DRIFT, DRIFT_SD, FURTHEST = -5.0, 3.0, 4.0  # logit of ability's drift, and how far it may go from there
SLOPE_SD = 1.0  # of gap and covariates
START = np.array([-0.4, -2.0, -1.1, 2.5, -3.5, 0.7, 0.4, 0.7, 0.0])
EDGE, STEEPEST = 15.0, 10.0  # bounds of logits and slopes: what no data asks for
# Expected curvature of the log-likelihood by each logit, an answer: rough, but it sets the scale of each variable.
CURVATURE = np.array([0.1, 0.1, 0.1, 0.05, 0.02, 0.1, 0.02, 0.1, 0.05])
OFFSET_CURVATURE = np.array([0.15, 0.05])


def add_log_prior(values: Values, options: Options, gradient: Values) -> float:
    """Log density of the priors up to a constant; its gradient is added to ``gradient``."""
    held = slice(0 if options.priors else ON_PRIOR, None)
    deviation = ((values.skills - values.population) / SKILL_SD)[:, held]
    of_population = ((values.population - POPULATION) / POPULATION_SD)[held]
    total = -0.5 * float((deviation**2).sum() + (of_population**2).sum())
    gradient.skills[:, held] -= deviation / SKILL_SD[held]
    gradient.population[held] += deviation.sum(0) / SKILL_SD[held] - of_population / POPULATION_SD[held]
    for name, sd in (
        ("tags", TAG_SD),
        ("items", ITEM_SD),
        ("gap", SLOPE_SD),
        ("covariates", SLOPE_SD),
    ):
        scaled = getattr(values, name) / sd
        total -= 0.5 * float((scaled**2).sum())
        getattr(gradient, name)[:] -= scaled / sd
    moved = (values.drift - DRIFT) / DRIFT_SD
    gradient.drift[:] -= moved / DRIFT_SD
    return total - 0.5 * float((moved**2).sum())


def curvature(data: Data, found: Values) -> None:
    """Fill ``found`` with about the diagonal of the negative Hessian."""
    k = len(found.skills)
    links, firsts = np.bincount(data.skill, minlength=k), np.bincount(data.skill[data.first], minlength=k)
    counts = np.stack([firsts, *[links] * 4, firsts, *[links] * 3], axis=1)
    found.skills[:] = counts * CURVATURE + 1 / SKILL_SD**2
    found.population[:] = k / SKILL_SD**2 + 1 / POPULATION_SD**2
    found.gap[:] = CURVATURE[FORGET] * (data.gap**2).sum() + 1 / SLOPE_SD**2
    of_tags = np.bincount(data.answers.tags, minlength=len(found.tags))
    found.tags[:] = of_tags[:, None] * OFFSET_CURVATURE + 1 / TAG_SD**2
    found.items[:] = np.bincount(data.item, minlength=len(found.items))[:, None] * OFFSET_CURVATURE + 1 / ITEM_SD**2
    found.drift[:] = max(1.0, len(data.item) / 2000)
    found.covariates[:] = 0.15 * (data.covariates**2).sum(0) + 1 / SLOPE_SD**2


def start(options: Options, found: Values) -> None:
    """Fill ``found`` with where the climb begins."""
    found.population[:] = START
    if options.forgets is None:
        found.population[FORGET] = NEVER
    found.population[ON_PRIOR:] *= [name in options.ability for name in ABILITY]
    found.skills[:] = found.population
    found.drift[:] = DRIFT if options.drift and options.ability else NEVER


def bounds(options: Options, log: ResponseLog, start: Values, low: Values, high: Values) -> None:
    """Fill the bounds; what is switched off is held at its start."""
    for values, sign in ((low, -1.0), (high, 1.0)):
        for logits in (values.population, values.skills, values.items, values.tags):
            logits[:] = sign * EDGE
        for slopes in (values.population[ON_PRIOR:], values.skills[:, ON_PRIOR:], values.gap, values.covariates):
            slopes[:] = sign * STEEPEST
        values.tags[np.diff(log.tag_start) == 1] = 0.0  # the skill's own
        values.drift[:] = start.drift + sign * FURTHEST * (start.drift > NEVER)
    low.population[ON_PRIOR:ON_GAIN] = low.skills[:, ON_PRIOR:ON_GAIN] = low.gap[:] = 0.0
    off = ON_PRIOR + np.flatnonzero([name not in options.ability for name in ABILITY])
    for values in (low, high):
        if options.forgets is None:
            values.population[FORGET] = values.skills[:, FORGET] = NEVER
        if options.forgets != "time":
            values.gap[:] = 0.0
        if not options.priors:
            values.population[:ON_PRIOR] = start.population[:ON_PRIOR]
        values.population[off] = values.skills[:, off] = 0.0
        values.items[
            :, {None: slice(0, 2), "difficulty": slice(1, 2), "guess and slip": slice(2, 2)}[options.items]
        ] = 0
    for skill, limits in options.limits.items():
        if skill in log.skills:
            _limit(limits, low.skills[log.skills.index(skill)], high.skills[log.skills.index(skill)])


def _limit(limits: Mapping[str, tuple[float, float]], low: Floats, high: Floats) -> None:
    for name, pair in limits.items():
        ends = np.clip(_logit(np.array(pair)), -EDGE, EDGE)
        if name != "slip":
            low[PARAMETERS.index(name)], high[PARAMETERS.index(name)] = ends
    if "slip" in limits:  # the guess is fixed, and logit(1 - slip) = guess + softplus(gain)
        rise = np.maximum(-_logit(np.array(limits["slip"])) - low[GUESS], 1e-6)
        high[GAIN], low[GAIN] = np.clip(np.log(np.expm1(np.minimum(rise, EDGE))), -EDGE, EDGE)


def _logit(p: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(p) - np.log1p(-p))
