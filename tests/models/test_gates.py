"""Each gate blocks what it is there to block, and lets the rest through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.bundle import dump
from engine.mastery import Thresholds
from engine.model import GUESS, SLIP
from models import gates
from models.crossings import cross, standing
from models.evaluation import predict
from models.gates import Contender
from models.groups import by_group
from models.log import Floats, ResponseLog
from models.training import WORSE_LOG_LOSS, hold_out
from tests.models.made import model_of
from tests.models.oracle import simulate

TRUTH = np.array([[0.3, 0.2, 0.2, 0.1, 0.0], [0.4, 0.1, 0.25, 0.1, 0.02]])
WORSE = np.array([[0.7, 0.2, 0.4, 0.3, 0.0], [0.1, 0.1, 0.25, 0.1, 0.02]])
HELD = {"share": 0.4, "seed": 0}
NOW = 3  # answers of simulated students are at 0, 1, 2, ...


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    return simulate(TRUTH, students=150, answers=8)


def contender(params: Floats = TRUTH, version: str = "1", trained: int = NOW, **held: object) -> Contender:
    judged = model_of(params, version, held_out=held or HELD)
    return Contender(version, model_of(params, version), judged, trained)


def test_a_sound_bundle_passes_and_a_spoilt_one_says_why() -> None:
    content = dump(model_of(TRUTH))
    gate, model = gates.bundle(content, "7")
    assert gate.passed
    assert model is not None
    assert model.version == "7"
    gate, model = gates.bundle(content[:-200], "7")
    assert (gate.passed, model) == (False, None)
    assert "not a model bundle" in gate.told


def test_worse_on_unseen_students_is_blocked_and_as_good_is_not(log: ResponseLog) -> None:
    worse = gates.unseen_students(contender(WORSE, "2"), contender(), log)
    assert (worse.passed, worse.outcome) == (False, "BLOCKED")
    held_out = hold_out(log, 0.4, 0)[1]
    assert f"{len(held_out):,} answers of {len(held_out.students)} students" in worse.told
    assert gates.unseen_students(contender(), contender(WORSE), log).passed
    assert gates.unseen_students(contender(), contender(), log).passed
    trifle = TRUTH * [1, 1, 1.01, 1, 1]  # clear of 0 perhaps, but nothing that matters
    assert gates.unseen_students(contender(trifle), contender(), log).passed


def test_a_difference_that_chance_may_make_blocks_nothing(log: ResponseLog) -> None:
    few = log.select(np.cumsum(contender().unseen(log)) * contender().unseen(log) % 10 == 1)  # a tenth
    other = TRUTH * [1, 0.7, 1.2, 1, 1]
    found = [gates.unseen_students(contender(a), contender(b), few) for a, b in ((TRUTH, other), (other, TRUTH))]
    assert [gate.passed for gate in found] == [True, True]
    assert sorted(gate.told[0] for gate in found) == ["+", "-"]
    assert all(abs(float(gate.told.split()[0])) > WORSE_LOG_LOSS for gate in found)


def test_who_is_unseen_is_who_was_held_out_in_training(log: ResponseLog) -> None:
    _, unseen = hold_out(log, 0.4, 0)
    mask = contender().unseen(log)
    assert {student for student, held in zip(log.students, mask, strict=True) if held} == set(unseen.students)
    assert not contender().unseen(log.select(~mask)).any()  # where hold_out would take some all the same
    assert contender().unseen(log.select(mask)).all()


def test_students_are_unseen_by_both_or_the_comparison_says_that_it_is_not_fair(log: ResponseLog) -> None:
    more = gates.unseen_students(contender(), contender(share=0.8, seed=0), log)
    assert "not fair" not in more.told
    other = contender(share=0.4, seed=9)
    both = contender().unseen(log) & other.unseen(log)
    assert f"of {both.sum()} students" in gates.unseen_students(contender(), other, log).told
    by_hand = replace(contender(), judged=None)
    assert "not fair" in gates.unseen_students(contender(), by_hand, log).told
    assert "nextwise train" in gates.unseen_students(by_hand, contender(), log).told
    assert gates.unseen_students(by_hand, contender(), log).passed is False


def test_with_no_champion_or_too_few_students_nothing_is_compared(log: ResponseLog) -> None:
    few = log.select(np.arange(150) < 6)
    for gate in (gates.unseen_students, gates.later_time):
        assert gate(contender(), None, log).passed is None
        assert gate(contender(), contender(trained=99), few).passed is None
    one = log.select(np.arange(150) < 1)
    assert gates.unseen_students(contender(), contender(), one).passed is None


def test_later_time_is_judged_from_whole_histories(log: ResponseLog) -> None:
    worse = gates.later_time(contender(WORSE), contender(), log)
    later = log.at > NOW
    assert worse.passed is False
    assert f"{later.sum():,} answers of 150 students" in worse.told
    assert gates.later_time(contender(), contender(WORSE), log).passed
    loss = _losses(predict(model_of(WORSE), log), log) - _losses(predict(model_of(TRUTH), log), log)
    assert f"{loss[later].mean():+.4f} nats" in worse.told
    assert gates.later_time(contender(), contender(trained=8), log).passed is None  # the later of the two counts


def _losses(p: Floats, log: ResponseLog) -> Floats:
    return np.asarray(-np.log(np.where(log.score > 0, p, 1 - p)))


def test_a_miscalibrated_model_is_blocked(log: ResponseLog) -> None:
    assert gates.calibration(contender(), log).passed
    sure = TRUTH * [2, 2, 0.05, 0.05, 1]
    gate = gates.calibration(contender(sure), log)
    assert gate.passed is False
    assert "students held out" in gate.told
    assert "may have been trained on" in gates.calibration(replace(contender(), judged=None), log).told


def test_chance_is_allowed_for_in_calibration() -> None:
    """Of a true model, few answers look off by more than .05; it must be let through nearly always."""
    found = [gates.calibration(contender(), simulate(TRUTH, 30, 5, seed)) for seed in range(60)]
    assert sum(gate.passed is False for gate in found) <= 1


def test_degenerate_fits_block_beyond_their_share() -> None:
    many = np.repeat(TRUTH, 10, axis=0)
    assert gates.degenerate_fits(contender(many)).passed
    assert "not counted" in gates.degenerate_fits(contender(many)).told

    def fitted(degenerate: int, extreme: int) -> bool | None:
        params = many.copy()
        params[:extreme, GUESS], params[:extreme, SLIP] = 0.6, 0.1
        model = model_of(params, degenerate=degenerate)
        return gates.degenerate_fits(replace(contender(), model=model)).passed

    assert [fitted(2, 6), fitted(3, 0), fitted(0, 7)] == [True, False, False]
    assert gates.degenerate_fits(replace(contender(), model=model_of(np.empty((0, 5))))).passed is None


def test_a_model_that_flips_many_is_blocked(log: ResponseLog) -> None:
    before, after = (standing(model_of(params), log, Thresholds()) for params in (TRUTH, TRUTH * [1, 0.3, 1.5, 1, 1]))
    crossings = cross(before, after, log)
    gate = gates.mastery_threshold(crossings, 0.1)
    assert gate.passed is False
    assert f"{crossings.total.lost:,} no longer be" in gate.told
    assert gates.mastery_threshold(crossings, 1.0).passed
    assert gates.mastery_threshold(cross(before, before, log), 0.0).passed
    assert gates.mastery_threshold(None, 0.1).passed is None


def test_a_large_group_that_is_misjudged_blocks_and_a_small_one_does_not(log: ResponseLog) -> None:
    def put(off: float, members: int) -> bool | None:
        predicted = np.clip(predict(model_of(TRUTH), log) + np.where(log.student < members, off, 0.0), 0.01, 0.99)
        values = {student: "new" if at < members else "old" for at, student in enumerate(log.students)}
        return gates.groups(by_group(log, predicted, values)).passed

    assert [put(0.15, 60), put(-0.15, 60), put(0.15, 20), put(0.0, 60)] == [False, False, True, True]
    small = by_group(log, predict(model_of(TRUTH), log), {student: student for student in log.students})
    assert gates.groups(small).passed is None
    assert gates.groups(None).passed is None
