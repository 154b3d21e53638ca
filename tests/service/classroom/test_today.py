"""Class today: each rule on students made for it."""

from __future__ import annotations

import pytest

from engine.mastery import DAY_MS
from service.classroom.today import Action, Kind, today
from service.errors import InvalidRequest
from tests.service.classroom.made import NOW, dossier

RIGHT, WRONG = "+" * 10, "-" * 12


def test_who_is_stuck_stands_before_who_idles_and_the_worst_first() -> None:
    view = today(
        dossier(
            {
                "idle": (("count-0", "+", 20),),
                "new": (),
                "one": (("maps-0", WRONG, 1),),
                "two": (("count-0", "-" * 11, 2), ("maps-0", WRONG, 1)),
                "fine": (("count-0", RIGHT, 1),),
            }
        )
    )
    lines = view.of(Kind.STUCK, Kind.IDLE)
    assert [(line.kind, line.student_id) for line in lines] == [
        (Kind.STUCK, "two"),
        (Kind.STUCK, "one"),
        (Kind.IDLE, "idle"),
        (Kind.IDLE, "new"),
    ]
    worst = lines[0]
    assert (worst.skill_id, worst.responses, worst.others) == ("maps", 12, 1)
    assert worst.low is not None
    assert worst.high is not None
    assert worst.mastery is not None
    assert worst.low <= worst.mastery <= worst.high
    assert (lines[3].last_practised, lines[3].action) == (None, Action.ASK)


def test_what_to_do_with_who_is_stuck() -> None:
    lacking = (("count-0", "----", 2), ("add-0", WRONG, 1))
    found = dossier({"lacking": lacking, "alone": (("maps-0", WRONG, 1),)})
    by_name = {line.student_id: line for line in today(found).of(Kind.STUCK)}
    assert (by_name["lacking"].action, by_name["lacking"].to_skill_id) == (Action.GO_BACK, "count")
    assert (by_name["alone"].action, by_name["alone"].to_skill_id) == (Action.SIT_DOWN, "")
    together = today(dossier(dict.fromkeys("abc", (("maps-0", WRONG, 1),))))
    assert {line.action for line in together.of(Kind.STUCK)} == {Action.TEACH_TOGETHER}


def test_ready_is_who_has_mastered_what_they_practise_and_what_the_next_skill_builds_on() -> None:
    view = today(
        dossier(
            {
                "on": (("count-0", RIGHT, 1),),
                "still": (("count-0", RIGHT, 2), ("add-0", "+-", 1)),
                "elsewhere": (("maps-0", RIGHT, 1),),
                "stuck beside": (("maps-0", WRONG, 2), ("count-0", RIGHT, 1)),
                "long ago": (("count-0", RIGHT, 9),),
                "done": tuple((f"{skill}-0", RIGHT, 1) for skill in ("count", "add", "carry", "maps")),
            }
        )
    )
    found = {line.student_id: (line.skill_id, line.to_skill_id, line.action) for line in view.of(Kind.READY)}
    assert found == {
        "on": ("count", "add", Action.MOVE_ON),  # what builds on it, not maps
        "elsewhere": ("maps", "count", Action.MOVE_ON),
    }


def test_what_changed_since_a_moment() -> None:
    view = today(
        dossier(
            {
                "up": (("maps-0", "---", 20), ("maps-1", RIGHT, 2)),
                "before": (("maps-0", RIGHT, 20),),
                "down": (("maps-0", RIGHT, 20), ("maps-1", "-" * 9, 2)),
                "sunk": (("maps-0", "-" * 5, 20), ("maps-0", "-" * 7, 2)),
                "freed": (("maps-0", WRONG, 20), ("maps-0", "+" * 4, 2)),
            }
        ),
        "7d",
    )
    changes = {line.student_id: line for line in view.lines if line.before is not None}
    assert {name: line.kind for name, line in changes.items() if name != "freed"} == {
        "up": Kind.GAINED,
        "down": Kind.LOST,
        "sunk": Kind.BECAME_STUCK,
    }
    assert {line.kind for line in view.lines if line.student_id == "freed"} >= {Kind.CAME_UNSTUCK}
    for line in changes.values():
        assert line.before is not None
        assert line.mastery is not None
        assert (line.mastery > line.before) is (line.kind in {Kind.GAINED, Kind.CAME_UNSTUCK})


def test_the_last_lesson_is_the_last_day_on_which_a_quarter_answered() -> None:
    found = dossier(
        {"a": (("maps-0", "+", 3),), "b": (("maps-0", "+", 3), ("maps-1", "+", 1)), **dict.fromkeys("cdefg", ())}
    )
    assert found.lesson() == NOW // DAY_MS * DAY_MS - 3 * DAY_MS
    assert dossier({"a": ()}).lesson() == NOW - 7 * DAY_MS


@pytest.mark.parametrize(
    ("text", "moment"), [("0d", NOW), ("28d", NOW - 28 * DAY_MS), ("2027-01-01", 1_798_761_600_000)]
)
def test_since_names_a_moment(text: str, moment: int) -> None:
    assert dossier({}).since(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "-1d", "2027-13-01", "99999d", "７d", "2027-1-1"])
def test_what_names_no_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="no day"):
        dossier({}).since(text)
