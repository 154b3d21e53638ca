"""Every family keeps the protocol; and each does what its equations say."""

from typing import cast

import numpy as np
import pytest

from engine.worlds.bkt import BKT
from engine.worlds.families import FAMILIES
from engine.worlds.forgetting import Forgetting
from engine.worlds.pfa import PFA, sigmoid
from engine.worlds.students import Transparent
from engine.worlds.wheel_spinning import WheelSpinning
from engine.worlds.world import Plan, World, make

COUNT = 400


@pytest.fixture(scope="module")
def world() -> World:
    return make(Plan(skills=30, items=600), np.random.default_rng(0))


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_seed_has_the_same_students_and_luck(world: World, name: str) -> None:
    items = np.random.default_rng(1).integers(0, 600, (20, 50))
    told = []
    for _ in range(2):
        students = FAMILIES[name](world, 50, np.random.default_rng(5))
        told.append(np.stack([students.answer(i) for i in items]))
    assert (told[0] == told[1]).all()
    assert set(np.unique(told[0])) == {0.0, 1.0}


@pytest.mark.parametrize("name", FAMILIES)
def test_luck_does_not_depend_on_what_was_asked(world: World, name: str) -> None:
    one, other = (FAMILIES[name](world, 50, np.random.default_rng(5)) for _ in range(2))
    one.answer(np.zeros(50, np.int64))
    other.answer(np.full(50, 599, np.int64))
    assert one._rng.random() == other._rng.random()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FAMILIES)
def test_practice_teaches_the_ready_and_hardly_the_others(world: World, name: str) -> None:
    students = FAMILIES[name](world, COUNT, np.random.default_rng(2))
    before, ready = students.known(), students.ready()
    k = int(np.argmin(np.abs(ready.mean(axis=0) - 0.5)))
    of_k = np.flatnonzero((world.first == k) & (world.second < 0))
    for n in range(8):
        students.answer(np.full(COUNT, of_k[n % len(of_k)]))
    gained = (students.known() - before)[:, k]
    not_known = before[:, k] < 0.5
    assert gained[ready[:, k] & not_known].mean() > 3 * max(gained[~ready[:, k] & not_known].mean(), 0.01)
    untouched = np.delete(students.known() - before, k, axis=1)
    assert np.abs(untouched).max() < 1e-12


@pytest.mark.parametrize("name", FAMILIES)
def test_prospects_are_what_comes_true(world: World, name: str) -> None:
    """Practising as many items as ``cost`` brings about ``worth``: in BKT two thirds to three quarters of it, by the
    geometric law; where mastery comes bit by bit, all of it."""
    students = cast(Transparent, FAMILIES[name](world, COUNT, np.random.default_rng(3)))
    worth, cost, met = students.prospects(25)
    assert (met == (students.known() >= 0.6)).all()
    ready, before = students.ready(), students.known()
    k = int(ready.mean(axis=0).argmax())
    of_k = np.flatnonzero((world.first == k) & (world.second < 0))
    gain = np.zeros(COUNT)
    for n in range(1, 26):
        students.answer(np.full(COUNT, of_k[n % len(of_k)]))
        gain = np.where(np.round(cost[:, k]) == n, (students.known() - before)[:, k], gain)
    able = ready[:, k] & (worth[:, k] > 0) & (cost[:, k] <= 25)
    share = gain[able].mean() / worth[able, k].mean()
    assert 0.58 < share < 0.8 if name in ("bkt", "wheel-spinning") else 0.85 < share < 1.15


def test_bkt_answers_by_guess_and_slip(world: World) -> None:
    students = BKT(world, 4000, np.random.default_rng(0))
    known = students.known()[:, 0] == 1.0
    item = int(np.flatnonzero((world.first == 0) & (world.second < 0))[0])
    score = students.answer(np.full(4000, item))
    shift = np.exp(-world.difficulty[item])
    for rows, odds in ((known, (1 - world.slip[0]) / world.slip[0]), (~known, world.guess[0] / (1 - world.guess[0]))):
        assert score[rows].mean() == pytest.approx(odds * shift / (1 + odds * shift), abs=0.06)


def test_pfa_moves_by_right_and_wrong(world: World) -> None:
    students = PFA(world, 1, np.random.default_rng(0))
    root = int(np.setdiff1d(np.arange(30), world.edges[1])[0])
    item = int(np.flatnonzero((world.first == root) & (world.second < 0))[0])
    before = np.log(students.known()[0, root] / (1 - students.known()[0, root]))
    score = students.answer(np.array([item]))[0]
    after = np.log(students.known()[0, root] / (1 - students.known()[0, root]))
    step = students._right[0, root] if score else students._wrong[0, root]
    assert after - before == pytest.approx(step)
    assert students.known()[0, root] == pytest.approx(float(sigmoid(students._strength)[0, root]))


def test_half_of_what_was_learnt_fades_and_the_rest_stays(world: World) -> None:
    students = Forgetting(world, 300, np.random.default_rng(0))
    root, away = (int(k) for k in np.setdiff1d(np.arange(30), world.edges[1])[:2])
    items = [int(np.flatnonzero((world.first == k) & (world.second < 0))[0]) for k in (root, away)]
    start = students._strength[:, root].copy()
    for _ in range(5):
        students.answer(np.full(300, items[0]))
    learnt = students._strength[:, root] - start
    for _ in range(1000):
        students.answer(np.full(300, items[1]))
    kept = (students._strength[:, root] - start) / learnt
    assert 0.4 < kept.min() <= kept.max() < 0.56


def test_a_third_of_the_skills_is_never_learnt_by_who_spins(world: World) -> None:
    students = WheelSpinning(world, COUNT, np.random.default_rng(0))
    root = int(np.setdiff1d(np.arange(30), world.edges[1])[0])
    item = int(np.flatnonzero((world.first == root) & (world.second < 0))[0])
    could, known = students.ready()[:, root], students.known()[:, root] == 1.0
    worth, _, _ = students.prospects(25)
    assert (~could).mean() == pytest.approx(1 / 3, abs=0.07)
    assert (worth[:, root] == np.where(could & ~known, 1.0, 0.0)).all()
    for _ in range(200):
        students.answer(np.full(COUNT, item))
    now = students.known()[:, root] == 1.0
    assert not (now & ~known & ~could).any()
    assert now[could].mean() > 0.95
