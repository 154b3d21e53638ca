"""The slopes against finite differences, for every switch; plain knowledge tracing against the EM kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from engine.model import GUESS, SLIP
from models.log import Floats, ResponseLog
from models.mastery import gradient, priors
from models.mastery.data import arrange, means_of_items
from models.mastery.fit import Problem
from models.mastery.options import Options
from models.mastery.values import NEVER, forward, size, views
from tests.models.mastery.students import mixed
from tests.models.oracle import likelihood, simulate

SWITCHES = {
    "everything": Options(items="guess and slip", recency=True, points=5),
    "the default": Options(),
    "plain": Options.plain(),
    "forgetting by opportunity": Options.plain("opportunity"),
    "forgetting by time": Options.plain("time"),
    "a prior per student": Options(ability=("prior",), items=None, repeats=False, points=4),
    "items": Options(ability=(), repeats=False),
    "guess and slip of items": Options(ability=(), items="guess and slip", repeats=False, forgets=None),
    "repeats": Options(ability=(), items=None),
    "recency": Options(ability=(), items=None, repeats=False, recency=True),
    "no priors": Options(priors=False, points=3),
}


@pytest.mark.parametrize("name", SWITCHES)
def test_gradient_is_the_slope_of_the_objective(name: str) -> None:
    problem = Problem(mixed(), SWITCHES[name])
    rng = np.random.default_rng(1)
    free = problem.low < problem.high
    x = np.where(free, np.clip(problem.start + rng.normal(0, 0.5, len(free)), problem.low, problem.high), problem.start)
    _, found = problem.objective(x)
    assert free.any()
    for at in np.flatnonzero(free):
        step = np.zeros(len(x))
        step[at] = 1e-5
        slope = (problem.objective(x + step)[0] - problem.objective(x - step)[0]) / 2e-5
        assert found[at] == pytest.approx(slope, abs=1e-6, rel=1e-6), f"variable {at}"


def test_switches_free_what_they_name_and_nothing_else() -> None:
    log = mixed()
    shape = len(log.skills), len(log.tags), len(log.items)
    c = 2 * sum(len(tag) > 1 for tag in log.tags)

    def free(options: Options) -> list[int]:
        problem = Problem(log, options)
        return [
            int(part.sum())
            for part in views((problem.low < problem.high).astype(np.float64), *shape, len(options.covariates))
        ]

    k, _, i = shape
    assert free(Options.plain()) == [4, 4 * k, 0, c, 0, 0, 0]
    assert free(Options.plain("opportunity")) == [5, 5 * k, 0, c, 0, 0, 0]
    assert free(Options.plain("time")) == [5, 5 * k, 1, c, 0, 0, 0]
    assert free(Options(ability=("guess",), items=None, repeats=False)) == [6, 6 * k, 1, c, 0, 0, 1]
    assert free(Options(ability=(), items="guess and slip", recency=True)) == [5, 5 * k, 1, c, 2 * i, 10, 0]
    assert free(Options(priors=False)) == [4, 9 * k, 1, c, i, 7, 1]


@pytest.mark.parametrize("forget", [0.0, 0.07])
def test_everything_off_is_the_likelihood_of_plain_knowledge_tracing(forget: float) -> None:
    params = np.array([[0.3, 0.15, 0.2, 0.1, forget], [0.6, 0.05, 0.3, 0.05, forget]])
    log = simulate(params, students=20, answers=4)
    expected = sum(
        np.log(likelihood(params[k], log.score[(log.student == student) & (log.tag_skill[log.tag] == k)].tolist()))
        for student in range(len(log.students))
        for k in range(2)
    )
    assert _value(log, _logits(params)) == pytest.approx(expected, abs=1e-7)


def test_the_result_does_not_depend_on_the_number_of_threads() -> None:
    log = mixed(students=40)
    problem = Problem(log, SWITCHES["everything"])
    value, found = problem.objective(problem.start)

    def backwards(run: Callable[[int], float], shards: Iterable[int]) -> Iterable[float]:
        done = {shard: run(shard) for shard in reversed(list(shards))}
        return [done[shard] for shard in sorted(done)]

    with ThreadPoolExecutor(3) as pool:
        for way in (pool.map, backwards):
            again, found_again = problem.objective(problem.start, way)
            assert again == value
            assert np.array_equal(found_again, found)


def test_priors_alone_hold_what_no_answer_speaks_of() -> None:
    """At the population's centre the log prior is flat; away from it, it falls."""
    values = views(np.zeros(31), 2, 0, 1, 0)
    values.population[:] = values.skills[:] = priors.POPULATION
    values.drift[:] = priors.DRIFT
    slopes = views(np.zeros(31), 2, 0, 1, 0)
    assert priors.add_log_prior(values, Options(), slopes) == 0
    assert all((part == 0).all() for part in slopes)
    values.skills[0, 2] += 1
    assert priors.add_log_prior(values, Options(), slopes) == pytest.approx(-0.5 / priors.SKILL_SD[2] ** 2)


def _logits(params: Floats) -> Floats:
    logits = np.log(np.maximum(params, 1e-300)) - np.log1p(-params)
    rise = -logits[:, SLIP] - logits[:, GUESS]
    logits[:, SLIP] = np.log(np.expm1(rise))
    return np.where(params[:, [0, 1, 2, 2, 4]] == 0, NEVER, logits)


def _value(log: ResponseLog, logits: Floats) -> float:
    options = Options.plain("opportunity")
    data = arrange(log, options, means_of_items(log)[0])
    shape = len(log.skills), len(log.tags), len(log.items), 0
    values = views(np.zeros(size(*shape)), *shape)
    values.skills[:, :5] = logits
    dynamics, emissions = forward(values, data, np.zeros(1), np.ones(1))
    return gradient.climb(dynamics, data.answers, emissions)[0]
