"""The page for parents: what is said of whom, in plain words."""

from __future__ import annotations

from dataclasses import replace

from engine.mastery import DAY_MS, Status
from service.classroom.outlook import Fading
from service.reports.parents_view import parents_page
from tests.service.reports.made import NOW, a_student, answer, mastered, skill, stuck, unstarted


def test_each_skill_stands_under_one_plain_heading() -> None:
    skills = (
        mastered("Sums"),
        skill(0.86, 8, Status.NEEDS_REVIEW, "Halves"),
        skill(0.75, 8, title="Maps"),
        skill(0.5, 8, title="Time"),
        stuck("Money"),
        skill(0.4, 1, Status.NOT_ENOUGH_EVIDENCE, "Shapes"),
        unstarted("Ratios"),
    )
    answers = (answer(NOW - 40 * DAY_MS, 1, 0.7, 0.9, "Sums"), answer(NOW - DAY_MS, 1, 0.7, 0.9, "Halves"))
    facts = replace(a_student(skills, answers), fading=(Fading("sums", "Sums", 0.87, 5, 0.79),))
    page = parents_page(facts)
    assert page.can == ("Sums", "Halves")
    assert page.new == "New in the last four weeks: Halves."
    assert page.works_on == (("Maps", "nearly there"), ("Time", "on the way"))
    assert page.stuck == ("Money",)
    assert page.refresh == ("Halves", "Sums")
    assert (page.unsure, page.to_come, page.next) == (("Shapes",), ("Ratios",), ("Fractions",))
    assert page.told == "ada practised on 1 day in the last four weeks; questions answered: 1."


def test_without_answers_there_is_nothing_to_tell() -> None:
    assert parents_page(a_student((unstarted(),))).told.startswith("There is no answer of ada yet")


def test_who_has_not_answered_lately_is_told_since_when() -> None:
    page = parents_page(a_student((mastered(),), (answer(NOW - 60 * DAY_MS),)))
    assert page.told.startswith("ada last answered on ")
