import numpy as np
import pytest

from engine.policies.default import Default
from engine.policies.gain import promise
from engine.policies.guard import RESTING, Guard
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
    scores = Default(of, 1, SETTINGS).scores()[0]
    assert scores[30] > scores[32] > scores[31] > 0.6 * scores[30]


def test_the_floor_is_spread_over_what_is_worthwhile() -> None:
    session = Default(course(), 1, SETTINGS)
    given, eligible = session.weigh(OPEN)[0] > 0, session.eligible(OPEN)[0]
    assert (eligible | ~given).all()
    assert eligible[30:40].all()
    assert not eligible[20:30].any()
