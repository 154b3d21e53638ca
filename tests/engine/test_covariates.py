"""What the past says, against loops that look at one answer at a time."""

from __future__ import annotations

import numpy as np
import pytest

from engine import covariates


def _log() -> tuple[covariates.Ints, covariates.Ints, covariates.Floats, covariates.Floats]:
    rng = np.random.default_rng(0)
    student = np.sort(rng.integers(0, 5, 60))
    score, seconds = np.array([0.0, 1.0, 0.5])[rng.integers(0, 3, 60)], np.cumsum(rng.integers(0, 100, 60))
    return student, rng.integers(0, 4, 60), score, seconds.astype(np.float64)


@pytest.mark.parametrize("timed", [True, False])
def test_repeats_are_of_the_same_student_and_item(timed: bool) -> None:
    student, item, score, seconds = _log()
    found = covariates.repeats(student, item, score, seconds if timed else None)
    for i in range(len(student)):
        past = [j for j in range(i) if (student[j], item[j]) == (student[i], item[i])]
        right, gap = sum(score[j] for j in past), 0.0
        if past:
            gap = seconds[i] - seconds[past[-1]] if timed else i - past[-1] - 1
        lately = [0.0, 0.0]
        for j in past:
            lately = [of + 0.3 * (now - of) for of, now in zip(lately, (score[j], 1 - score[j]), strict=True)]
        expected = [np.log1p(right), np.log1p(len(past) - right), float(bool(past)), np.log1p(gap)]
        expected += [(np.log1p(gap) / 5) ** 2, *lately]
        assert found[i] == pytest.approx(expected)


def test_recency_follows_the_last_answers_of_the_student() -> None:
    student, _, score, _ = _log()
    surprise, rates = score - 0.6, np.array([0.1, 0.5])
    found = covariates.recency(student, surprise, rates)
    for i in range(len(student)):
        average = np.zeros(2)
        for j in range(i):
            if student[j] == student[i]:
                average += rates * (surprise[j] - average)
        assert found[i] == pytest.approx(average)


def test_times_are_told_by_their_magnitude() -> None:
    assert covariates.clock(np.arange(100_000)) is None
    seconds = covariates.clock(np.array([1_500_000_000, 1_500_000_060]))
    milliseconds = covariates.clock(np.array([1_500_000_000_000, 1_500_000_060_000]))
    assert seconds is not None
    assert milliseconds is not None
    assert np.array_equal(seconds, milliseconds)
    assert covariates.clock(np.empty(0, np.int64)) is None


def test_gaps_count_the_answers_in_between_where_there_is_no_clock() -> None:
    before, row = np.array([-1, 0, -1, 1]), np.array([0, 1, 2, 5])
    assert covariates.log_gaps(before, None, row) == pytest.approx([0, 0, 0, np.log1p(3)])
    seconds = np.array([100.0, 90.0, 0.0, 190.0])  # a clock that was set back: no gap, not a negative one
    assert covariates.log_gaps(before, seconds, row) == pytest.approx([0, 0, 0, np.log1p(100)])


def test_nothing_to_look_at() -> None:
    none = np.empty(0, np.int64)
    assert covariates.repeats(none, none, np.empty(0), None).shape == (0, 7)
    assert covariates.recency(none, np.empty(0), covariates.RATES).shape == (0, 3)
