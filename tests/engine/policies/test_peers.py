"""Each peer does what its source says, on a course small enough to say it by hand."""

import numpy as np
import pytest

from engine.policies.alosi import Alosi
from engine.policies.policy import Policy, PolicyError, shipped
from engine.policies.rule import Session
from engine.policies.simple import FixedOrder, MasteryOrder, MaxInformation, OuterFringe, information
from engine.policies.zpdes import Zpdes
from tests.engine.policies.worlds import OPEN, course


def skills_given(session: Session) -> set[int]:
    """Skills of the items that may be given now; 4 is the pair of 0 and 1."""
    return set((np.flatnonzero(session.weigh(OPEN)[0]) // 10).tolist())


def answer(session: Session, skill: int, *scores: float) -> None:
    for score in scores:
        session.note(np.array([10 * skill]), np.array([score]))


def test_fixed_order_gives_so_many_items_a_skill_whatever_the_answers() -> None:
    session, seen = FixedOrder(course(), 1, {"items": 2}), []
    for _ in range(8):
        seen.append(int(np.flatnonzero(session.weigh(OPEN)[0])[0]) // 10)
        answer(session, seen[-1], 0.0)
    assert seen == [0, 0, 3, 3, 1, 1, 2, 2]


def test_mastery_order_stays_until_mastered_or_capped() -> None:
    session = MasteryOrder(course(), 1, {"mastered": 0.95, "most": 4})
    first = min(skills_given(session) - {4})
    answer(session, first, 0.0, 0.0, 0.0)
    assert first in skills_given(session)
    answer(session, first, 0.0)
    assert first not in skills_given(session) - {4}


def test_the_outer_fringe_opens_as_prerequisites_are_mastered() -> None:
    session = OuterFringe(course(), 1, {"mastered": 0.9, "most": 20})
    assert skills_given(session) == {0, 3}
    answer(session, 0, 1.0, 1.0, 1.0, 1.0)
    assert skills_given(session) == {1, 3, 4}, "skill 0 is mastered, 1 is open, and the pair has an open skill"


def test_zpdes_moves_on_after_success_and_prefers_progress() -> None:
    settings = {"window": 4, "initial": 0.5, "gamma": 0.1, "beta": 0.5, "eta": 1.0, "passed": 1.0, "most": 20}
    session = Zpdes(course(), 1, settings)
    assert skills_given(session) == {0, 3}
    answer(session, 0, 0.0, 0.0, 1.0, 1.0)
    answer(session, 3, 0.0, 0.0, 0.0, 0.0)
    weights = session.weigh(OPEN)[0]
    assert weights[:10].sum() > 3 * weights[30:40].sum(), "progress on 0, none on 3"
    answer(session, 0, 1.0, 1.0)
    assert skills_given(session) == {1, 3, 4}


def test_alosi_scores_as_its_formula() -> None:
    settings = {"mastered": 2.0, "forgiven": 0.0, "readiness": 1.0, "demand": 2.0, "difficulty": 0.0, "continuity": 0.0}
    session = Alosi(course(), 1, settings)
    known, relevance = np.log(0.3 / 0.7), np.log(4.0) + np.log(9.0)
    short = known - 2.0
    of_root, of_child = -2.0 * short * relevance, (short - 2.0 * short) * relevance
    assert of_root > of_child > 0
    assert skills_given(session) == {4}, "the pair asks for two skills in demand"
    assert of_root + of_child > of_root


def test_information_is_greatest_where_an_answer_is_open() -> None:
    p = np.linspace(0.0, 1.0, 101)[None, :]
    told = information(p, np.full(101, 0.2), np.full(101, 0.1))[0]
    assert told[0] == pytest.approx(0.0, abs=1e-9)
    assert told[-1] == pytest.approx(0.0, abs=1e-9)
    assert 0.35 < p[0, told.argmax()] < 0.65
    right = 0.5 * 0.9 + 0.5 * 0.2
    joint = np.array([[0.45, 0.05], [0.1, 0.4]])
    by_hand = (joint * np.log(joint / np.outer([0.5, 0.5], [right, 1 - right]))).sum()
    assert told[50] == pytest.approx(by_hand)


def test_max_information_asks_what_it_knows_least() -> None:
    session = MaxInformation(course(), 1, {"near": 0.999})
    assert skills_given(session) == {4}
    for skill in (0, 1):
        answer(session, skill, 1.0, 1.0, 1.0, 1.0, 1.0)
    assert skills_given(session) == {2, 3}


@pytest.mark.parametrize("name", shipped())
def test_every_policy_chooses_an_open_item_for_every_student(name: str) -> None:
    session, rng = shipped()[name].start(course(), 3), np.random.default_rng(0)
    open_items = np.ones((3, 41), bool)
    for _ in range(12):
        weights = np.asarray(session.weigh(open_items))
        assert weights.shape == (3, 41)
        assert np.isfinite(weights).all()
        assert (weights >= 0).all()
        items = rng.integers(0, 41, 3)
        open_items[np.arange(3), items] = False
        session.note(items, rng.integers(0, 2, 3).astype(float))


def test_a_policy_that_cannot_be_meant_is_refused() -> None:
    with pytest.raises(PolicyError, match="no rule 'best'"):
        Policy("x", "1", "best")
    with pytest.raises(PolicyError, match="share"):
        Policy("x", "1", "random", exploration=2.0)
    with pytest.raises(PolicyError, match="needs the setting 'items'"):
        Policy("x", "1", "fixed-order").start(course(), 1)
