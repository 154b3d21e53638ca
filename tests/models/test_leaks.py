"""The leak guard finds each leak that it is there for, and none in our models."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from models import bkt, evaluation, leaks, mastery
from models.log import Floats, Ints, ResponseLog
from tests.models.oracle import log_of


def school(students: int = 40, answers: int = 12, seed: int = 0) -> ResponseLog:
    """Students of differing ability on items of differing difficulty; some items ask for two skills."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 1, 9)
    rows = []
    for student in range(students):
        able = rng.normal(0, 1)
        for turn in range(answers):
            item = int(rng.integers(9))
            skills = ["a", "b", "a;b"][item % 3]
            right = int(rng.random() < 1 / (1 + np.exp(hard[item] - able - 0.1 * turn)))
            rows.append((f"s{student}", f"i{item}", skills, right, 1_700_000_000 + 3600 * turn))
    return log_of(rows)


@pytest.fixture(scope="module")
def halves() -> tuple[ResponseLog, ResponseLog]:
    log = school()
    return log.split(np.arange(len(log.students)) % 2 == 0)


def _told(checks: list[leaks.Check]) -> list[str]:
    return [check.name for check in checks if not check.passed]


@pytest.mark.parametrize("model", ["bkt", "mastery", "mastery with recency"])
def test_our_models_leak_nothing(model: str, halves: tuple[ResponseLog, ResponseLog]) -> None:
    train, test = halves
    if model == "bkt":
        checks = leaks.guard(partial(evaluation.predict, bkt.fit(train)), test)
    else:
        options = mastery.Options(recency=model.endswith("recency"))
        checks = leaks.guard(partial(mastery.predict, mastery.fit(train, options)), test)
    assert _told(checks) == []
    assert len(checks) == 6
    assert str(checks[1]) == "ok    flipping an answer and all later ones moves no prediction up to it"


def test_every_check_can_fail(halves: tuple[ResponseLog, ResponseLog]) -> None:
    _, test = halves

    def means(log: ResponseLog, of: Ints) -> Floats:
        return np.asarray((np.bincount(of, log.score) / np.bincount(of))[of])

    def student_mean(log: ResponseLog) -> Floats:
        return means(log, log.student)

    def item_mean(log: ResponseLog) -> Floats:
        return means(log, log.item)

    def place_in_file(log: ResponseLog) -> Floats:
        return np.asarray(1 / (2 + log.student))

    def mean_so_far(log: ResponseLog) -> Floats:
        """With the answer itself: one place too late."""
        first = log.bounds[log.student]
        sums = np.cumsum(log.score)
        return np.asarray((sums - sums[first] + log.score[first]) / (np.arange(len(log)) - first + 1))

    def expanded(log: ResponseLog) -> Floats:
        return np.full(len(log.expand()[0]), 0.5)

    later, own = (
        "flipping an answer and all later ones moves no prediction up to it",
        "no answer tells its own prediction",
    )
    order, others = (
        "another order of the students, under other names, moves nothing",
        "other students' answers move nothing",
    )
    alone = "a student is predicted alone as among the others"
    assert _told(leaks.guard(student_mean, test)) == [later, own]
    assert _told(leaks.guard(item_mean, test)) == [later, own, others, alone]
    assert _told(leaks.guard(place_in_file, test)) == [order, alone]
    assert _told(leaks.guard(mean_so_far, test)) == [later, own]
    assert not leaks._one_each(expanded(test), test).passed
    assert not leaks._one_each(np.full(len(test), np.nan), test).passed
    told = str(leaks.guard(student_mean, test)[1])
    assert told.startswith("LEAK  flipping")
    assert "of the log)" in told


def test_nothing_to_check_is_told(halves: tuple[ResponseLog, ResponseLog]) -> None:
    with pytest.raises(ValueError, match="no answers"):
        leaks.guard(len, halves[0].select(np.zeros(20, bool)))  # type: ignore[arg-type]
