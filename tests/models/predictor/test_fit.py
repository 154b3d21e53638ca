"""What is learnt, and from whom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models import mastery, metrics
from models.log import DataError, ResponseLog
from models.predictor import Predictor, dump, predict
from models.predictor.fit import _out_of_fold, fit, folds
from models.predictor.habits import learn
from tests.models.oracle import log_of


def test_the_same_seed_gives_the_same(fitted: Predictor, students: ResponseLog) -> None:
    told: list[tuple[int, int, str]] = []
    again = fit(students, jobs=1, progress=lambda *stage: told.append(stage))
    assert np.array_equal(again.trees.value, fitted.trees.value)
    assert dump(again) == dump(fitted)
    assert told[-1][0] == told[-1][1]


def test_a_training_students_features_owe_nothing_to_later_or_own_scores(students: ResponseLog) -> None:
    """Turned over, all scores of a fold's students leave what the others teach as it is: no first answer's features
    move, nor any before the turn."""
    fold, start = folds(students, 0), mastery.fit(students)
    place = np.arange(len(students)) - students.bounds[students.student]
    own = (fold == 0)[students.student]

    def of(log: ResponseLog) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return _out_of_fold(log, start, False, fold, 1, lambda _: None)

    before = of(students)
    after = of(replace(students, score=np.where(own & (place >= 2), 1 - students.score, students.score)))
    assert np.array_equal(after[own & (place <= 2)], before[own & (place <= 2)], equal_nan=True)
    assert not np.array_equal(after[~own], before[~own], equal_nan=True)


def test_of_a_large_log_the_trees_come_from_some_students(
    fitted: Predictor, students: ResponseLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.predictor.fit.MOST", len(students) // 2)
    large, again = fit(students), fit(students)
    assert dump(large) == dump(again)
    assert len(students) // 2 - 25 <= large.about["grown_on"] <= len(students) // 2
    assert (large.about["answers"], fitted.about["grown_on"]) == (len(students), len(students))
    assert large.mastery.values.tolist() == fitted.mastery.values.tolist(), "which hears of everybody"
    assert not np.array_equal(large.trees.value, fitted.trees.value)


def test_every_student_has_a_fold(students: ResponseLog) -> None:
    counts = np.bincount(folds(students, 0))
    assert len(counts) == 5
    assert counts.max() - counts.min() <= 1


def test_it_sees_what_the_mastery_model_cannot() -> None:
    """An item whose outcome is the last result turned over: knowledge has no part in it."""
    train, test = _moody(150, 0), _moody(60, 1)
    alone = mastery.predict(mastery.fit(train), test)
    both = predict(fit(train), test)
    assert metrics.auc(test.score, both) > metrics.auc(test.score, alone) + 0.1
    assert metrics.log_loss(test.score, both) < metrics.log_loss(test.score, alone) - 0.05


def test_habits_are_held_to_nothing() -> None:
    keys = np.array([[1, 1, -1, 5], [1, 2, -1, 5], [1, 2, -1, 6]])
    found = learn(keys, np.array([1.0, 1.0, 0.0]), np.full(3, 0.5))
    assert found.start.tolist() == [0, 1, 2, 2, 3]
    assert found.key.tolist() == [1, 2, 5]
    assert found.logit == pytest.approx([0.5 / 4.75, 0.0, 1 / 4.5])


@pytest.mark.parametrize("scores", [(1, 1), (0, 0)])
def test_nothing_to_learn_from_is_told(scores: tuple[int, int]) -> None:
    with pytest.raises(DataError, match="right and wrong"):
        fit(log_of([("s", "i", "a", scores[0], 0), ("t", "i", "a", scores[1], 0)]))


def test_a_handful_of_answers_is_enough_to_run() -> None:
    log = log_of([("s", "i", "a", 1, 0), ("t", "i", "a", 0, 0), ("t", "j", "a", 0.5, 1)])
    assert np.isfinite(predict(fit(log), log)).all()


def _moody(students: int, seed: int) -> ResponseLog:
    rng, rows = np.random.default_rng(seed), []
    for student in range(students):
        last = int(rng.integers(2))
        for turn in range(20):
            last = int(rng.random() < (0.85 if last == 0 else 0.25))
            rows.append((f"s{student}", f"i{rng.integers(6)}", f"k{rng.integers(2)}", last, turn))
    return log_of(rows)
