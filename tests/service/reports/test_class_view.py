"""The class page and the overview, as data."""

from __future__ import annotations

import pytest

from engine.mastery import SkillMastery, Status
from service.reports.class_view import class_line, class_page
from tests.service.reports.made import a_class, mastered, skill, stuck, summed, unstarted


def test_the_brief_names_who_what_how_sure_and_what_next() -> None:
    brief = class_page(
        a_class(
            ("ada", (stuck("Fractions"), mastered("Sums"))),
            ("ben", (stuck("Fractions"), stuck("Sums", 20))),
            ("cem", (mastered("Fractions"), skill(0.5, 1, Status.NOT_ENOUGH_EVIDENCE, "Sums"))),
        )
    ).brief
    assert brief.who == "2 of 3 students: ben and ada."
    assert brief.what == "Fractions (2 students) and Sums (1 student)."
    assert brief.sure.startswith("For 3 of 3 findings, even the high end of the estimate is below the skill's mark")
    assert "for mastered (80)." in brief.sure
    assert "1 of the 6 started cells" in brief.sure
    assert brief.next.startswith("Take ben and ada together for Fractions")


def test_what_is_not_sure_is_not_called_sure() -> None:
    wide = skill(0.5, 12, low=0.1, high=0.97)
    brief = class_page(a_class(("ada", (wide,)))).brief
    assert brief.sure.startswith("For 0 of 1 finding,")
    assert brief.next.startswith("Look at Fractions with ada")


def test_how_sure_a_finding_is_goes_by_the_skills_own_mark() -> None:
    """Both may be as high as 0.7: below what the one asks for, and not below what the other does."""
    strict = skill(0.5, 12, title="A", high=0.7, threshold=0.9)
    mild = skill(0.5, 12, title="B", high=0.7, threshold=0.65)
    page = class_page(a_class(("ada", (strict, mild))))
    assert page.brief.sure.startswith("For 1 of 2 findings,")
    assert "for mastered (65 to 90)." in page.brief.sure
    assert [(one.title, one.mark) for one in page.grid.columns] == [("A", 90), ("B", 65)]


@pytest.mark.parametrize(
    ("skills", "following"),
    [
        ((skill(),), "1 student can go on practising"),
        ((skill(0.67, 9, Status.NEEDS_REVIEW),), "1 student can refresh"),
        ((unstarted(),), "More answers are needed"),
    ],
)
def test_nobody_stuck_is_said_and_nothing_invented(skills: tuple[SkillMastery, ...], following: str) -> None:
    page = class_page(a_class(("ada", skills)))
    assert page.brief.who == "Nobody, by the answers so far."
    assert page.brief.next.startswith(following)


def test_without_a_catalog_and_without_answers() -> None:
    bare = class_page(a_class(("ada", ())))
    assert (bare.grid.columns, bare.has_answers) == ((), False)
    assert class_page(a_class(("ada", (unstarted(),)))).has_answers is False
    assert class_page(a_class()).grid.rows == ()


def test_a_line_of_the_overview() -> None:
    line = class_line(
        summed(a_class(("a", (stuck("A"), stuck("B"))), ("b", (mastered("A"), unstarted("B"))), id="4/a"))
    )
    assert (line.url, line.students, line.stuck) == ("/reports/classes/4%2Fa", 2, 1)
    assert line.spread.words == "1 mastered, 2 learning, 1 not started"
