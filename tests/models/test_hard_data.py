"""Data that hurts: a right answer or a clear fault, and within sane time and memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from engine import bundle
from models import BKT
from models.log import DataError


def table(students: int = 20, answers: int = 5, skill: str = "k", seed: int = 0) -> pd.DataFrame:
    """Random answers, one student after the other."""
    n = students * answers
    return pd.DataFrame(
        {
            "student_id": np.repeat(np.arange(students), answers),
            "skill_ids": skill,
            "correct": np.random.default_rng(seed).integers(0, 2, n),
            "timestamp": np.arange(n),
        }
    )


def _sound(frame: pd.DataFrame) -> BKT:
    """Fits, predicts probabilities, and can be served."""
    fitted = BKT().fit(frame)
    params = fitted.params_[["prior", "learn", "guess", "slip", "forget"]].to_numpy()
    assert ((params >= 0) & (params <= 1)).all()
    predicted = fitted.predict_proba(frame)
    assert ((predicted > 0) & (predicted < 1)).all()
    assert bundle.load(bundle.dump(fitted.model_), "1").skills == fitted.model_.skills
    assert len(fitted.mastery(frame)) > 0
    assert fitted.score(frame) < 0
    return fitted


@pytest.mark.parametrize("answers", [1, 2, 30])
def test_one_student_on_one_skill(answers: int) -> None:
    assert _sound(table(1, answers)).params_["students"].tolist() == [1]


@pytest.mark.parametrize("right", [0, 1])
@pytest.mark.parametrize("answers", [1, 8])
def test_all_right_and_all_wrong(right: int, answers: int) -> None:
    fitted = _sound(table(50, answers).assign(correct=right))
    last = fitted.predict_proba(table(1, answers).assign(correct=right))[-1, 1]
    assert last > 0.8 if right else last < 0.2


def test_a_student_with_fifty_thousand_answers() -> None:
    _sound(table(1, 50_000))
    _sound(pd.concat([table(200, 10), table(1, 50_000, seed=1).assign(student_id="x")]))


def test_twenty_thousand_skills() -> None:
    rng, n = np.random.default_rng(0), 400_000
    skills = np.repeat(rng.integers(20_000, size=n // 10), 10)
    frame = pd.DataFrame({"student_id": np.repeat(np.arange(n // 50), 50), "skill_ids": skills})
    frame["correct"] = (rng.random(n) < 0.6).astype(int)
    BKT().fit(table())  # compiled by now
    tracemalloc.start()
    fitted = BKT().fit(frame)
    assert tracemalloc.get_traced_memory()[1] < 500e6
    tracemalloc.stop()
    fitted.predict_proba(frame)
    assert len(fitted.model_.skills) == len(np.unique(skills))


@pytest.mark.parametrize("name", ["a.*(b[", "one, two", "🦊", "^$", "x|y", "a\\d+", 'she said "so"', "NA", "nan", "{}"])
def test_names_that_others_trip_over(name: str, tmp_path: Path) -> None:
    frame = pd.concat([table(), table(skill=name, seed=1)], ignore_index=True)
    fitted = _sound(frame)
    assert fitted.params_["answers"][name] == 100
    frame.to_parquet(tmp_path / "a.parquet")
    assert BKT().fit(tmp_path / "a.parquet").params_["answers"][name] == 100


def test_rows_that_stand_twice_are_two_answers() -> None:
    frame = table()
    twice = pd.concat([frame, frame])
    fitted = _sound(twice)
    assert fitted.params_["answers"].tolist() == [200]
    assert len(fitted.predict_proba(twice)) == 200


def test_rows_without_order_are_put_in_order_of_time() -> None:
    frame = table(30, 20)
    shuffled = frame.sample(frac=1, random_state=3)
    ordered, again = BKT().fit(frame), BKT().fit(shuffled)
    assert again.params_["prior"].tolist() == pytest.approx(ordered.params_["prior"].tolist(), abs=1e-6)
    expected = pd.Series(ordered.predict_proba(frame)[:, 1], frame.index)[shuffled.index]
    assert ordered.predict_proba(shuffled)[:, 1].tolist() == expected.tolist()


@pytest.mark.parametrize("index", [np.arange(100) + 7, np.zeros(100, int), np.array([f"row {n}" for n in range(100)])])
def test_the_index_of_a_frame_says_nothing(index: npt.NDArray[Any]) -> None:
    expected = BKT().fit(table())
    indexed = table().set_index(index)
    assert BKT().fit(indexed).params_["prior"].tolist() == expected.params_["prior"].tolist()
    assert expected.predict_proba(indexed).tolist() == expected.predict_proba(table()).tolist()


@pytest.mark.parametrize("value", [None, np.nan, ""])
@pytest.mark.parametrize("column", ["student_id", "skill_ids", "correct", "timestamp"])
def test_an_empty_cell_is_told_with_its_row(column: str, value: Any) -> None:
    frame = table().astype(object)
    frame[column] = [value if row == 3 else cell for row, cell in enumerate(frame[column])]
    for ask in (BKT().fit, BKT().fit(table()).predict_proba):
        with pytest.raises(DataError, match=rf"column '{column}', row 4: (is|has no)"):
            ask(frame)


def test_an_empty_item_stands_for_its_skills() -> None:
    frame = table().assign(item_id="i").astype(object)
    frame.loc[3, "item_id"] = None
    _sound(frame)
    BKT(items=True).fit(frame).predict_proba(frame)


@pytest.mark.parametrize("value", [2, -1, np.inf, "perhaps"])
def test_what_is_neither_right_nor_wrong_is_told(value: Any) -> None:
    frame = table().astype({"correct": object})
    frame["correct"] = [value if row == 3 else cell for row, cell in enumerate(frame["correct"])]
    with pytest.raises(DataError, match=r"column 'correct', row 4: is .*it must lie in 0 \(wrong\) .. 1 \(right\)"):
        BKT().fit(frame)


@pytest.mark.parametrize("column", ["student_id", "skill_ids", "correct"])
def test_a_missing_column_is_told_by_its_name(column: str) -> None:
    for ask in (BKT().fit, BKT().fit(table()).predict_proba):
        with pytest.raises(DataError, match=f"missing column '{column}'"):
            ask(table().drop(columns=column))


def test_nothing_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no rows"):
        BKT().fit(table()[:0])
    with pytest.raises(DataError, match="missing column"):
        BKT().fit(pd.DataFrame())
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="is empty"):
        BKT().fit(tmp_path / "empty.csv")
    with pytest.raises(FileNotFoundError):
        BKT().fit(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="there is no Parquet file"):
        BKT().fit(tmp_path)
    table()[:0].to_parquet(tmp_path / "empty.parquet")
    with pytest.raises(DataError, match="no rows"):
        BKT().fit(tmp_path / "empty.parquet")
