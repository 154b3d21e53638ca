"""A student's course and what is about to be forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.mastery import DAY_MS, Thresholds
from engine.tracing import bind
from service.classroom.outlook import MOMENTS, outlook
from tests.service.classroom.made import CATALOG, NOW, dossier
from tests.service.made import forgetful


def test_what_is_not_practised_will_need_review_when_the_rule_says() -> None:
    """Under the untrained model nothing is forgotten: review is due 28 days after the last answer."""
    answered = (("maps-0", "+" * 10, 20.0), ("count-0", "+" * 10, 26.0), ("add-0", "-" * 9, 25.0), ("carry-0", "+", 2))
    view = outlook(dossier({"ada": answered}).pupils[0])
    assert [(one.skill_id, one.days) for one in view.fading] == [("count", 2 + 1), ("maps", 8 + 1)]
    assert view.fading[0].then == view.fading[0].mastery


def test_what_a_model_forgets_falls_below_the_mark_before_that() -> None:
    one = dossier({"ada": (("maps-0", "+" * 20, 0.1),)}).pupils[0]
    one = replace(one, tracer=bind(forgetful(), CATALOG), rules=Thresholds(mastered=0.6))
    (fading,) = outlook(one).fading
    at = [one.tracer.standing(one.state, one.now + days * DAY_MS).mastery[3] for days in range(fading.days + 1)]
    assert fading.then == at[-1] < 0.6 <= at[-2] <= fading.mastery == at[0]


def test_the_course_tells_each_moment_as_it_was_then() -> None:
    runs = tuple(("maps-0", "+-", days) for days in range(30, 1, -1))
    one = dossier({"ada": (*runs, ("count-0", "+", 1))}).pupils[0]
    view = outlook(one)
    moments = sorted({point.at for point in view.course})
    assert len(moments) == MOMENTS
    assert all(point.low <= point.mastery <= point.high for point in view.course)
    maps = [point for point in view.course if point.skill_id == "maps"]
    assert len(maps) == MOMENTS
    assert [point.skill_id for point in view.course if point.at == moments[-1]] == ["count", "maps"]
    then = maps[4]
    past = one.history[one.history["at"] <= then.at]
    state = one.tracer.fold(past)
    assert then.mastery == pytest.approx(float(one.tracer.standing(state, then.at).mastery[3]))
    assert then.low == pytest.approx(float(one.tracer.interval(past, state, then.at)[0][3]))


def test_a_student_without_answers_has_no_course() -> None:
    view = outlook(dossier({"new": ()}).pupils[0])
    assert (view.fading, view.course) == ((), ())
    assert NOW % DAY_MS == DAY_MS // 2
