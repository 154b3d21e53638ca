"""Figures by group of students: right, with honest intervals, and silent where a group is small."""

from __future__ import annotations

import numpy as np
import pytest

from models import groups, metrics
from models.log import DataError, ResponseLog
from tests.models.oracle import simulate

TRUTH = np.array([[0.3, 0.2, 0.2, 0.1, 0.0]])


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return simulate(TRUTH, students=100, answers=6)


def _halves(log: ResponseLog) -> dict[str, str]:
    return {student: "east" if at % 2 else "west" for at, student in enumerate(log.students)}


def test_figures_are_those_of_the_groups_answers(log: ResponseLog) -> None:
    predicted = np.full(len(log), 0.6)
    found = {group.name: group for group in groups.by_group(log, predicted, _halves(log))}
    east = log.student % 2 == 1
    assert found["east"].students == 50
    assert found["east"].answers == int(east.sum())
    assert found["east"].bias == pytest.approx(0.6 - log.score[east].mean())
    assert found["east"].ece == pytest.approx(metrics.ece(log.score[east], predicted[east]))
    assert found["west"].log_loss == pytest.approx(metrics.log_loss(log.score[~east], predicted[~east]))
    assert [group.name for group in groups.by_group(log, predicted, _halves(log))] == ["east", "west"]


def test_the_interval_of_the_bias_holds_the_truth_as_often_as_it_says() -> None:
    """Students err in their own way, so answers are no unit: by answers it would hold a third as often."""
    rng = np.random.default_rng(0)
    student, held = np.repeat(np.arange(40), 8), 0
    for _ in range(200):
        error = 0.02 + rng.normal(0, 0.1, 40)[student] + rng.normal(0, 0.1, len(student))
        _, interval = groups._bias(error, student)
        assert interval is not None
        held += interval[0] <= 0.02 <= interval[1]
    assert 0.9 <= held / 200 <= 0.98


def test_a_group_that_is_thought_too_well_of_is_found(log: ResponseLog) -> None:
    halves = _halves(log)
    right = np.where(log.student % 2 == 1, 0.15, 0.0) + np.bincount(log.at, log.score)[log.at] / len(log.students)
    found = groups.by_group(log, right, halves)
    assert [group.biased for group in found] == [True, False]


def test_small_groups_are_silent_and_so_is_the_one_that_would_tell_them(log: ResponseLog) -> None:
    attribute = {student: "few" if at < 4 else "some" if at < 20 else "many" for at, student in enumerate(log.students)}
    found = {group.name: group for group in groups.by_group(log, np.full(len(log), 0.5), attribute)}
    assert found["few"].suppressed
    assert found["some"].suppressed, "few = all - some - many"
    assert found["many"].answers == 80 * 6
    shown = groups.rows(list(found.values()))[0]
    assert shown["students"] == "suppressed"
    assert set(shown.values()) == {"few", "suppressed", None}


def test_the_share_called_mastered_is_of_the_groups_pairs(log: ResponseLog) -> None:
    student = np.repeat(np.arange(100), 2)
    mastered = np.arange(200) % 4 == 0  # the first skill of every other student, who are all of the west
    found = groups.by_group(log, np.full(len(log), 0.5), _halves(log), mastered=(student, mastered))
    assert [group.mastered for group in found] == [0.0, 0.5]


def test_students_without_the_attribute_are_a_group_and_strangers_are_told(log: ResponseLog) -> None:
    some = dict(list(_halves(log).items())[:60])
    assert groups.UNKNOWN in [group.name for group in groups.by_group(log, np.full(len(log), 0.5), some)]
    with pytest.raises(DataError, match="ids of the same system"):
        groups.by_group(log, np.full(len(log), 0.5), {"nobody": "east"})
