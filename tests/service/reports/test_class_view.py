"""The class page and the overview, as data."""

from __future__ import annotations

import pytest

from engine.mastery import SkillMastery, Status
from service.reports.class_view import PAGE, cell, class_line, class_page
from tests.service.reports.made import a_class, mastered, skill, stuck, unstarted


@pytest.mark.parametrize(
    ("one", "shown", "detail", "said"),
    [
        (skill(0.878, 9, Status.MASTERED), "● 87", "77–97 · 9", "mastered: 87, between 77 and 97, 9 answers"),
        (skill(0.62, 5), "◐ 62", "52–72 · 5", "learning: 62, between 52 and 72, 5 answers"),
        (stuck(), "◐ 31", "21–41 · 14", "stuck, learning: 31, between 21 and 41, 14 answers"),
        (
            skill(0.401, 1, Status.NOT_ENOUGH_EVIDENCE),
            "? 40",
            "30–50 · 1",
            "not enough evidence: 40, between 30 and 50, 1 answer",
        ),
        (unstarted(), "○ –", "", "not started"),
        (skill(0.86, 8, Status.NEEDS_REVIEW), "↻ 86", "76–96 · 8", "needs review: 86, between 76 and 96, 8 answers"),
        (skill(0.62, 8, Status.NEEDS_REVIEW), "↻ 62", "52–72 · 8", "needs review: 62, between 52 and 72, 8 answers"),
    ],
)
def test_cells_say_in_symbol_number_and_words(one: SkillMastery, shown: str, detail: str, said: str) -> None:
    found = cell(one)
    assert (found.shown, found.detail, found.said) == (shown, detail, said)


def test_below_the_mark_is_never_shown_as_at_the_mark() -> None:
    assert cell(skill(0.7999, 9)).shown == "◐ 79"


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
    assert [(one.title, one.mark) for one in page.skills] == [("A", 90), ("B", 65)]


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
    assert page.stuck == ()


def test_the_list_of_stuck_students_is_short_and_counts_the_rest() -> None:
    page = class_page(a_class(*((f"s{n}", (stuck("A"), stuck("B", 20))) for n in range(8))))
    assert (len(page.stuck), page.stuck_left) == (5, 3)
    assert page.stuck[0].skill == "B"
    assert page.stuck[0].others == 1
    assert page.stuck[0].evidence == "20 answers, estimate 31 (between 21–41)"


def test_pages_of_fifty_hold_everyone_once() -> None:
    facts = a_class(*((f"s{n}", (mastered(),)) for n in range(2 * PAGE + 3)))
    pages = [class_page(facts, "name", n) for n in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [PAGE, PAGE, 3]
    assert len({row.name for page in pages for row in page.rows}) == 2 * PAGE + 3
    assert pages[0].pager.previous is None
    assert pages[1].pager.previous == "/reports/classes/4a?sort=name"
    assert pages[1].pager.following == "/reports/classes/4a?sort=name&page=3"
    assert class_page(facts, "name", 99).pager.page == 3
    assert pages[0].spreads == pages[2].spreads  # of the class, not of the page


def test_orders() -> None:
    facts = a_class(("b", (mastered(),)), ("a", (unstarted(),)), ("c", (stuck(),)))
    names = {sort: [row.name for row in class_page(facts, sort).rows] for sort in ("need", "name", "mastery")}
    assert names == {"need": ["c", "a", "b"], "name": ["a", "b", "c"], "mastery": ["b", "a", "c"]}
    assert [sort.current for sort in class_page(facts, "name").sorts] == [False, True, False]


def test_the_spread_of_a_skill_is_in_words_too() -> None:
    page = class_page(a_class(("a", (mastered(),)), ("b", (unstarted(),)), ("c", (mastered(),))))
    assert page.spreads[0].words == "2 mastered, 1 not started"


def test_without_a_catalog_and_without_answers() -> None:
    bare = class_page(a_class(("ada", ())))
    assert (bare.skills, bare.has_answers) == ((), False)
    assert class_page(a_class(("ada", (unstarted(),)))).has_answers is False
    assert class_page(a_class()).rows == ()


def test_a_line_of_the_overview() -> None:
    line = class_line(a_class(("a", (stuck("A"), stuck("B"))), ("b", (mastered("A"), unstarted("B"))), id="4/a"))
    assert (line.url, line.students, line.stuck) == ("/reports/classes/4%2Fa", 2, 1)
    assert line.spread.words == "1 mastered, 2 learning, 1 not started"
