"""Groups: suggested by the rule, and as a teacher has changed them."""

from __future__ import annotations

import pytest

from service.classroom.groups import GroupChange, groups_view
from service.errors import InvalidRequest, UnknownSkills
from tests.service.classroom.made import dossier

LEARNING = "+-+-"
CLASS = {
    "a": (("maps-0", LEARNING, 1),),
    "b": (("maps-0", LEARNING, 1), ("count-0", LEARNING, 1)),
    "c": (("maps-0", "-" * 12, 1),),
    "d": (("count-0", LEARNING, 1),),
    "e": (("count-0", "+" * 10, 1),),
}


def test_who_shares_a_gap_is_put_together() -> None:
    view = groups_view(dossier(CLASS))
    assert [(g.number, g.skill_id, [one.student_id for one in g.students]) for g in view.groups] == [
        (1, "maps", ["a", "b", "c"])
    ]
    assert [one.stuck for one in view.groups[0].students] == [False, False, True]
    assert [(one.student_id, one.skill_id) for one in view.alone] == [("d", "count")]
    assert [(one.student_id, one.mastery) for one in view.without_gap] == [("e", None)]
    assert not view.changed


def test_a_teacher_may_put_anybody_anywhere() -> None:
    change = GroupChange(("maps", "add"), ("a", "b", "c", "d", "e", "left the class"), (0, 1, 2, 2, 2, 1))
    view = groups_view(dossier(CLASS), change)
    assert view.changed
    assert [(g.skill_id, [one.student_id for one in g.students]) for g in view.groups] == [
        ("maps", ["b"]),
        ("add", ["c", "d", "e"]),
    ]
    assert [one.student_id for one in view.alone] == ["a"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (GroupChange(("nowhere",), (), ()), UnknownSkills),
        (GroupChange(("maps",), ("a",), ()), InvalidRequest),
        (GroupChange(("maps",), ("a",), (2,)), InvalidRequest),
        (GroupChange(("maps",), ("a",), (-1,)), InvalidRequest),
    ],
)
def test_what_does_not_fit_is_refused(change: GroupChange, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        groups_view(dossier(CLASS), change)


def test_nobody_in_the_class_lacks_anything() -> None:
    view = groups_view(dossier({"a": (), "b": ()}))
    assert (view.groups, view.alone, len(view.without_gap)) == ((), (), 2)
