"""Each answer is predicted from its past and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.log import ResponseLog
from models.mastery.fit import fit
from models.mastery.options import Options
from models.mastery.parameters import Parameters
from models.mastery.predict import mastery, predict
from tests.models.mastery.students import mixed
from tests.models.oracle import log_of


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return mixed(students=25, seed=4)


@pytest.fixture(scope="module")
def fitted() -> Parameters:
    return fit(mixed(students=60, seed=1), Options(items="guess and slip", recency=True))


def test_later_answers_move_no_earlier_prediction(fitted: Parameters, log: ResponseLog) -> None:
    """All scores from one on are turned over, student by student: the predictions up to it stay as they were."""
    before = predict(fitted, log)
    place = np.arange(len(log)) - log.bounds[log.student]
    for turn in range(int(place.max()) + 1):
        turned = np.where(place >= turn, 1 - log.score, log.score)
        after = predict(fitted, replace(log, score=turned))
        assert np.array_equal(after[place <= turn], before[place <= turn])


def test_other_students_move_no_prediction(fitted: Parameters, log: ResponseLog) -> None:
    everybody = predict(fitted, log)
    for student in range(len(log.students)):
        alone = log.select(np.arange(len(log.students)) == student)
        assert predict(fitted, alone) == pytest.approx(everybody[log.student == student], abs=1e-12)


def test_an_answer_to_several_skills_is_predicted_once(fitted: Parameters) -> None:
    log = log_of([("s", "i", "a;b;c", 1, 0), ("s", "i", "a;b;c", 0, 1)])
    predicted = predict(fitted, log)
    assert predicted.shape == (2,)
    assert ((predicted > 0) & (predicted < 1)).all()


def test_what_is_unseen_backs_off(fitted: Parameters) -> None:
    """An unseen item is of average difficulty; an unseen skill is the population's, and each has a state of its own."""
    rows = [("s", "new", "a", 1, 0), ("s", "newer", "x", 1, 1), ("s", "newest", "y", 1, 2), ("t", "newest", "y", 1, 0)]
    log = log_of(rows)
    values, means = fitted.values_for(log)
    assert (values.items == 0).all()
    assert (means == fitted.item_means[-1]).all()
    assert np.array_equal(values.skills[0, :5], fitted.logits[fitted.skills.index("a")])
    assert np.array_equal(values.skills[1:], np.stack([fitted.population] * 2))
    believed = mastery(fitted, log)
    other = mastery(fitted, log_of([*rows[:1], *rows[2:]]))
    assert believed.p_known[1, 2] == pytest.approx(other.p_known[1, 1])
    assert predict(fitted, log)[0] > 0


def test_mastery_is_what_the_next_answer_would_show(fitted: Parameters, log: ResponseLog) -> None:
    """With average item, no covariates and no time gone by, expected success is P(correct) of one more answer."""
    plain = replace(
        fitted,
        coefficients=np.zeros(len(fitted.coefficients)),
        logits=np.where(np.arange(5) == 4, -40.0, fitted.logits),
    )
    for student in range(5):
        one = log.select(np.arange(len(log.students)) == student)
        believed = mastery(plain, one)
        tags = [at for at, tag in enumerate(one.tags) if len(tag) == 1]
        for tag in tags:
            k = int(one.tag_skill[one.tag_start[tag]])
            more = _and_one_more(one, tag)
            assert predict(plain, more)[-1] == pytest.approx(believed.expected[0, k], abs=1e-9)


def test_mastery_is_a_probability_with_a_spread(fitted: Parameters, log: ResponseLog) -> None:
    found = mastery(fitted, log)
    shape = len(log.students), len(log.skills)
    assert found.p_known.shape == found.expected.shape == found.spread.shape == shape
    assert ((found.p_known > 0) & (found.p_known < 1)).all()
    assert ((found.expected > 0) & (found.expected < 1)).all()
    assert (found.spread >= 0).all()
    flat = fit(mixed(students=20), Options.plain())
    assert mastery(flat, log).spread == pytest.approx(0, abs=1e-9)


def _and_one_more(log: ResponseLog, tag: int) -> ResponseLog:
    item = np.append(log.item, len(log.items))
    return replace(
        log,
        items=(*log.items, "zz"),
        student=np.append(log.student, 0),
        item=item,
        tag=np.append(log.tag, tag),
        score=np.append(log.score, 1.0),
        at=np.append(log.at, log.at[-1]),
    )
