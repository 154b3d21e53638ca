"""Geometry of the charts."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from engine.mastery import Status
from service.classroom.outlook import CoursePoint
from service.reports.charts import MOST, Timeline, bar, moved, spread, timeline
from service.reports.facts import Answer
from tests.service.reports.made import NOW, answer, skill, stuck

DAY = 86_400_000


def chart(*answers: Answer) -> Timeline:
    return timeline(skill(0.6), [(one, one.moves[0]) for one in answers])


def test_a_spread_is_as_wide_as_the_bar_and_shares_it_by_count() -> None:
    segments = spread(Counter({Status.NOT_STARTED: 1, Status.MASTERED: 2, Status.LEARNING: 1}), 400)
    assert [(s.look.css, s.count, s.x, s.width) for s in segments] == [
        ("mastered", 2, 0.0, 200.0),
        ("learning", 1, 200.0, 100.0),
        ("none", 1, 300.0, 100.0),
    ]
    assert segments[0].label == "● 2"


def test_a_label_that_does_not_fit_is_left_out() -> None:
    thin, wide = spread(Counter({Status.MASTERED: 1, Status.LEARNING: 99}), 400)
    assert (thin.label, wide.label) == ("", "◐ 99")


def test_a_spread_of_nobody_is_empty() -> None:
    assert spread(Counter()) == ()


def test_ranges_along_the_way_stand_at_the_last_answer_before_each_moment() -> None:
    one, answers = skill(0.6), [answer(NOW - days * DAY) for days in (9, 8, 2)]
    course = [
        CoursePoint(NOW - days * DAY + 1, name, "", 0.5, low, high)
        for days, name, low, high in (
            (10, "fractions", 0.1, 0.9),  # before any answer that is shown
            (9, "other", 0.1, 0.9),
            (8, "fractions", 0.25, 0.75),
            (2, "fractions", 0.5, 0.5),
        )
    ]
    found = timeline(one, [(each, each.moves[0]) for each in answers], course)
    assert [x + 3 for x, _, _ in found.ranges] == [found.marks[1].x, found.marks[2].x]
    assert [(y, height) for _, y, height in found.ranges] == [(42.0, 64.0), (74.0, 1.0)]


def test_a_bar_holds_the_interval_the_estimate_and_the_mark() -> None:
    found = bar(skill(0.5, low=0.3, high=0.72))
    assert (found.low, found.width, found.at, found.mark) == (30.0, 42.0, 50.0, 80.0)


def test_the_mark_is_the_skills_own() -> None:
    one = skill(0.7, threshold=0.65)
    assert bar(one).mark == 65.0
    assert timeline(one, []).mastered_y == 54.8  # 0.35 of the 128 units below the top, which is at 10


def test_an_interval_of_no_width_can_still_be_seen() -> None:
    assert bar(skill(0.5, low=0.5, high=0.5)).width > 0


def test_every_answer_is_marked_in_order_with_how_far_it_moved() -> None:
    found = chart(answer(score=1, before=0.4, after=0.6), answer(score=0, before=0.6, after=0.3), answer(score=0.5))
    assert [mark.kind for mark in found.marks] == ["right", "wrong", "partly"]
    assert [mark.x for mark in found.marks] == sorted(mark.x for mark in found.marks)
    up, down = found.marks[0], found.marks[1]
    assert up.y < up.y0  # higher on the page
    assert down.y > down.y0
    assert down.text.endswith("wrong, 60 to 30 (down 30)")
    assert found.path.startswith(f"M{up.x} {up.y0} L{up.x} {up.y} L{down.x} {down.y0}")


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_heights_stay_inside_the_frame(p: float) -> None:
    found = chart(answer(before=p, after=p))
    assert found.marks[0].y == {0.0: 138.0, 0.5: 74.0, 1.0: 10.0}[p]


def test_a_long_history_shows_its_last_part_and_says_so() -> None:
    found = chart(*(answer(NOW + at, score=at % 2) for at in range(MOST + 30)))
    assert len(found.marks) == MOST
    assert found.summary.startswith(f"The last {MOST} of {MOST + 30} answers, {MOST // 2} of them right.")
    assert max(mark.x for mark in found.marks) < 326


def test_a_tick_a_day_and_no_two_labels_in_one_place() -> None:
    found = chart(*(answer(NOW + day * DAY) for day in (0, 0, 0, *range(1, 40))))
    assert len(found.ticks) == 40
    labelled = [tick.x for tick in found.ticks if tick.label]
    assert len(labelled) > 2
    assert all(b - a >= 46 for a, b in pairwise(labelled))
    assert found.ticks[0].label == "25 Feb"


def test_the_end_is_todays_estimate_and_interval() -> None:
    found = timeline(stuck(mastery=0.3), [])
    assert found.high_y < found.end_y < found.low_y
    assert found.mastered_y == 35.6  # a fifth of the 128 units below the top, which is at 10
    assert found.summary == "0 answers."


def test_what_moved_is_the_difference_of_the_shown_numbers() -> None:
    (move,) = answer(before=0.409, after=0.4999).moves
    assert moved(move) == 9
