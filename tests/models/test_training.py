"""Fit, judge beside the champion, refit, register: on simulated students and a real MLflow database."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.bundle import load
from engine.mastery_model import MasteryModel
from engine.simulate import simulate_school
from models.evaluation import judge
from models.log import DataError, ResponseLog
from models.registry import Registry
from models.trainers import fit
from models.training import Trained, hold_out, objections, promote_if_first, train
from tests.models.registry.made import logged, registry_in


@cache
def school(students: int = 20, seed: int = 0) -> ResponseLog:
    made = simulate_school(now=1_800_000_000_000, seed=seed, classes=1, students=students)
    skills = {item.id: list(item.skill_ids) for item in made.catalog.items}
    rows = [(a.student_id, a.item_id, skills[a.item_id], float(a.correct), a.answered_at) for a in made.answers]
    columns = ["student_id", "item_id", "skill_ids", "score", "timestamp"]
    return ResponseLog.from_frame(pd.DataFrame(rows, columns=columns))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return registry_in(tmp_path)


def test_a_first_training_is_registered_and_judged_by_nobody_beside_it(registry: Registry) -> None:
    trained = train(school(), registry)
    assert (trained.version, trained.champion, trained.champion_evaluation) == ("1", None, None)
    assert 0.6 < trained.evaluation.auc < 1
    assert registry.champion() is None
    assert promote_if_first(registry, trained.version)
    assert registry.champion() == "1"
    assert not promote_if_first(registry, trained.version)


def test_what_is_served_was_fitted_on_everybody_and_says_how(registry: Registry) -> None:
    trained = train(school(), registry, seed=3)
    model = load(registry.bundle(trained.version), "1")
    assert set(model.skills) == set(school().skills)
    assert model.about["students"] == len(school().students)
    assert (model.about["trainer"], model.about["data_digest"]) == ("mastery", school().digest)
    assert model.about["holdout"]["auc"] == pytest.approx(trained.evaluation.auc)
    (info,) = registry.versions()
    assert info.metrics["holdout_students"] == trained.evaluation.students < len(school().students)
    assert info.metrics["log_loss"] == pytest.approx(trained.evaluation.log_loss)


def test_a_graph_model_is_fitted_beside_where_the_prerequisites_are_told(registry: Registry) -> None:
    edges = [("counting-to-100", "place-value"), ("counting-to-100", "addition-within-20"), ("unheard", "of")]
    trained = train(school(), registry, prerequisites=edges)
    model = load(registry.bundle(trained.version), "1")
    assert isinstance(model, MasteryModel)
    assert model.graph is not None
    assert len(model.graph.values) == len(model.skills)
    judged = load(registry.judged(trained.version) or b"", "1")
    assert isinstance(judged, MasteryModel)
    assert judged.graph is None, "predictions are judged, and these are the mastery model's alone"


def test_the_same_data_again_is_exactly_as_good_as_the_champion(registry: Registry) -> None:
    # The champion serves a fit on everybody; judged by it, it would look better than it is.
    promote_if_first(registry, train(school(), registry).version)
    again = train(school(), registry)
    assert (again.champion, again.fair) == ("1", True)
    assert again.champion_evaluation is not None
    assert replace(again.champion_evaluation, model="unversioned").to_json() == again.evaluation.to_json()
    assert objections(again) == []
    assert registry.versions()[1].tags["judged_against"] == "1"


def test_a_champion_judged_on_other_students_is_no_fair_comparison(registry: Registry) -> None:
    promote_if_first(registry, train(school(), registry, seed=1).version)
    again = train(school(), registry, seed=2)
    assert (again.champion, again.fair) == ("1", False)


def test_a_champion_of_other_making_is_judged_by_what_it_serves(registry: Registry) -> None:
    registry.promote(logged(registry))
    trained = train(school(), registry)
    assert (trained.champion, trained.fair) == ("1", False)
    served = judge(load(registry.bundle("1"), "1"), hold_out(school(), 0.2, 0)[1])
    assert trained.champion_evaluation is not None
    assert trained.champion_evaluation.to_json() == served.to_json()


def test_a_champion_that_cannot_be_loaded_holds_no_training_up(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    registry.promote(logged(registry))
    for file in tmp_path.rglob("model.npz"):
        file.write_bytes(b"spoilt")
    trained = train(school(), registry)
    assert (trained.version, trained.champion) == ("2", None)
    assert "champion 1 could not be judged" in caplog.text


def test_pybkt_is_a_trainer_too(registry: Registry) -> None:
    trained = train(school(students=4), registry, trainer="pybkt")
    assert load(registry.bundle(trained.version), "1").about["trainer"] == "pybkt"


def test_an_unknown_trainer_is_told_and_nothing_is_registered(registry: Registry) -> None:
    with pytest.raises(ValueError, match="unknown trainer 'sgd'; known: 'mastery', 'predictor', 'em', 'pybkt'"):
        train(school(), registry, trainer="sgd")
    assert registry.versions() == []


def test_one_student_is_too_few(registry: Registry) -> None:
    log = school().select(np.arange(len(school().students)) == 0)
    with pytest.raises(DataError, match="at least 2 are needed"):
        train(log, registry)


def test_who_is_held_out_hangs_on_the_student_alone() -> None:
    whole = school(students=40)
    _, unseen = hold_out(whole, 0.3, seed=0)
    some = whole.select(np.arange(len(whole.students)) % 2 == 0)
    _, again = hold_out(some, 0.3, seed=0)
    assert set(again.students) == set(unseen.students) & set(some.students)
    _, more = hold_out(whole, 0.5, seed=0)
    assert set(unseen.students) < set(more.students)
    _, other = hold_out(whole, 0.3, seed=1)
    assert set(other.students) != set(unseen.students)


def test_progress_runs_over_both_fits(registry: Registry) -> None:
    told: list[tuple[int, int]] = []
    train(school(), registry, progress=lambda done, total, _: told.append((done, total)))
    shares = [done / total for done, total in told]
    assert shares[-1] == 1
    assert shares[0] <= 0.5


def test_objections() -> None:
    evaluation = judge(fit(school(), "em"), school())
    good = Trained("2", replace(evaluation, ece=0.01, log_loss=0.5), "1", replace(evaluation, log_loss=0.51), True, 1.0)
    assert objections(good) == []
    assert objections(replace(good, champion=None, champion_evaluation=None)) == []
    (worse,) = objections(replace(good, champion_evaluation=replace(evaluation, log_loss=0.48)))
    assert worse == "it predicts worse than champion 1: 0.5000 > 0.4800 nats an answer"
    (unsure,) = objections(replace(good, champion_evaluation=replace(evaluation, log_loss=0.48), fair=False))
    assert "looks better than it is" in unsure
    (off,) = objections(replace(good, evaluation=replace(evaluation, ece=0.2, log_loss=0.5)))
    assert "off by 0.200" in off
