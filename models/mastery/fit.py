"""Fitting: the exact marginal log-likelihood of the students plus the log priors, climbed by L-BFGS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from engine.mastery_model import COLUMNS, ON_PRIOR, MasteryModel
from models.fanout import Progress
from models.log import DataError, Floats, ResponseLog
from models.mastery import gradient, priors
from models.mastery.data import arrange, means_of_items
from models.mastery.options import Options
from models.mastery.values import backward, forward, size, views

RANGE = 3.0  # of the ability grid, in standard deviations
LIMIT = 300  # steps; with ability no more than
ENOUGH = 100  # for students who were held out gain nothing from the rest
TOLERANCE = 1e-7  # of the objective, a step


class Problem:
    """What is climbed: the objective over one vector (:class:`~models.mastery.values.Values`), its start and bounds."""

    def __init__(self, log: ResponseLog, options: Options) -> None:
        self.options = options
        self.means, self.overall = means_of_items(log)
        self.data = arrange(log, options, self.means)
        self.theta, self.weight = grid(options)
        self.shape = len(log.skills), len(log.tags), len(log.items), len(options.covariates)
        self.start, self.low, self.high, self.curvature = (np.zeros(size(*self.shape)) for _ in range(4))
        start, low, high, curvature = (views(x, *self.shape) for x in (self.start, self.low, self.high, self.curvature))
        priors.start(options, start)
        priors.bounds(options, log, start, low, high)
        priors.curvature(self.data, curvature)
        self.start.clip(self.low, self.high, out=self.start)

    def objective(self, x: Floats, run: gradient.Map = map) -> tuple[float, Floats]:
        """The negative of log-likelihood + log priors, and its gradient."""
        values, found = views(x, *self.shape), np.zeros_like(x)
        slopes_of = views(found, *self.shape)
        dynamics, emissions = forward(values, self.data, self.theta, self.weight)
        value, slopes = gradient.climb(dynamics, self.data.answers, emissions, run)
        backward(slopes, dynamics, self.data, self.theta, slopes_of)
        value += priors.add_log_prior(values, self.options, slopes_of)
        return -value, -found


def fit(
    log: ResponseLog,
    options: Options | None = None,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    jobs: int = 2,
) -> MasteryModel:
    """The model that explains the log's answers best; the same log and options give the same, on any ``jobs``.

    ``seed`` is only noted, nothing is drawn; ``progress(done, total, text)`` is called after each step. Raises
    :class:`DataError` where there is nothing to learn from.
    """
    if len(log) == 0:
        raise DataError("there are no answers to learn from")
    problem = Problem(log, (options or Options()).suited_to(log))
    with ThreadPoolExecutor(jobs) as pool:
        limit = ENOUGH if problem.options.ability else LIMIT
        x, value, steps = _descend(problem, pool.map if jobs > 1 else map, progress, limit)
    about = {
        "trainer": "mastery",
        "seed": seed,
        "penalised_log_likelihood": -value,
        "steps": steps,
        "answers": len(log),
        "students": len(log.students),
        "skills": len(log.skills),
        "data_digest": log.digest,
    }
    return _model(log, problem, x, about)


def refit(log: ResponseLog, model: MasteryModel, steps: int = 20, jobs: int = 2) -> MasteryModel:
    """A model of this log, the climb begun at another fit's population: near the top in a sixth of the time.

    For folds of the students: nothing is taken over but the population's 9 values and the slopes of gap and covariates.
    """
    problem = Problem(log, Options.of(model.about))
    start = views(problem.start, *problem.shape)
    start.population[:] = start.skills[:] = model.population
    start.gap[:], start.covariates[:], start.drift[:] = model.gap[0], model.coefficients, model.drift
    problem.start.clip(problem.low, problem.high, out=problem.start)
    with ThreadPoolExecutor(jobs) as pool:
        x, value, done = _descend(problem, pool.map if jobs > 1 else map, None, steps)
    return _model(log, problem, x, {"penalised_log_likelihood": -value, "steps": done})


def _model(log: ResponseLog, problem: Problem, x: Floats, about: dict[str, Any]) -> MasteryModel:
    values, joint = views(x, *problem.shape), np.flatnonzero(np.diff(log.tag_start) > 1)
    if not problem.options.priors:
        values.population[:ON_PRIOR] = values.skills[:, :ON_PRIOR].mean(0)
    return MasteryModel(
        skills=log.skills,
        values=values.skills,
        population=values.population,
        gap=np.array([values.gap[0], problem.data.typical]),
        combinations=tuple(log.tags[t] for t in joint.tolist()),
        combined=values.tags[joint],
        items=log.items,
        offsets=values.items,
        item_means=np.append(problem.means, problem.overall),
        covariates=problem.options.covariates,
        coefficients=values.covariates,
        theta=problem.theta,
        weight=problem.weight,
        drift=values.drift,
        clock=problem.data.clock,
        draws=np.empty((0, len(log.skills), COLUMNS)),
        population_draws=np.empty((0, COLUMNS)),
        about=about | {"options": asdict(problem.options)},
    )


def grid(options: Options) -> tuple[Floats, Floats]:
    """Points and weights of ability, a standard normal on a regular grid; one point where it acts on nothing."""
    theta = np.linspace(-RANGE, RANGE, options.points) if options.ability else np.zeros(1)
    weight = np.exp(-(theta**2) / 2)
    return theta, weight / weight.sum()


def _descend(
    problem: Problem, run: gradient.Map, progress: Progress | None, limit: int = LIMIT
) -> tuple[Floats, float, int]:
    """The minimum, its value and the number of steps. What is fixed is left out; what is free is scaled to like
    curvature, without which the descent stops early (.777 against .783 AUC on ASSISTments 2009)."""
    free = np.flatnonzero(problem.low < problem.high)
    scale = 1 / np.sqrt(problem.curvature[free])
    x, steps = problem.start.copy(), 0

    def scaled(y: Floats) -> tuple[float, Floats]:
        x[free] = y * scale
        value, found = problem.objective(x, run)
        return value, found[free] * scale

    def count(_: Floats) -> None:
        nonlocal steps
        steps += 1
        if progress:
            progress(min(steps, limit - 1), limit, "mastery model")

    with threadpool_limits(1, "blas"):  # its threads wait by spinning, on the cores that climb: twice the time
        done = minimize(
            scaled,
            problem.start[free] / scale,
            jac=True,
            method="L-BFGS-B",
            bounds=np.stack([problem.low[free], problem.high[free]], axis=1) / scale[:, None],
            callback=count,
            options={"maxiter": limit, "ftol": TOLERANCE, "gtol": 1e-9},
        )
    if progress:
        progress(limit, limit, "mastery model")
    x[free] = done.x * scale
    return x.clip(problem.low, problem.high), float(done.fun), steps
