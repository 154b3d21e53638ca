"""Draws: around the fit, as wide as the likelihood is flat, narrower with more students; what is off stays off."""

from __future__ import annotations

import numpy as np
import pytest

from engine.mastery_model import FORGET, GUESS, LEARN, ON_GUESS, PRIOR
from models.mastery import with_draws
from models.mastery.draws import _information
from models.mastery.fit import Problem, fit
from models.mastery.options import Options
from models.mastery.predict import read
from models.mastery.values import views
from tests.models.mastery.students import Truth, mixed, simulate

SKILLS = np.array([[-0.5, -1.5, -1.2, 2.5, -3.0], [0.3, -2.0, -0.8, 3.0, -3.5]])
TRUTH = Truth(SKILLS, np.array([0.5, 0.2, 0.6, 0.0]), np.zeros(8))


def test_one_students_information_is_the_outer_product_of_the_gradient() -> None:
    """Of the likelihood alone, by the exact gradient that the fit climbs by."""
    log = mixed(students=1, answers=9, seed=3)
    options = Options(items=None, repeats=False)
    model = fit(log, options)
    problem = Problem(log, options)
    x = np.zeros_like(problem.start)
    values = views(x, *problem.shape)
    values.skills[:], values.population[:], values.gap[:] = model.values, model.population, model.gap[0]
    values.drift[:], values.covariates[:] = model.drift, model.coefficients
    values.tags[[len(tag) > 1 for tag in log.tags]] = model.combined
    from models.mastery import gradient
    from models.mastery.values import backward, forward

    dynamics, emissions = forward(values, problem.data, problem.theta, problem.weight)
    _, slopes = gradient.climb(dynamics, problem.data.answers, emissions)
    found = views(np.zeros_like(x), *problem.shape)
    backward(slopes, dynamics, problem.data, problem.theta, found)
    information = _information(*read(model, log), model.theta.copy())
    for k in range(len(log.skills)):
        assert information[k] == pytest.approx(np.outer(found.skills[k], found.skills[k]), abs=1e-9)


def test_draws_spread_about_the_fit_and_less_with_more_students() -> None:
    spreads = []
    for students in (60, 600):
        log = simulate(TRUTH, students, 8)
        model = with_draws(fit(log, Options(repeats=False)), log, draws=200)
        assert model.draws.mean(axis=0)[:, :5] == pytest.approx(model.values[:, :5], abs=0.25)
        spreads.append(model.draws.std(axis=0)[:, [PRIOR, LEARN, GUESS]])
    assert (spreads[1] < spreads[0]).all()
    assert spreads[1].mean() < 0.6 * spreads[0].mean()


def test_the_spread_is_that_of_fits_to_other_students() -> None:
    """The standard deviation of the draws is about that of the fit from one sample of students to the next."""
    fits = [fit(simulate(TRUTH, 150, 8, seed), Options(repeats=False)) for seed in range(12)]
    seen = np.std([model.values[:, [PRIOR, LEARN, GUESS]] for model in fits], axis=0)
    log = simulate(TRUTH, 150, 8, 0)
    told = with_draws(fits[0], log, draws=200).draws.std(axis=0)[:, [PRIOR, LEARN, GUESS]]
    assert 0.5 < float(np.median(told / seen)) < 2.0


def test_what_is_switched_off_is_not_drawn() -> None:
    log = mixed(students=30)
    model = with_draws(fit(log, Options(forgets=None, ability=("prior",))), log)
    assert (model.draws[..., FORGET] == model.values[:, FORGET]).all()
    assert (model.draws[..., ON_GUESS] == 0).all()
    assert model.draws[..., PRIOR].std() > 0


def test_the_same_seed_gives_the_same_draws() -> None:
    log = mixed(students=20)
    model = fit(log)
    one, two, other = with_draws(model, log), with_draws(model, log), with_draws(model, log, seed=1)
    assert np.array_equal(one.draws, two.draws)
    assert not np.array_equal(one.draws, other.draws)
