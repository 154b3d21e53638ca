"""Recommendations and what came of them, by hand."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from engine.mastery import DAY_MS
from service.classroom import given
from service.classroom.given import Gain, given_view
from service.decisions.outcomes import Status
from service.store.base import Store
from tests.service.classroom.made import NOW, dossier


def logged(name: str, student: str, item: str, length: int, reason: str = "start", asked: int = 1) -> dict[str, Any]:
    return {
        "recommendation_id": name,
        "student_id": student,
        "item_id": item,
        "at": NOW - 3 * DAY_MS + length,
        "reason": {"code": reason, "text": ""},
        "policy": "default@2",
        "p_correct": 0.5,
        "expected_gain": 0.1,
        "history_length": length,
        "question": {"n": asked},
    }


FOUND = dossier({"ada": (("maps-0", "+", 3), ("maps-1", "-", 2), ("add-0", "+", 1)), "ben": ()})


def test_followed_overridden_and_open() -> None:
    rows = [
        logged("r0", "ada", "maps-0", 0),
        logged("r0", "ada", "maps-0", 0),  # the log says it twice: at least once is what it promises
        logged("r1", "ada", "count-0", 1),
        logged("r2", "ada", "add-0", 1, asked=2),
        logged("r3", "ada", "maps-2", 3, "review"),
        logged("r4", "ben", "gone from the catalog", 0),
        logged("r5", "somebody else", "maps-0", 0),
    ]
    view = given_view(FOUND, rows, 0)
    lines = {line.recommendation_id: line for line in view.lines}
    assert {name: (line.status, line.score, line.instead) for name, line in lines.items()} == {
        "r0": (Status.FOLLOWED, 1.0, ""),
        "r1": (Status.OVERRIDDEN, None, "maps-1"),
        "r2": (Status.FOLLOWED, 1.0, ""),
        "r3": (Status.OPEN, None, ""),
        "r4": (Status.OPEN, None, ""),
    }
    assert (lines["r4"].skills, lines["r4"].before) == ((), None)
    assert [line.recommendation_id for line in view.lines] == ["r3", "r1", "r2", "r0", "r4"]


def test_the_gain_is_from_what_was_believed_then_to_now() -> None:
    view = given_view(FOUND, [logged("r0", "ada", "maps-0", 0), logged("r1", "ada", "maps-1", 1)], 0)
    second, first = view.lines
    tracer, history = FOUND.serving.tracer, FOUND.pupils[0].history
    assert first.before == pytest.approx(float(tracer.standing(tracer.empty).mastery[3]))
    assert second.before == pytest.approx(float(tracer.standing(tracer.fold(history[:1])).mastery[3]))
    assert first.now == second.now == pytest.approx(FOUND.pupils[0].seen[3].mastery)


def test_sums_by_reason() -> None:
    rows = [
        logged("r0", "ada", "maps-0", 0),
        logged("r1", "ada", "maps-1", 1),
        logged("r3", "ada", "maps-2", 3, "review"),
    ]
    first, second = given_view(FOUND, rows, 0).sums
    assert (first.reason, first.given, first.followed, first.right, first.foreseen) == ("start", 2, 2, 0.5, 0.5)
    assert (second.reason, second.open, second.right, second.gain) == ("review", 1, None, 0.0)


def test_the_gain_where_followed_stands_beside_the_gain_where_not() -> None:
    found = dossier({name: (("maps-0", "+", 3), ("maps-1", sign, 2)) for name, sign in zip("abc", "++-", strict=True)})
    rows = [logged(f"{who}0", who, "maps-0", 0) for who in "abc"]
    rows += [logged(f"{who}1", who, "maps-1", 1) for who in "ab"] + [logged("c1", "c", "maps-2", 1)]
    view = given_view(found, rows, 0)
    (total,) = view.sums
    rise = {line.recommendation_id: line.now - line.before for line in view.lines if line.now and line.before}
    assert total.gain_followed is not None
    assert total.gain_followed.students == 3
    per_student = [(rise["a0"] + rise["a1"]) / 2, (rise["b0"] + rise["b1"]) / 2, rise["c0"]]
    assert total.gain_followed.mean == pytest.approx(sum(per_student) / 3)
    assert total.gain_followed.low is not None
    assert total.gain_followed.high is not None
    assert -1 <= total.gain_followed.low < total.gain_followed.mean < total.gain_followed.high <= 1
    assert total.gain_instead == Gain(1, rise["c1"], None, None)


def test_late_answers_do_not_disturb_what_was_believed_then() -> None:
    """The record that came second is older than the first."""
    found = dossier({"ada": (("maps-0", "+", 1), ("maps-1", "-", 2), ("maps-2", "+", 0.5))})
    view = given_view(found, [logged(f"r{n}", "ada", "maps-2", n) for n in (1, 2)], 0)
    tracer, history = found.serving.tracer, found.pupils[0].history
    wanted = [float(tracer.standing(tracer.fold(history[:n])).mastery[3]) for n in (2, 1)]
    assert [line.before for line in view.lines] == pytest.approx(wanted)


@pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)
async def test_where_the_archive_lags_the_newest_are_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [logged(f"r{n}", "ada", "maps-0", n) for n in range(5)]
    await store.append_log("recommendation", [("ada", orjson.dumps(row)) for row in rows])
    monkeypatch.setattr(given, "FRESH", 2)
    assert await given._logged(store, {"ada"}, 0) == rows[3:]
    assert await given._logged(store, {"ben"}, 0) == []
