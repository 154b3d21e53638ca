"""In service a student's past grows answer by answer, and P(correct) is what the log says."""

from __future__ import annotations

import numpy as np
import pytest

from models.log import ResponseLog
from models.predictor import Predictor, Shelf, Student, predict
from models.predictor.predictor import times


@pytest.mark.parametrize("at_once", [True, False])
def test_a_student_is_predicted_as_in_a_log(fitted: Predictor, others: ResponseLog, at_once: bool) -> None:
    asked = {others.items[i]: others.tags[t] for i, t in zip(others.item.tolist(), others.tag.tolist(), strict=True)}
    shelf = Shelf(fitted, [*asked.items(), ("unseen", ("a", "new"))])
    places = {name: at for at, name in enumerate(asked)}
    expected, now = predict(fitted, others), times(others)[0]
    for s in range(5):
        student, rows = Student(shelf), np.arange(others.bounds[s], others.bounds[s + 1])
        items = np.array([places[others.items[i]] for i in others.item[rows].tolist()])
        if at_once:
            student.add(items[:-1], now[rows[:-1]], others.score[rows[:-1]])
        for at, row in enumerate(rows.tolist()):
            if not at_once or at == len(rows) - 1:
                found = student.predict(np.array([items[at], len(asked)]), now[row])
                assert found[0] == pytest.approx(expected[row], abs=1e-12)
                assert 0 < found[1] < 1
                student.add(items[at : at + 1], now[row : row + 1], others.score[row : row + 1])


def test_asking_changes_nothing(fitted: Predictor) -> None:
    shelf = Shelf(fitted, [("i1", ("a", "b")), ("i2", ("b",))])
    student = Student(shelf, real=False)
    student.add(np.array([0, 1]), np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    first = student.predict(np.array([0, 1]), 2.0)
    assert np.array_equal(student.predict(np.array([1, 0]), 2.0)[::-1], first)
