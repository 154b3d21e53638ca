"""A skill of a class: who is where, who is held back by what, and what its items did."""

from __future__ import annotations

import pytest

from engine.mastery import Status
from service.classroom.skill import skill_view
from service.errors import UnknownSkills
from tests.service.classroom.made import dossier

CLASS = {
    "far": (("count-0", "+" * 10, 3), ("add-0", "+" * 10, 2), ("carry-0", "+" * 10, 1)),
    "stuck": (("count-0", "+" * 10, 3), ("add-0", "-" * 12, 2)),
    "early": (("count-0", "-" * 4, 2),),
    "new": (),
}


def test_who_is_where_and_what_they_lack() -> None:
    view = skill_view(dossier(CLASS), "add")
    assert [(line.student_id, line.status) for line in view.lines] == [
        ("stuck", Status.LEARNING),
        ("early", Status.NOT_STARTED),
        ("new", Status.NOT_STARTED),
        ("far", Status.MASTERED),
    ]
    assert [line.lacks for line in view.lines] == [(), ("Counting",), ("Counting",), ()]
    assert view.lines[0].stuck
    assert (view.waiting, view.counts[Status.NOT_STARTED]) == (3, 2)


def test_everything_that_it_builds_on_counts_whom_it_holds_back() -> None:
    view = skill_view(dossier(CLASS), "carry")
    assert [(one.skill_id, one.direct, one.students) for one in view.holding] == [("add", True, 3), ("count", False, 2)]
    assert skill_view(dossier(CLASS), "count").holding == ()


def test_items_tell_what_followed_them() -> None:
    view = skill_view(dossier({"a": (("maps-0", "+-", 2), ("maps-1", "+", 1)), "b": (("maps-0", "+", 1),)}), "maps")
    first, second, untouched = view.items
    assert (first.item_id, first.answers, first.students, first.nexts, first.next_right) == ("maps-0", 3, 2, 2, 1)
    assert first.right == pytest.approx(2 / 3)
    assert (second.item_id, second.answers, second.nexts) == ("maps-1", 1, 0)
    assert second.before is not None
    assert second.after is not None
    assert second.after > second.before
    assert (untouched.answers, untouched.right, untouched.before) == (0, None, None)


def test_a_skill_that_the_catalog_does_not_hold() -> None:
    with pytest.raises(UnknownSkills):
        skill_view(dossier(CLASS), "nowhere")
