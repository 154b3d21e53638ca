"""The difference of two models: right, and with an interval that students, not answers, make."""

from __future__ import annotations

import numpy as np
import pytest

from models.metrics import log_loss
from models.paired import log_loss_difference


def test_it_is_the_difference_of_the_log_losses_and_the_same_again() -> None:
    rng = np.random.default_rng(0)
    score, student = rng.integers(0, 2, 300).astype(float), np.repeat(np.arange(30), 10)
    a, b = rng.uniform(0.1, 0.9, (2, 300))
    found = log_loss_difference(score, a, b, student)
    assert found.mean == pytest.approx(log_loss(score, a) - log_loss(score, b))
    assert found.low < found.mean < found.high
    assert (found.answers, found.students) == (300, 30)
    assert log_loss_difference(score, a, b, student) == found
    other = log_loss_difference(score, b, a, student)
    assert (other.mean, other.low, other.high) == pytest.approx((-found.mean, -found.high, -found.low))


def test_the_interval_holds_no_difference_as_often_as_it_says() -> None:
    """Students differ in which model suits them: by answers the interval would be a third as wide."""
    rng = np.random.default_rng(1)
    student, held = np.repeat(np.arange(40), 20), 0
    for _ in range(150):
        suits = rng.normal(0, 0.1, 40)[student]
        score = (rng.random(800) < 0.5).astype(float)
        lean = suits * np.where(score > 0, 1, -1)
        found = log_loss_difference(score, np.clip(0.5 + lean, 0.1, 0.9), np.clip(0.5 - lean, 0.1, 0.9), student)
        held += found.low <= 0 <= found.high
    assert 0.88 <= held / 150 <= 0.99


def test_many_students_are_drawn_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    score, student = rng.integers(0, 2, 300).astype(float), np.repeat(np.arange(30), 10)
    a, b = rng.uniform(0.1, 0.9, (2, 300))
    whole = log_loss_difference(score, a, b, student)
    monkeypatch.setattr("models.paired._AT_ONCE", 1000)
    assert log_loss_difference(score, a, b, student) == whole


def test_nothing_to_compare_on() -> None:
    none = np.empty(0)
    with pytest.raises(ValueError, match="no answers"):
        log_loss_difference(none, none, none, np.empty(0, np.int64))
