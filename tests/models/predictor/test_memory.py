"""Items as skills of their own: when, and what is believed of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.mastery_model import sigmoid
from models import mastery
from models.log import ResponseLog
from models.predictor import Predictor, Shelf, Student, dump, load, predict
from models.predictor.fit import fit
from models.predictor.history import MEMORY
from models.predictor.memory import by_item, items_recur
from models.predictor.predictor import features
from tests.models.oracle import log_of


@pytest.fixture(scope="module")
def met_once() -> ResponseLog:
    rng = np.random.default_rng(0)
    rows = [(f"s{s}", f"i{i}", f"k{i % 2}", int(rng.random() < 0.6), i) for s in range(12) for i in range(6)]
    return log_of(rows)


def test_items_have_a_memory_where_they_come_again(students: ResponseLog, met_once: ResponseLog) -> None:
    assert items_recur(students)
    assert not items_recur(met_once)
    assert not items_recur(log_of([("s", f"i{n % 2}", f"k{n % 2}", 1, n) for n in range(10)]))  # an item is its skill


def test_every_item_is_a_skill(others: ResponseLog) -> None:
    items = by_item(others)
    assert items.skills == items.items == others.items
    assert [items.tags[t] for t in items.tag.tolist()] == [(others.items[i],) for i in others.item.tolist()]


def test_what_is_recalled_is_what_that_model_predicts(fitted: Predictor, others: ResponseLog) -> None:
    assert fitted.memory is not None
    for log in (others, replace(others, at=np.arange(len(others)))):  # seconds, and a mere order
        x, _ = features(fitted.mastery, fitted.memory, fitted.names, fitted.habits, log)
        assert sigmoid(x[:, MEMORY]) == pytest.approx(mastery.predict(fitted.memory, by_item(log)), abs=1e-12)
        assert ((x[:, MEMORY + 1] > 0) & (x[:, MEMORY + 1] < 1)).all()


def test_without_it_nothing_is_recalled_or_kept(met_once: ResponseLog) -> None:
    found = fit(met_once)
    assert found.memory is None
    x, _ = features(found.mastery, None, found.names, found.habits, met_once)
    assert np.isnan(x[:, MEMORY:]).all()
    assert found.trees.feature.max() < MEMORY
    again = load(dump(found), found.mastery)
    assert again.memory is None
    student = Student(Shelf(again, [(name, (f"k{at % 2}",)) for at, name in enumerate(met_once.items)]), real=False)
    student.add(np.arange(5), np.arange(5).astype(np.float64), met_once.score[:5])
    assert student.predict(np.array([5]), 5.0) == pytest.approx(predict(found, met_once)[5:6], abs=1e-12)
