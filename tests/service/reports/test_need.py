"""Who needs help first."""

from __future__ import annotations

import pytest

from engine.mastery import LOW, MANY, SkillMastery, Status
from service.reports.facts import Learner
from service.reports.need import by_mastery, by_name, by_need, need
from tests.service.reports.made import mastered, skill, stuck, unstarted


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (skill(LOW - 0.01, MANY), True),
        (skill(LOW, MANY), False),
        (skill(LOW - 0.01, MANY - 1), False),
        (skill(0.2, MANY, Status.NOT_ENOUGH_EVIDENCE), False),  # a school may ask for more answers than we do
        (skill(LOW - 0.1, MANY, Status.NEEDS_REVIEW), False),  # forgotten, which practice will mend
        (mastered(), False),
    ],
)
def test_stuck_is_many_answers_a_low_estimate_and_the_engines_word(one: SkillMastery, expected: bool) -> None:
    assert one.stuck is expected


def test_those_who_struggle_stand_before_those_who_idle() -> None:
    learners = [
        Learner("idle", (unstarted("A"), unstarted("B"))),
        Learner("fine", (mastered("A"), mastered("B"))),
        Learner("twice", (stuck("A"), stuck("B"))),
        Learner("learning", (skill(title="A"), mastered("B"))),
        Learner("longer", (stuck("A", responses=30), mastered("B"))),
        Learner("once", (stuck("A"), mastered("B"))),
    ]
    order = [n.learner.student_id for n in by_need(map(need, learners))]
    assert order == ["twice", "longer", "once", "learning", "idle", "fine"]


def test_the_skill_with_most_answers_stands_first() -> None:
    found = need(Learner("ada", (stuck("A", 11), stuck("B", 25), stuck("C", 12))))
    assert [one.title for one in found.stuck] == ["B", "C", "A"]


@pytest.mark.parametrize(
    ("skills", "why"),
    [
        ((stuck(), mastered("B")), "stuck on 1 skill"),
        ((skill(), skill(title="B"), mastered("C")), "learning 2 skills"),
        ((skill(0.67, 9, Status.NEEDS_REVIEW), mastered("B")), "1 skill to review"),
        ((mastered(),), "1 skill mastered"),
        ((skill(0.87, 1, Status.NOT_ENOUGH_EVIDENCE),), "too few answers"),
        ((unstarted(),), "not started"),
        ((), "not started"),
    ],
)
def test_why(skills: tuple[SkillMastery, ...], why: str) -> None:
    assert need(Learner("ada", skills)).why == why


def test_other_orders() -> None:
    needs = [need(Learner(name, skills)) for name, skills in (("b10", ()), ("b9", (mastered(),)), ("A1", (stuck(),)))]
    assert [n.learner.student_id for n in by_name(needs)] == ["A1", "b9", "b10"]
    assert [n.learner.student_id for n in by_mastery(needs)] == ["b9", "A1", "b10"]
