import numpy as np
import pytest

from engine.policies.default import Default
from engine.policies.gain import promise
from engine.policies.guard import RESTING, Guard
from engine.policies.items import best_items
from engine.policies.policy import shipped
from tests.engine.policies.worlds import OPEN, course

SETTINGS = shipped()["default"].settings


def skills_given(session: Default) -> set[int]:
    return set((np.flatnonzero(session.weigh(OPEN)[0]) // 10).tolist())


def test_the_gate_keeps_what_builds_on_unknown_skills_closed() -> None:
    session = Default(course(), 1, SETTINGS)
    worth, _ = session.worth()
    assert worth[0, 0] > 20 * max(worth[0, 1], worth[0, 2])
    assert skills_given(session) <= {0, 4}, "skill 0 opens two more, skill 3 none"
    for _ in range(5):
        session.note(np.array([0]), np.array([1.0]))
    worth, _ = session.worth()
    assert worth[0, 1] > worth[0, 0]


def test_promise_is_what_could_be_learnt_next() -> None:
    mastery, pace = np.array([[0.5, 0.2, 0.1, 0.9]]), np.full((1, 4), 0.2)
    of = course()
    found = promise(mastery, pace, of.order, *of.parents, 0.5)[0]
    deepest = 0.5 * 0.9
    assert found.tolist() == pytest.approx([0.5 * 0.8 * (1 + deepest), deepest, 0.0, 0.0])


def test_the_guard_rests_a_skill_longer_each_time_and_turns_to_what_it_builds_on() -> None:
    guard = Guard(course(), 1, wrong=3, rest=2, drop=5.0)
    for _ in range(2):
        guard.note(np.array([10]), np.array([0.0]))
    assert not guard.resting.any()
    guard.note(np.array([10]), np.array([0.0]))
    assert guard.factor()[0].tolist() == [5.0, RESTING, 1.0, 1.0]
    for _ in range(2):
        guard.note(np.array([30]), np.array([1.0]))
    assert not guard.resting.any()
    for _ in range(3):
        guard.note(np.array([10]), np.array([0.0]))
    for _ in range(3):
        guard.note(np.array([30]), np.array([1.0]))
    assert guard.resting[0, 1], "the second rest is twice as long"
    none = Guard(course(), 1, wrong=0, rest=2, drop=5.0)
    for _ in range(9):
        none.note(np.array([10]), np.array([0.0]))
    assert not none.resting.any()


def test_an_easier_item_of_a_skill_is_worth_a_little_more() -> None:
    of = course()
    of.difficulty[30], of.difficulty[31] = -2.0, 2.0
    alone = {**SETTINGS, "opening": 0.0}
    session = Default(of, 1, {**alone, "near": 1.0})
    assert np.flatnonzero(session.weigh(OPEN)[0]).tolist() == [30]
    near = Default(of, 1, {**alone, "near": 0.6}).weigh(OPEN)[0]
    assert near[30:40].all()
    without = OPEN.copy()
    without[0, 30] = False
    assert not session.weigh(without)[0, [30, 31]].any()
    assert session.weigh(without)[0, 32]


def test_items_are_the_near_ties_of_all_that_are_open() -> None:
    """The kernel looks into few sets of skills; weighing every item finds the same."""
    of, rng = course(), np.random.default_rng(0)
    sets, (start, skills) = of.catalog.skill_sets, of.links
    for near in (0.3, 0.9, 1.0):
        worth, mastery, open_items = rng.random((5, 4)), rng.random((5, 4)), rng.random((5, 41)) < 0.5
        guess, right = rng.uniform(0.0, 0.4, 41), rng.uniform(0.5, 1.0, 41)
        columns = sets.start, sets.skills, sets.first, sets.members
        found = best_items(worth, mastery, 0.7, 0.8, guess, right, *columns, open_items, near)
        for s in range(5):
            score = np.zeros(41)
            for i in range(41):
                asked = skills[start[i] : start[i + 1]]
                share = 0.7 if len(asked) > 1 else 1.0
                chance = guess[i] + (right[i] - guess[i]) * mastery[s, asked].prod()
                score[i] = open_items[s, i] * share * worth[s, asked].sum() * (1 + 0.8 * (chance - 0.5))
            assert found[s].tolist() == (score >= near * score.max() * (1 - 1e-12)).astype(float).tolist()


def test_the_floor_is_spread_over_what_is_worthwhile() -> None:
    session = Default(course(), 1, SETTINGS)
    given, eligible = session.weigh(OPEN)[0] > 0, session.eligible(OPEN)[0]
    assert (eligible | ~given).all()
    assert eligible[30:40].all()
    assert not eligible[20:30].any()
