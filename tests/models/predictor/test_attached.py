"""A response predictor in the bundle of its mastery model: kept, found, guarded, and gated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.bundle import AnyModel, dump, load
from engine.model import ModelError, builtin
from models import gates, predictor
from models.evaluation import predict, predictions
from models.gates import Contender
from models.leaks import guard
from models.log import Floats, ResponseLog
from models.predictor import Predictor
from models.trainers import ATTACHED, fit
from models.training import is_held_out

HELD = {"share": 0.4, "seed": 0}


@pytest.fixture(scope="module")
def attached(fitted: Predictor) -> AnyModel:
    return replace(
        fitted.mastery, attachments={ATTACHED: predictor.dump(fitted)}, about={**fitted.mastery.about, "held_out": HELD}
    )


def test_a_bundle_gives_it_back(fitted: Predictor, attached: AnyModel, others: ResponseLog) -> None:
    again = load(dump(attached), "1")
    found = predictions(again)
    assert list(found) == ["mastery", "predictor"]
    assert np.array_equal(found["mastery"](others), predict(fitted.mastery, others))
    assert np.array_equal(found["predictor"](others), predictor.predict(fitted, others))
    with pytest.raises(ModelError, match="no response predictor is attached"):
        predictor.of(builtin())


def test_both_pass_the_leak_guard(attached: AnyModel, others: ResponseLog) -> None:
    for name, predict_log in predictions(attached).items():
        assert [str(check) for check in guard(predict_log, others) if not check.passed] == [], name


def test_the_trainer_of_that_name_attaches_it(students: ResponseLog, others: ResponseLog) -> None:
    model = fit(students.select(np.arange(len(students.students)) < 40), "predictor")
    assert list(predictions(model)) == ["mastery", "predictor"]
    assert len(model.draws) > 0
    assert ((predictions(model)["predictor"](others) > 0) & (predictions(model)["predictor"](others) < 1)).all()


@pytest.mark.parametrize(("right", "passed"), [(0.99, True), (0.01, False)])
def test_the_gate_lets_a_better_one_through_and_a_worse_one_not(
    attached: AnyModel, others: ResponseLog, monkeypatch: pytest.MonkeyPatch, right: float, passed: bool
) -> None:
    def oracle(log: ResponseLog) -> Floats:
        return np.where(log.score == 1, right, 1 - right)

    others = replace(others, score=np.round(others.score))
    monkeypatch.setattr(gates, "predictors", lambda model: {**predictions(model), ATTACHED: oracle})
    gate = gates.predictor(Contender("1", attached, attached, 0), others)
    assert gate.passed is passed
    assert "against the mastery model; off by 0.0100" in gate.told or not passed


def test_the_gate_asks_for_a_fit_that_has_not_seen_the_students(attached: AnyModel, others: ResponseLog) -> None:
    assert gates.LEAST <= is_held_out(others, 0.4, 0).sum() < len(others.students)
    gate = gates.predictor(Contender("1", attached, attached, 0), others)
    assert "against the mastery model" in gate.told
    assert gates.predictor(Contender("1", attached, None, 0), others).passed is False
    assert gates.predictor(Contender("1", builtin(), builtin(), 0), others).passed is None
