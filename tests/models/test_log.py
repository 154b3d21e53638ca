"""Columns of answers: order, identity, and data that hurts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from models.log import DataError, ResponseLog
from models.tables import normal_ids

ROWS: dict[str, list[Any]] = {
    "student_id": ["b", "a", "a", "b", "a"],
    "item_id": ["i2", "i1", "i3", "i1", "i2"],
    "skill_ids": ["x;y", "x", "y; x;y", "x", "y;x"],
    "correct": [1, 0, 1, 0, 1],
    "timestamp": [5, 9, 3, 1, 3],
}


def _frame(**changed: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({**ROWS, **changed})


def _without(*names: str) -> pd.DataFrame:
    return _frame().drop(columns=list(names))


def test_rows_stand_by_student_and_time_and_where_times_are_equal_in_the_order_of_the_source() -> None:
    log = ResponseLog.from_frame(_frame())
    assert [log.students[s] for s in log.student] == ["a", "a", "a", "b", "b"]
    assert log.at.tolist() == [3, 3, 9, 1, 5]
    assert [log.items[i] for i in log.item] == ["i3", "i2", "i1", "i1", "i2"]
    assert [log.tags[t] for t in log.tag] == [("x", "y"), ("x", "y"), ("x",), ("x",), ("x", "y")]
    assert log.bounds.tolist() == [0, 3, 5]


def test_a_skill_named_twice_counts_once_and_every_skill_of_an_answer_has_its_link() -> None:
    log = ResponseLog.from_frame(_frame())
    row, link = log.expand()
    assert row.tolist() == [0, 0, 1, 1, 2, 3, 4, 4]
    assert [log.skills[log.tag_skill[j]] for j in link] == ["x", "y", "x", "y", "x", "x", "x", "y"]


def test_the_same_answers_have_the_same_digest_whatever_their_types_and_order() -> None:
    whole = ResponseLog.from_frame(_frame(student_id=[2, 1, 1, 2, 1], timestamp=[5, 9, 3, 1, 4]))
    floats = _frame(student_id=[2.0, 1.0, 1.0, 2.0, 1.0], timestamp=["5", "9", "3", "1", "4"])
    assert ResponseLog.from_frame(floats.iloc[::-1]).digest == whole.digest
    assert ResponseLog.from_frame(pa.Table.from_pandas(floats)).digest == whole.digest
    other = _frame(student_id=[2, 1, 1, 2, 1], timestamp=[5, 9, 3, 1, 4], correct=[1, 0, 1, 0, 0])
    assert ResponseLog.from_frame(other).digest != whole.digest


@pytest.mark.parametrize(
    "times",
    [
        ["2026-01-05", "2026-01-09", "2026-01-03", "2026-01-01", "2026-01-04"],
        [
            "2026-01-01T05:00:00Z",
            "2026-01-01T09:00:00Z",
            "2026-01-01T03:00:00Z",
            "2026-01-01 01:00",
            "2026-01-01 04:00",
        ],
        pd.to_datetime(["2026-01-05", "2026-01-09", "2026-01-03", "2026-01-01", "2026-01-04"]),
        pd.to_datetime(["2026-01-05", "2026-01-09", "2026-01-03", "2026-01-01", "2026-01-04"]).tz_localize(
            "Asia/Tokyo"
        ),
        [0.5, 0.9, 0.3, 0.1, 0.4],
        [5.0, 9.0, 3.0, 1.0, 4.0],
        ["5", "9.5", "3", "1", "4"],
        [1767225605, 1767225609, 1767225603, 1767225601, 1767225604],
    ],
)
def test_any_kind_of_time_sorts_as_it_does(times: Any) -> None:
    log = ResponseLog.from_frame(_frame(timestamp=times))
    assert [log.items[i] for i in log.item] == ["i3", "i2", "i1", "i1", "i2"]


def test_without_times_the_order_of_the_rows_counts() -> None:
    log = ResponseLog.from_frame(_without("timestamp"))
    assert [log.items[i] for i in log.item] == ["i1", "i3", "i2", "i2", "i1"]


def test_an_answer_without_an_item_stands_for_its_skills() -> None:
    assert ResponseLog.from_frame(_without("item_id")).items == ("x", "x;y")
    some = ResponseLog.from_frame(_frame(item_id=["i2", None, "i3", "", "i2"]))
    assert some.items == ("i2", "i3", "x")


def test_skills_may_be_lists_and_names_may_hold_anything() -> None:
    names = [["a.*(b", "x,y"], ["🦊"], ["a.*(b"], ["🦊", "x;y"], ["None"]]
    log = ResponseLog.from_frame(_frame(skill_ids=names))
    assert log.skills == ("None", "a.*(b", "x,y", "x;y", "🦊")
    table = pa.table({**ROWS, "skill_ids": names})
    assert ResponseLog.from_frame(table).digest == log.digest


def test_partial_scores_and_truth_values_are_scores() -> None:
    partial = ResponseLog.from_frame(_without("correct").assign(score=[1, 0.25, 0, 1, 0.5]))
    assert partial.score.tolist() == [0.0, 0.5, 0.25, 1.0, 1.0]
    for values in ([True, False, True, False, True], ["true", "False", "1", "0", "TRUE"]):
        assert ResponseLog.from_frame(_frame(correct=values)).score.tolist() == [1, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (_without("student_id"), "missing column 'student_id'; found 'item_id'"),
        (_without("correct"), "missing column 'correct' (or 'score')"),
        (_frame(student_id=["b", None, "a", "b", None]), "column 'student_id', row 2 (and 1 more): is empty"),
        (_frame(student_id=[1.0, float("nan"), 1.0, 2.0, 3.0]), "column 'student_id', row 2: is empty"),
        (_frame(skill_ids=["x", "x", " ", None, "x"]), "column 'skill_ids', row 3 (and 1 more): has no skill"),
        (_frame(correct=[1, 0, 2, 0, 1]), "column 'correct', row 3: is 2"),
        (_frame(correct=[1, 0, None, 0, 1]), "column 'correct', row 3: is empty"),
        (_frame(correct=["1", "0", "yes", "0", "1"]), "column 'correct', row 3: is yes"),
        (_frame(timestamp=[5, 9, None, 1, 4]), "column 'timestamp', row 3: is empty"),
        (_frame(timestamp=["2026-01-01", "soon", "2026-01-01", "", "2026"]), "column 'timestamp', row 2"),
        (_frame().iloc[:0], "no rows"),
        (pd.DataFrame(), "found none"),
    ],
)
def test_what_is_wrong_is_said_with_its_column_and_row(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError) as error:
        ResponseLog.from_frame(frame)
    assert message in str(error.value)


def test_answers_without_skill_are_dropped_on_request(caplog: pytest.LogCaptureFixture) -> None:
    log = ResponseLog.from_frame(_frame(skill_ids=["x", "x", " ", None, "x"]), drop_unskilled=True)
    assert len(log) == 3
    assert "dropped 2 of 5 answers" in caplog.text
    with pytest.raises(DataError, match="no answer has a skill"):
        ResponseLog.from_frame(_frame(skill_ids=[None] * 5), drop_unskilled=True)


def test_a_selection_is_the_log_of_its_answers_alone() -> None:
    log = ResponseLog.from_frame(_frame(skill_ids=["x;y", "x", "z", "x", "y;x"]))
    mask = np.array([name == "b" for name in log.students])
    rest, chosen = log.split(mask)
    alone = ResponseLog.from_frame(_frame(skill_ids=["x;y", "x", "z", "x", "y;x"]).query("student_id == 'b'"))
    assert chosen.digest == alone.digest == log.select(mask).digest
    assert chosen.skills == ("x", "y")
    assert len(rest) + len(chosen) == len(log)
    assert not set(rest.students) & set(chosen.students)
    with pytest.raises(ValueError, match="mask"):
        log.select(np.ones(5, bool))


def test_ids_are_one_text_whatever_type_they_came_as() -> None:
    assert normal_ids([1, 2]) == normal_ids([1.0, 2.0]) == normal_ids(["1.0", " 2"]) == ["1", "2"]
    assert normal_ids(["1.10", "1.0"]) == ["1.10", "1.0"]
