"""The trainer: what it finds, what it leaves open, and data that hurts."""

from __future__ import annotations

import numpy as np
import pytest

from engine import bundle
from engine.catalog import Catalog, Item, Skill
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP, Model
from engine.responses import Response, pack, unpack
from engine.tracing import bind
from engine.tracing.plain import PlainTracer
from models import bkt, evaluation
from models.log import DataError, ResponseLog
from tests.models.oracle import log_of, simulate

TRUTH = np.array([[0.3, 0.15, 0.2, 0.1, 0.0], [0.6, 0.05, 0.3, 0.05, 0.0], [0.2, 0.3, 0.1, 0.2, 0.03]])


@pytest.fixture(scope="module")
def simulated() -> ResponseLog:
    return simulate(TRUTH, students=1500, answers=10)


@pytest.fixture(scope="module")
def fitted(simulated: ResponseLog) -> Model:
    return bkt.fit(simulated)


def test_parameters_that_made_the_answers_are_found(fitted: Model) -> None:
    columns = [PRIOR, LEARN, GUESS, SLIP, FORGET]
    assert fitted.params[:, columns] == pytest.approx(TRUTH[:, columns], abs=0.1)
    assert np.abs(fitted.params - TRUTH).mean() < 0.03


def test_the_model_predicts_as_well_as_the_truth(simulated: ResponseLog, fitted: Model) -> None:
    truth = Model(fitted.skills, TRUTH.copy(), TRUTH[0].copy(), fitted.draws, fitted.population_draws)
    found, best = (evaluation.judge(model, simulated) for model in (fitted, truth))
    assert found.log_loss < best.log_loss + 1e-3
    assert found.ece < 0.02


def test_without_forgetting_none_is_learnt_nor_drawn(simulated: ResponseLog) -> None:
    model = bkt.fit(simulated, forgets=False)
    for array in (model.params, model.draws, model.population, model.population_draws):
        assert (array[..., FORGET] == 0).all()


def test_the_same_log_and_seed_give_the_same_model(simulated: ResponseLog, fitted: Model) -> None:
    again = bkt.fit(simulated)
    assert bundle.dump(again) == bundle.dump(fitted)
    other = bkt.fit(simulated, seed=1)
    assert (other.params == fitted.params).all()
    assert (other.draws != fitted.draws).any()


def test_a_bundle_of_it_loads_and_says_how_it_was_made(simulated: ResponseLog, fitted: Model) -> None:
    loaded = bundle.load(bundle.dump(fitted), "7")
    assert loaded.about["data_digest"] == simulated.digest
    assert (loaded.about["trainer"], loaded.about["answers"], loaded.about["students"]) == ("em", 45000, 1500)


def test_more_answers_leave_less_open() -> None:
    few, many = (bkt.fit(simulate(TRUTH[:1], students, 8)) for students in (15, 1500))
    spread = [model.draws[:, 0, [GUESS, SLIP]].std(axis=0) for model in (few, many)]
    assert (spread[0] > 2 * spread[1]).all()


def test_draws_cover_the_truth(fitted: Model) -> None:
    low, high = np.quantile(fitted.draws, [0, 1], axis=0)
    inside = (low[:, :4] <= TRUTH[:, :4]) & (high[:, :4] >= TRUTH[:, :4])
    assert inside.mean() >= 0.9
    assert fitted.draws.mean(axis=0) == pytest.approx(fitted.params, abs=0.08)


def test_students_who_differ_are_seen_to_differ() -> None:
    rng = np.random.default_rng(1)
    rows = []
    for student in range(400):
        shift = rng.normal(0, 1.5)
        known = rng.random() < 1 / (1 + np.exp(-shift))
        for turn in range(10):
            rows.append((f"s{student}", "i", "k", int(rng.random() < (0.9 if known else 0.2)), turn))
            known = known or rng.random() < 1 / (1 + np.exp(2 - shift))
    assert bkt.fit(log_of(rows)).about["spread_of_students"] >= 0.5
    alike = bkt.fit(simulate(TRUTH[:1], 400, 10))
    assert alike.about["spread_of_students"] <= 0.5


def test_the_interval_holds_the_true_state_more_often_than_not(fitted: Model) -> None:
    """Of simulated students, those whose interval lies in the upper half, from guess to 1 - slip, know the skill, those
    in the lower half do not, mostly."""
    catalog = Catalog((Skill("0"),), (Item("0", ("0",)),))
    tracer = bind(fitted, catalog)
    rng = np.random.default_rng(5)
    right, sure, middle = 0, 0, (1 - TRUTH[0, SLIP] + TRUTH[0, GUESS]) / 2
    for student in range(150):
        known, records = rng.random() < TRUTH[0, PRIOR], b""
        for turn in range(8):
            correct = rng.random() < (1 - TRUTH[0, SLIP] if known else TRUTH[0, GUESS])
            records += pack(Response(str(turn), str(student), "0", float(correct), turn))
            known = known or rng.random() < TRUTH[0, LEARN]
        history = unpack(records)
        state = tracer.fold(history)
        low, high = tracer.interval(history, state)
        assert low[0] <= tracer.standing(state).mastery[0] <= high[0]
        if low[0] > middle or high[0] < middle:
            sure += 1
            right += known == (low[0] > middle)
    assert sure > 50
    assert right / sure > 0.8


