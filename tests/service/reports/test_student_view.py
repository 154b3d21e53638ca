"""The student page, as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.mastery import SkillMastery, Status
from service.reports.facts import Next
from service.reports.student_view import PAGE, student_page
from tests.service.reports.made import NOW, a_student, answer, mastered, skill, stuck, unknown, unstarted


@pytest.mark.parametrize(
    ("skills", "headline"),
    [
        ((stuck("A"), skill(title="B")), "Stuck on A: many answers, and the estimate stays low."),
        ((skill(title="A"), mastered("B")), "Learning A; not stuck on anything."),
        (
            (skill(0.86, 9, Status.NEEDS_REVIEW, "A"), mastered("B")),
            "Everything with enough answers has been mastered; A could be refreshed.",
        ),
        ((mastered("A"), unstarted("B")), "Everything with enough answers is mastered."),
        (
            (skill(0.4, 1, Status.NOT_ENOUGH_EVIDENCE),),
            "There are too few answers on each skill to say how well it is known.",
        ),
        ((unstarted(),), "There is no answer yet on any skill of the catalog."),
    ],
)
def test_headline(skills: tuple[SkillMastery, ...], headline: str) -> None:
    assert student_page(a_student(skills)).headline == headline


def test_skills_stand_by_urgency_and_what_has_not_begun_stands_apart() -> None:
    skills = (unstarted("N"), mastered("M"), skill(0.8, title="L"), stuck("S"), skill(0.3, title="l"))
    page = student_page(a_student(skills))
    assert [row.title for row in page.rows] == ["S", "l", "L", "M"]
    assert [row.stuck for row in page.rows] == [True, False, False, False]
    assert page.not_started == ("N",)


def test_each_skill_has_its_own_mark() -> None:
    skills = (skill(0.7, title="A", threshold=0.9), skill(0.72, 9, Status.MASTERED, "B", threshold=0.7))
    page = student_page(a_student(skills))
    assert [(row.title, row.mark, row.bar.mark) for row in page.rows] == [("A", 90, 90.0), ("B", 70, 70.0)]


def test_what_was_forgotten_is_urgent_and_no_failure() -> None:
    faded = skill(0.55, 12, Status.NEEDS_REVIEW, "A")
    page = student_page(a_student((mastered("M"), faded)))
    assert [(row.title, row.stuck) for row in page.rows] == [("A", False), ("M", False)]
    assert page.headline == "Everything with enough answers has been mastered; A could be refreshed."


def test_answers_stand_newest_first_with_what_they_moved() -> None:
    page = student_page(a_student((skill(),), (answer(NOW - 60_000, 0.0, 0.6, 0.4), answer(NOW, 0.5, 0.4, 0.4))))
    newest, oldest = page.answers
    assert (newest.result, newest.shifts[0].change) == ("partly right (50%)", "±0")
    shift = oldest.shifts[0]
    assert (oldest.symbol, shift.before, shift.after, shift.change, shift.css) == ("✗", 60, 40, "−20", "down")
    assert newest.iso == "2026-02-25T06:13:20Z"


def test_answers_to_unknown_items_are_shown_and_counted_apart() -> None:
    page = student_page(a_student((skill(),), (unknown(), answer(), unknown())))
    assert page.unknown == 2
    assert [row.known for row in page.answers] == [False, True, False]
    assert page.answers[0].item == "item not in the catalog"
    assert sum(len(chart.marks) for chart in page.charts) == 1


def test_a_chart_for_every_practised_skill() -> None:
    page = student_page(a_student((unstarted("A"), skill(title="B")), (answer(title="B"), answer(title="B"))))
    assert [(chart.skill.title, len(chart.marks)) for chart in page.charts] == [("B", 2)]


def test_pages_of_answers_hold_each_once_and_keep_the_way_back() -> None:
    facts = a_student((skill(),), tuple(answer(NOW + n) for n in range(2 * PAGE + 1)))
    pages = [student_page(facts, n, "4/a") for n in (1, 2, 3)]
    assert [len(page.answers) for page in pages] == [PAGE, PAGE, 1]
    assert [page.answers_from for page in pages] == [1, PAGE + 1, 2 * PAGE + 1]
    assert pages[1].newer == "/reports/students/ada?class=4%2Fa&page=1#answers"
    assert (pages[0].newer, pages[2].older) == (None, None)
    assert pages[0].came_from == ("4/a", "/reports/classes/4%2Fa")
    assert student_page(facts).came_from is None


def test_next_says_why() -> None:
    (step,) = student_page(a_student((skill(),))).steps
    assert (step.text, step.items) == ("Fractions is new.", (("A third", 62),))


def test_items_with_one_reason_are_told_together_in_their_order() -> None:
    facts = a_student((skill(),))
    (item,) = facts.next.items
    other = replace(item, text="Another reason.")
    steps = student_page(replace(facts, next=Next("", (item, item, other, item)))).steps
    assert [(step.text, len(step.items)) for step in steps] == [
        ("Fractions is new.", 2),
        ("Another reason.", 1),
        ("Fractions is new.", 1),
    ]


def test_facts_of_someone_who_never_answered() -> None:
    facts = dict(student_page(a_student((mastered(), unstarted("B")))).facts)
    assert facts == {"Answers": "0", "Mastered": "1 of 2 skills", "Last answer": "none yet"}
