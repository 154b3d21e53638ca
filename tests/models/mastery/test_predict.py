"""Each answer is predicted from its past and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.belief import COMPACT, EXACT
from engine.mastery_model import MasteryModel
from models.folding import fold
from models.log import ResponseLog
from models.mastery.fit import fit
from models.mastery.options import Options
from models.mastery.predict import predict, values_for
from tests.models.mastery.students import mixed
from tests.models.oracle import log_of


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return mixed(students=25, seed=4)


@pytest.fixture(scope="module")
def fitted() -> MasteryModel:
    return fit(mixed(students=60, seed=1), Options(items="guess and slip", recency=True))


def test_later_answers_move_no_earlier_prediction(fitted: MasteryModel, log: ResponseLog) -> None:
    """All scores from one on are turned over, student by student: the predictions up to it stay as they were."""
    before = predict(fitted, log)
    place = np.arange(len(log)) - log.bounds[log.student]
    for turn in range(int(place.max()) + 1):
        turned = np.where(place >= turn, 1 - log.score, log.score)
        after = predict(fitted, replace(log, score=turned))
        assert np.array_equal(after[place <= turn], before[place <= turn])


def test_other_students_move_no_prediction(fitted: MasteryModel, log: ResponseLog) -> None:
    everybody = predict(fitted, log)
    for student in range(len(log.students)):
        alone = log.select(np.arange(len(log.students)) == student)
        assert predict(fitted, alone) == pytest.approx(everybody[log.student == student], abs=1e-12)


def test_an_answer_to_several_skills_is_predicted_once(fitted: MasteryModel) -> None:
    log = log_of([("s", "i", "a;b;c", 1, 0), ("s", "i", "a;b;c", 0, 1)])
    predicted = predict(fitted, log)
    assert predicted.shape == (2,)
    assert ((predicted > 0) & (predicted < 1)).all()


def test_what_is_unseen_backs_off(fitted: MasteryModel) -> None:
    """An unseen item is of average difficulty; an unseen skill is the population's, and each has a state of its own."""
    rows = [("s", "new", "a", 1, 0), ("s", "newer", "x", 1, 1), ("s", "newest", "y", 1, 2), ("t", "newest", "y", 1, 0)]
    log = log_of(rows)
    values, means = values_for(fitted, log)
    assert (values.items == 0).all()
    assert (means == fitted.item_means[-1]).all()
    assert np.array_equal(values.skills[0], fitted.values[fitted.skills.index("a")])
    assert np.array_equal(values.skills[1:], np.stack([fitted.population] * 2))
    assert predict(fitted, log)[0] > 0


def test_what_is_served_predicts_the_same_but_for_its_rounding(log: ResponseLog) -> None:
    """Training reads covariates that were worked out for the whole log; service works them out answer by answer."""
    for options in (Options(), Options(items="guess and slip", forgets="opportunity"), Options.plain("time")):
        model = fit(mixed(students=60, seed=1), options)
        assert fold(model, log, EXACT).predicted == pytest.approx(predict(model, log), abs=1e-9)
        assert fold(model, log).predicted == pytest.approx(predict(model, log), abs=2e-3)
        rough = fold(model, log, COMPACT).predicted
        assert np.abs(rough - predict(model, log)).mean() < 0.05
