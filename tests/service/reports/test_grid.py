"""The grid of a class: cells, orders, filters and pages, as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.mastery import SkillMastery, Status
from service.reports.grid import PAGE, Wish, cell, grid
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


def test_pages_of_fifty_hold_everyone_once() -> None:
    facts = a_class(*((f"s{n}", (mastered(),)) for n in range(2 * PAGE + 3)))
    pages = [grid(facts, Wish("name", page=n)) for n in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [PAGE, PAGE, 3]
    assert len({row.name for page in pages for row in page.rows}) == 2 * PAGE + 3
    assert pages[0].pager.previous is None
    assert pages[1].pager.previous == "/reports/classes/4a?sort=name"
    assert pages[1].pager.following == "/reports/classes/4a?sort=name&page=3"
    assert grid(facts, Wish("name", page=99)).pager.page == 3
    assert pages[0].spreads == pages[2].spreads  # of the class, not of the page


def test_orders() -> None:
    facts = a_class(("b", (mastered(),)), ("a", (unstarted(),)), ("c", (stuck(),)))
    names = {sort: [row.name for row in grid(facts, Wish(sort)).rows] for sort in ("need", "name", "mastery")}
    assert names == {"need": ["c", "a", "b"], "name": ["a", "b", "c"], "mastery": ["b", "a", "c"]}
    assert [sort.current for sort in grid(facts, Wish("name")).sorts] == [False, True, False]


def test_the_spread_of_a_skill_is_in_words_too() -> None:
    page = grid(a_class(("a", (mastered(),)), ("b", (unstarted(),)), ("c", (mastered(),))), Wish())
    assert page.spreads[0].words == "2 mastered, 1 not started"


def test_a_skill_can_be_sorted_by_the_lowest_first() -> None:
    facts = a_class(("a", (skill(0.7),)), ("b", (unstarted(),)), ("c", (skill(0.3),)))
    found = grid(facts, Wish(by="fractions"))
    assert [row.name for row in found.rows] == ["c", "a", "b"]
    assert found.columns[0].sorted
    assert not any(sort.current for sort in found.sorts)
    assert found.columns[0].sort_url == "/reports/classes/4a?by=fractions"


def test_filters_by_status_students_and_area() -> None:
    learners = (
        ("ada", (mastered("Sums"), stuck("Halves"), unstarted("Maps"))),
        ("ben", (mastered("Sums"), mastered("Halves"), stuck("Maps"))),
    )
    facts = replace(a_class(*learners), prerequisites=(("sums", "halves"),))
    facts = replace(facts, areas={"sums": "Number", "halves": "Number", "maps": "World"})

    def shown(wish: Wish) -> tuple[list[str], list[str]]:
        found = grid(facts, wish)
        return [row.name for row in found.rows], [column.title for column in found.columns]

    everything = ["Sums", "Halves", "Maps"]
    assert shown(Wish("name")) == (["ada", "ben"], everything)
    assert shown(Wish(status="not started")) == (["ada"], everything)
    assert shown(Wish(who=("ben",))) == (["ben"], everything)
    assert shown(Wish("name", around="sums")) == (["ada", "ben"], ["Sums", "Halves"])
    assert shown(Wish("name", around="halves")) == (["ada", "ben"], ["Sums", "Halves"])
    assert shown(Wish(around="halves", status="stuck")) == (["ada"], ["Sums", "Halves"])  # ben is stuck elsewhere
    assert shown(Wish(around="maps", status="needs review")) == ([], ["Maps"])
    assert shown(Wish(around="nowhere"))[1] == []
    assert shown(Wish("name", area="Number")) == (["ada", "ben"], ["Sums", "Halves"])
    assert shown(Wish(area="World", status="stuck")) == (["ben"], ["Maps"])
    assert shown(Wish(area="World", around="sums"))[1] == shown(Wish(area="nowhere"))[1] == []
    assert grid(facts, Wish()).areas == ("Number", "World")
    assert [column.area for column in grid(facts, Wish()).columns] == ["Number", "Number", "World"]
    assert grid(facts, Wish(area="World")).everything == "/reports/classes/4a"
    assert grid(facts, Wish(status="stuck", who=("ben",))).everything == "/reports/classes/4a"
    grouped = replace(facts, groups={"ada": ("set: b",), "ben": ("set: a", "club: chess")})
    assert grid(grouped, Wish()).groups == ("club: chess", "set: a", "set: b")
    assert [row.name for row in grid(grouped, Wish(group="set: a")).rows] == ["ben"]
    assert grid(grouped, Wish(group="set: b", area="World")).csv_url == (
        "/v1/classes/4a/mastery?format=csv&area=World&group=set%3A%20b"
    )
    assert grid(facts, Wish(who=("ben",))).sorts[1].url == "/reports/classes/4a?who=ben&sort=name"
