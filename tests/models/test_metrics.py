"""Figures against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from models import metrics

answers = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.25, 0.6, 0.99, 1.0])), min_size=2)


@given(answers)
@settings(max_examples=80, deadline=None)
def test_figures_are_scikit_learns(rows: list[tuple[bool, float]]) -> None:
    score, p = np.array([float(right) for right, _ in rows]), np.array([value for _, value in rows])
    assert metrics.rmse(score, p) == pytest.approx(np.sqrt(sklearn_metrics.mean_squared_error(score, p)))
    assert metrics.accuracy(score, p) == pytest.approx(sklearn_metrics.accuracy_score(score > 0.5, p >= 0.5))
    if 0 < score.sum() < len(score):
        assert metrics.auc(score, p) == pytest.approx(sklearn_metrics.roc_auc_score(score, p))
        inner = np.clip(p, 0.01, 0.99)
        assert metrics.log_loss(score, inner) == pytest.approx(sklearn_metrics.log_loss(score, inner))
    else:
        assert np.isnan(metrics.auc(score, p))


def test_a_partial_score_is_a_share_of_right_and_of_wrong() -> None:
    score, p = np.array([0.25, 1.0, 0.0]), np.array([0.4, 0.8, 0.3])
    expanded = np.array([1, 0, 1, 0]), np.array([0.4, 0.4, 0.8, 0.3])
    weights = np.array([0.25, 0.75, 1, 1])
    assert metrics.auc(score, p) == pytest.approx(sklearn_metrics.roc_auc_score(*expanded, sample_weight=weights))


def test_the_interval_is_that_of_students_drawn_again() -> None:
    rng = np.random.default_rng(0)
    student = np.repeat(np.arange(40), rng.integers(1, 30, 40))
    ability = rng.normal(0, 1, 40)[student]
    p = rng.random(len(student))
    score = (rng.random(len(student)) < 0.3 + 0.3 * p + 0.1 * np.tanh(ability)).astype(float)
    low, high = metrics.auc_interval(score, p, student, resamples=400)
    assert low < metrics.auc(score, p) < high
    naive = []
    for _ in range(400):
        drawn = np.concatenate([np.flatnonzero(student == s) for s in rng.integers(0, 40, 40)])
        naive.append(sklearn_metrics.roc_auc_score(score[drawn], p[drawn]))
    assert np.quantile(naive, [0.025, 0.975]) == pytest.approx([low, high], abs=0.015)
    assert metrics.auc_interval(score, p, student) == metrics.auc_interval(score, p, student)


def test_calibration_counts_every_answer_once() -> None:
    score, p = np.array([0.0, 1.0, 1.0, 0.0]), np.array([0.0, 1.0, 0.52, 0.51])
    table = metrics.calibration(score, p, bins=10)
    assert [(row.answers, row.observed) for row in table] == [(1, 0.0), (2, 0.5), (1, 1.0)]
    assert metrics.ece(score, p, bins=10) == pytest.approx(0.5 * 0.015)
    assert metrics.ece(np.ones(10), np.full(10, 0.7)) == pytest.approx(0.3)


def test_answers_that_are_all_right_have_no_auc_and_are_no_error() -> None:
    ones = np.ones(3)
    assert np.isnan(metrics.auc(ones, ones / 2))
    assert np.isnan(metrics.auc_interval(ones, ones / 2, np.arange(3))).all()
    assert np.isnan(metrics.auc(np.empty(0), np.empty(0)))