def test_a_combination_has_a_guess_and_a_slip_of_its_own_and_the_rest_keep_theirs() -> None:
    rng = np.random.default_rng(2)
    rows = []
    for student in range(500):
        known = rng.random() < 0.5
        for turn in range(12):
            asked = ["a", "b", "a;b"][turn % 3]
            p = [0.25, 0.85] if len(asked) == 1 else [0.05, 0.5]
            rows.append((f"s{student}", asked, asked, int(rng.random() < p[known]), turn))
    model = bkt.fit(log_of(rows))
    assert model.combinations == (("a", "b"),)
    assert model.emissions == pytest.approx(np.array([[0.05, 0.5]] * 2), abs=0.08)
    assert model.params[:, [GUESS, SLIP]] == pytest.approx(np.array([[0.25, 0.15]] * 2), abs=0.08)


def test_a_skill_of_few_answers_stays_near_the_population() -> None:
    rng = np.random.default_rng(4)
    rows = [(f"s{n}", "i", "common", int(rng.random() < 0.4 + 0.06 * t), t) for n in range(200) for t in range(6)]
    rare = [("s1", "i", "rare", 0, t) for t in range(3)]
    model = bkt.fit(log_of([*rows, *rare]))
    assert model.params[1] == pytest.approx(model.population, abs=0.15)
    alone = bkt.fit(log_of([*rows, *rare]), priors=False)
    assert np.abs(alone.params[1] - model.population).max() > 0.3


def test_a_skill_of_few_answers_stays_near_what_is_plausible_and_an_unseen_one_backs_off(fitted: Model) -> None:
    model = bkt.fit(log_of([("s", "i", "seen", 1, 0)]))
    assert (model.params[:, [GUESS, SLIP]] < 0.5).all()
    assert (model.draws[..., [GUESS, SLIP]].sum(-1) < 1).all()
    tracer = PlainTracer(fitted, Catalog((Skill("new"),), (Item("i", ("new",)),)))
    assert tracer.params[0] == pytest.approx(fitted.population)


SKILL_NAMES = ["a.*(b", "x, y", "🦊 fox", '"quoted"', "[0-9]+"]


@pytest.mark.parametrize("priors", [True, False])
@pytest.mark.parametrize(
    "rows",
    [
        [("s", "i", "k", 1, 0)],
        [("s", "i", "k", right, t) for t, right in enumerate([0, 1, 1, 0, 1])],
        [(f"s{n}", "i", "k", 1, t) for n in range(20) for t in range(5)],
        [(f"s{n}", "i", "k", 0, t) for n in range(20) for t in range(5)],
        [(f"s{n}", "i", "k", n % 2, t) for n in range(20) for t in range(5)],
        [(f"s{n}", "i", "k", int(t < 3), t) for n in range(20) for t in range(6)],
        [("s", "i", "k", t % 2, t) for t in range(5000)],
        [(f"s{n}", "i", name, (n + t) % 2, t) for n in range(4) for name in SKILL_NAMES for t in range(3)],
        [(f"s{n}", "i", ";".join(SKILL_NAMES), (n + t) % 2, t) for n in range(4) for t in range(3)],
        [("s", "i", "k", 1, 0)] * 8,
        [("s", "i", "k", 0.5, t) for t in range(8)],
    ],
    ids=["one", "student", "right", "wrong", "split", "falling", "long", "names", "joint", "same time", "partial"],
)
def test_data_that_hurts_give_a_model_that_can_be_served(rows: list[tuple[object, ...]], priors: bool) -> None:
    log = log_of(rows)
    model = bkt.fit(log, priors=priors)
    assert bundle.load(bundle.dump(model), "1").skills == log.skills
    assert np.isfinite(evaluation.judge(model, log).log_loss)


def test_progress_is_told_and_an_empty_log_refused() -> None:
    told: list[tuple[int, int, str]] = []
    log = simulate(TRUTH, students=5, answers=3)
    bkt.fit(log, progress=lambda done, total, text: told.append((done, total, text)))
    assert told == [(3, 3, "skill 2")]
    with pytest.raises(DataError):
        bkt.fit(log.select(np.zeros(5, bool)))
