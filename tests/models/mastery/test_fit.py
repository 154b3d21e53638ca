"""Does the fit find what simulated students were made of, and keep to what it is told?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.mastery_model import ON_GUESS, MasteryModel
from engine.model import PARAMETERS
from models.log import DataError, ResponseLog
from models.mastery.fit import Problem, fit, refit
from models.mastery.options import Options
from models.mastery.values import views
from tests.models.mastery.students import Truth, mixed, simulate
from tests.models.oracle import log_of

# prior, learn, guess, gain, forget, as logits
SKILLS = np.array([[-0.5, -1.5, -1.4, 3.0, -2.0], [0.5, -2.0, -1.0, 2.5, -3.0], [-1.0, -1.0, -1.8, 3.0, -2.5]])
DIFFICULTY = np.random.default_rng(5).normal(0, 0.9, 18)
TRUTH = Truth(SKILLS, np.array([0.8, 0.5, 0.9, 0.0]), DIFFICULTY, gap=0.5)


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return simulate(TRUTH, students=1200, answers=8)


@pytest.fixture(scope="module")
def fitted(log: ResponseLog) -> MasteryModel:
    return fit(log, Options(repeats=False, points=7))


def test_difficulty_is_found(fitted: MasteryModel) -> None:
    """A skill's mean ease and its items' mean difficulty explain the same: what is told is the difference within."""
    found = fitted.difficulty.reshape(3, 6)
    truth = DIFFICULTY.reshape(3, 6)
    error = (found - found.mean(1, keepdims=True)) - (truth - truth.mean(1, keepdims=True))
    assert np.abs(error).max() < 0.3
    assert np.sqrt((error**2).mean()) < 0.12


def test_the_spread_of_ability_is_found(fitted: MasteryModel) -> None:
    assert fitted.population[5:] == pytest.approx(TRUTH.ability, abs=0.35)
    assert fitted.values[:, ON_GUESS] == pytest.approx(0.9, abs=0.2)


def test_forgetting_is_found(fitted: MasteryModel) -> None:
    assert fitted.gap[0] == pytest.approx(0.5, abs=0.2)
    assert fitted.params[:, PARAMETERS.index("forget")] == pytest.approx(1 / (1 + np.exp(-SKILLS[:, 4])), abs=0.08)


def test_what_is_found_explains_the_answers_better_than_the_truth(log: ResponseLog, fitted: MasteryModel) -> None:
    problem = Problem(log, Options.of(fitted.about))
    truth = problem.start.copy()
    values = views(truth, *problem.shape)
    values.skills[:] = values.population[:] = 0
    values.skills[:, :5], values.skills[:, 5:] = SKILLS, TRUTH.ability
    values.population[:] = values.skills.mean(0)
    values.skills[:, 4] += TRUTH.gap * (problem.data.typical - 9)
    values.gap[:] = TRUTH.gap
    values.items[:, 0] = -DIFFICULTY
    assert fitted.about["penalised_log_likelihood"] > -problem.objective(truth)[0]


def test_slopes_are_found_to_be_nothing_where_there_is_nothing() -> None:
    nothing = Truth(SKILLS, np.zeros(4), np.zeros(18))
    found = fit(simulate(nothing, students=400, answers=8), Options(repeats=False))
    assert found.population[5:] == pytest.approx(0, abs=0.5)
    assert found.values[:, ON_GUESS].max() < 0.3
    assert found.difficulty.std() < 0.2


def test_the_same_log_gives_the_same_parameters_on_any_number_of_threads() -> None:
    log = mixed(students=30)
    one, two = fit(log, jobs=1), fit(log, jobs=2)
    assert np.array_equal(one.values, two.values)
    assert np.array_equal(one.offsets, two.offsets)
    assert one.about == two.about


def test_limits_are_kept() -> None:
    limits = {
        "a": {"guess": (0.2, 0.2), "slip": (0.1, 0.1), "forget": (0.0, 0.001)},
        "b": {"learn": (0.05, 0.1), "prior": (0.5, 1.0), "guess": (0.25, 0.25), "slip": (0.05, 0.15)},
        "unheard of": {"prior": (0.1, 0.2)},
    }
    found = fit(mixed(students=30), Options(limits=limits))
    a, b = found.skills.index("a"), found.skills.index("b")
    of_a, of_b = (dict(zip(PARAMETERS, found.params[at], strict=True)) for at in (a, b))
    assert (of_a["guess"], of_b["guess"]) == pytest.approx((0.2, 0.25))
    assert of_a["slip"] == pytest.approx(0.1)
    assert of_a["forget"] <= 0.001 + 1e-9
    assert 0.05 - 1e-9 <= of_b["learn"] <= 0.1 + 1e-9
    assert of_b["prior"] >= 0.5 - 1e-9
    assert 0.05 - 1e-9 <= of_b["slip"] <= 0.15 + 1e-9


def test_without_forgetting_nothing_is_forgotten() -> None:
    assert (fit(mixed(), Options(forgets=None)).params[:, PARAMETERS.index("forget")] < 1e-15).all()


def test_items_that_only_name_their_skills_are_left_out() -> None:
    log = log_of([("s", "i", "a", 1, 0), ("s", "j", "b", 0, 1), ("s", "i", "a", 0, 2)])
    found = fit(log)
    assert (found.about["options"]["items"], found.about["options"]["repeats"]) == (None, False)
    assert (found.offsets == 0).all()


def test_progress_ends_at_the_end() -> None:
    told: list[tuple[int, int, str]] = []
    fit(mixed(), progress=lambda *step: told.append(step))
    assert len(told) > 3
    assert all(done < total for done, total, _ in told[:-1])
    assert told[-1][0] == told[-1][1]


def test_nothing_to_learn_from() -> None:
    empty = mixed().select(np.zeros(6, bool))
    with pytest.raises(DataError, match="no answers"):
        fit(empty)


def test_a_refit_climbs_the_same_hill() -> None:
    """From another log's population: as high as from scratch, in the end; nothing of that log's items is taken over."""
    log, other = mixed(students=60, seed=1), mixed(students=40, seed=2)
    start = fit(other)
    top, again = fit(log), refit(log, start, steps=200)
    assert again.items == log.items
    assert again.about["penalised_log_likelihood"] == pytest.approx(top.about["penalised_log_likelihood"], abs=0.05)
    doubled = replace(start, offsets=2 * start.offsets, values=start.values + 1)
    assert np.array_equal(refit(log, doubled).offsets, refit(log, start).offsets)
