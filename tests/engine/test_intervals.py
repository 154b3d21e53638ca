"""Intervals of a mean, against scipy and by how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t  # type: ignore[import-untyped]

from engine.intervals import mean_interval, student_t


@pytest.mark.parametrize("df", [1, 2, 3, 5, 9, 29, 500])
@pytest.mark.parametrize("p", [0.5, 0.9, 0.95, 0.975])
def test_the_quantile_is_students(p: float, df: int) -> None:
    assert student_t(p, df) == pytest.approx(t.ppf(p, df), rel=0.01 if df < 5 else 1e-3, abs=1e-9)


def test_nine_in_ten_intervals_of_ten_students_hold_the_mean() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(4000):
        _, low, high = mean_interval(rng.normal(0.1, 0.3, 10))
        held += low <= 0.1 <= high
    assert held / 4000 == pytest.approx(0.9, abs=0.015)


def test_one_value_has_no_interval() -> None:
    with pytest.raises(ValueError, match="needs two"):
        mean_interval(np.array([0.3]))
