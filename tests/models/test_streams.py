"""Fits straight from Parquet are those of reading everything, bit for bit; and say as clearly what is amiss."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine import bundle
from models import BKT, readers, streams
from models.bkt import Options
from models.log import DataError
from tests.models.test_estimator import school


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "BATCH", 7)


def _same(path: Path, **options: Any) -> BKT:
    """Fit from the path and from all rows of it: both must give the same."""
    streamed, read = BKT(**options).fit(path), BKT(**options).fit(readers.read(path))
    pd.testing.assert_frame_equal(streamed.params_, read.params_, check_exact=True)
    assert bundle.dump(streamed.model_) == bundle.dump(read.model_)
    return streamed


def _written(frame: pd.DataFrame, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, index=False)
    return path


@pytest.mark.parametrize("options", [{}, {"several": "combination"}, {"forgets": False, "priors": False}])
def test_a_tidy_file_of_answers_on_several_skills(tmp_path: Path, options: dict[str, Any]) -> None:
    path = _written(school(), tmp_path / "a.parquet")
    fitted = _same(path, **options)
    assert fitted.predict_proba(path).tolist() == fitted.predict_proba(readers.read(path)).tolist()


MOMENTS = pd.to_datetime(school()["timestamp"], unit="s") + pd.to_timedelta(np.arange(len(school())) % 5, unit="us")


@pytest.mark.parametrize(
    "changed",
    [
        {"timestamp": MOMENTS},
        {"timestamp": MOMENTS.dt.tz_localize("Europe/Berlin")},
        {"timestamp": MOMENTS.dt.date},
        {"timestamp": school()["timestamp"].astype("int32")},
        {"student_id": school()["student_id"].str[1:].astype(float)},
        {"skill_ids": school()["skill_ids"].str.split(";")},
        {"skill_ids": np.arange(len(school())) % 5},
        {"correct": school()["correct"].astype(bool)},
        {"correct": np.arange(len(school())) % 3 / 2},
        {"score": np.arange(len(school())) % 3 / 2},
    ],
)
def test_columns_of_any_kind(tmp_path: Path, changed: dict[str, Any]) -> None:
    _same(_written(school().assign(**changed), tmp_path / "a.parquet"))


def test_without_times_the_order_of_files_and_rows_counts(tmp_path: Path) -> None:
    frame = school().drop(columns=["timestamp", "item_id"])
    for name, part in zip("abc", np.array_split(np.arange(len(frame)), 3), strict=True):
        _written(frame.iloc[part], tmp_path / "many" / f"{name}.parquet")
    _same(tmp_path / "many")


def test_the_archive_counts_a_response_once_as_first_received(tmp_path: Path) -> None:
    frame = school(students=30).rename(columns={"timestamp": "answered_at", "correct": "score"})
    frame["id"] = np.arange(len(frame)).astype(str)
    frame["received_at"] = np.random.default_rng(0).permutation(len(frame))
    again = frame.sample(frac=0.3, random_state=0).assign(received_at=10**6, score=1 - frame["score"])
    nothing = frame[:5].assign(id="x", skill_ids="")
    whole = pd.concat([frame, again, nothing]).sample(frac=1, random_state=2)
    whole["skill_ids"] = [[skill for skill in skills.split(";") if skill] for skills in whole["skill_ids"]]
    _written(whole[:300], tmp_path / "archive" / "responses" / "month=2026-01" / "b.parquet")
    _written(whole[300:], tmp_path / "archive" / "responses" / "month=2026-02" / "a.parquet")
    assert _same(tmp_path).params_["answers"].sum() == sum(len(skills.split(";")) for skills in frame["skill_ids"])


def test_what_it_cannot_stream_is_read(tmp_path: Path) -> None:
    words = school().assign(correct=school()["correct"].map({0: "false", 1: "true"}))
    path = _written(words, tmp_path / "a.parquet")
    assert streams.fit(path, Options(), 0) is None
    pd.testing.assert_frame_equal(BKT().fit(path).params_, BKT().fit(school()).params_, rtol=1e-6, atol=1e-6)
    moments = school().assign(timestamp=school()["timestamp"].map(lambda s: str(pd.Timestamp(s, unit="s"))))
    assert streams.fit(_written(moments, path), Options(), 0) is None
    school().to_csv(tmp_path / "a.csv")
    assert streams.fit(tmp_path / "a.csv", Options(), 0) is None


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("correct", 2.0, "column 'correct', row 8: is 2.0; it must lie in 0"),
        ("correct", np.nan, "column 'correct', row 8: is empty"),
        ("student_id", None, "column 'student_id', row 8: is empty"),
        ("student_id", " ", "column 'student_id', row 8: is empty"),
        ("skill_ids", None, "column 'skill_ids', row 8: has no skill"),
        ("skill_ids", " ; ", "column 'skill_ids', row 8: has no skill"),
        ("timestamp", pd.NaT, "column 'timestamp', row 8: is empty"),
    ],
)
def test_what_is_amiss_is_told_with_its_row(tmp_path: Path, column: str, value: Any, says: str) -> None:
    frame = school().assign(timestamp=MOMENTS, correct=school()["correct"].astype(float))
    frame.loc[7, column] = value
    path = _written(frame, tmp_path / "it's.parquet")
    with pytest.raises(DataError, match=re.escape(says)) as told:
        BKT().fit(path)
    assert str(told.value).startswith(str(path))
    with pytest.raises(DataError, match=re.escape(says)):
        readers.read(path)


def test_nothing_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows"):
        BKT().fit(_written(school()[:0], tmp_path / "a.parquet"))
    with pytest.raises(DataError, match="missing column 'skill_ids'"):
        BKT().fit(_written(school().drop(columns="skill_ids"), tmp_path / "b.parquet"))
    with pytest.raises(DataError, match="no answer has a skill"):
        BKT().fit(_written(school().assign(skill_ids=""), tmp_path / "c.parquet"))
