"""Files as people have them. Every row here is made up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from models.log import DataError, ResponseLog
from models.readers import read

TIDY = "student_id,item_id,skill_ids,correct,timestamp\nann,i1,x;y,1,1\nann,i2,x,0,2\nbob,i1,x;y,0,1\n"
ASSISTMENTS = """,order_id,user_id,problem_id,original,correct,skill_id,skill_name
0,30,7,500,1,1,1.0,Ratios
1,31,7,501,1,0,1.0,Ratios
2,31,7,501,1,0,2.0,"Area, of a circle"
3,32,7,502,0,1,,
4,29,7,503,0,1,3.0,
5,31,8,501,1,1,2.0,"Area, of a circle"
6,31,8,501,1,1,1.0,Ratios
"""
ROLLUP = (
    "Row\tAnon Student Id\tProblem Name\tStep Name\tFirst Transaction Time\tCorrect First Attempt"
    "\tKC(Default)\tOpportunity(Default)\tKC(Fine)\tOpportunity(Fine)\tKC (Single-KC)\n"
    "1\tStu1\tP1\tS1\t2026-01-01 09:00:02.0\t1\tadd\t1\t\t\tone\n"
    '2\tStu1\tP1\tS2 "quoted\t2026-01-01 09:00:01.0\t0\tadd~~carry\t2~~1\tcarry 2\t1\tone\n'
    "3\tStu2\tP1\tS1\t2026-01-01 09:00:00.0\t1\t\t\t\t\tone\n"
)


def _write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def _answers(log: ResponseLog) -> list[tuple[str, str, tuple[str, ...], float]]:
    rows = zip(log.student, log.item, log.tag, log.score.tolist(), strict=True)
    return [(log.students[s], log.items[i], log.tags[t], score) for s, i, t, score in rows]


def test_tidy_csv_and_parquet_hold_the_same(tmp_path: Path) -> None:
    text = read(_write(tmp_path / "a.csv", TIDY))
    assert _answers(text) == [("ann", "i1", ("x", "y"), 1), ("ann", "i2", ("x",), 0), ("bob", "i1", ("x", "y"), 0)]
    frame = pd.read_csv(tmp_path / "a.csv")
    frame.to_parquet(tmp_path / "a.parquet")
    assert read(tmp_path / "a.parquet").digest == text.digest
    frame[:2].to_parquet(_folder(tmp_path / "many") / "1.parquet")
    frame[2:].to_parquet(tmp_path / "many" / "2.parquet")
    assert read(tmp_path / "many").digest == text.digest


def _folder(path: Path) -> Path:
    path.mkdir(parents=True)
    return path


@pytest.mark.parametrize(("mark", "encoding"), [(";", "utf-8"), ("\t", "latin-1"), (",", "utf-8-sig")])
def test_delimiters_and_encodings_are_recognised(tmp_path: Path, mark: str, encoding: str) -> None:
    text = f"student_id{mark}skill_ids{mark}correct\nJosé{mark}año{mark}1\n"
    assert _answers(read(_write(tmp_path / "a.csv", text, encoding))) == [("José", "año", ("año",), 1)]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", "user,kc,score,correct,when\n01,x,0.5,1,2026-01-01\n")
    names = {"student_id": "user", "skill_ids": "kc", "timestamp": "when"}
    assert _answers(read(path, columns=names)) == [("01", "x", ("x",), 0.5)]
    assert _answers(read(path, columns={**names, "correct": "correct"})) == [("01", "x", ("x",), 1)]
    with pytest.raises(DataError, match="no column 'who'; found 'user'"):
        read(path, columns={"student_id": "who"})
    with pytest.raises(ValueError, match="unknown column 'pupil'"):
        read(path, columns={"pupil": "user"})
    with pytest.raises(DataError, match="--column student_id=user"):
        read(path)


def test_assistments_rows_of_one_answer_are_joined(tmp_path: Path) -> None:
    log = read(_write(tmp_path / "skill_builder.csv", ASSISTMENTS, "latin-1"))
    assert _answers(log) == [
        ("7", "503", ("3.0",), 1),
        ("7", "500", ("Ratios",), 1),
        ("7", "501", ("Area, of a circle", "Ratios"), 0),
        ("8", "501", ("Area, of a circle", "Ratios"), 1),
    ]


def test_assistments_of_2015_have_no_skill_but_the_sequence(tmp_path: Path) -> None:
    log = read(_write(tmp_path / "2015.csv", "user_id,log_id,sequence_id,correct\n50,2,70,0.5\n50,1,71,1\n"))
    assert _answers(log) == [("50", "71", ("71",), 1), ("50", "70", ("70",), 0.5)]


def test_datashop_steps_are_items_and_skills_stand_apart(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = read(_write(tmp_path / "rollup.txt", ROLLUP))
    assert _answers(log) == [
        ("Stu1", 'P1 / S2 "quoted', ("add", "carry"), 0),
        ("Stu1", "P1 / S1", ("add",), 1),
    ]
    assert "dropped 1 of 3 answers" in caplog.text
    assert "'KC(Default)'; to choose" in caplog.text
    fine = read(tmp_path / "rollup.txt", columns={"skill_ids": "KC(Fine)"})
    assert fine.skills == ("carry 2",)


@pytest.mark.parametrize("cut", [-2, -30, -60])
def test_a_roll_up_that_was_cut_off_loses_its_last_line_alone(
    tmp_path: Path, cut: int, caplog: pytest.LogCaptureFixture
) -> None:
    log = read(_write(tmp_path / "rollup.txt", (ROLLUP + ROLLUP.splitlines()[1].replace("Stu1", "Stu9"))[:cut]))
    assert log.students == ("Stu1",) if cut < -2 else ("Stu1", "Stu9")
    assert ("is cut off" in caplog.text) == (cut < -2)


def _event(
    student: str, id: str, score: float, at: int, received: int, skills: object = ("x", "y")
) -> dict[str, object]:
    return {
        "student_id": student,
        "id": id,
        "item_id": "i1",
        "skill_ids": skills,
        "score": score,
        "answered_at": at,
        "received_at": received,
        "class_id": None,
    }


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("root", ["archive/responses", "."])
def test_the_archive_counts_a_response_once_as_first_received(tmp_path: Path, listed: bool, root: str) -> None:
    folder = tmp_path / "data" / root / "month=2026-01"
    folder.mkdir(parents=True)
    skills: object = ["y", "x"] if listed else "y;x"
    none: object = [] if listed else ""
    first = [_event("ann", "1", 0.0, 50, 60, skills), _event("ann", "2", 1.0, 10, 70, skills)]
    later = [
        _event("ann", "1", 1.0, 5, 90, skills),
        _event("bob", "1", 1.0, 5, 90, skills),
        _event("bob", "3", 1, 6, 9, none),
    ]
    pd.DataFrame(first).to_parquet(folder / "b.parquet")
    pd.DataFrame(later).to_parquet(folder / "a.parquet")
    log = read(tmp_path / "data")
    both = ("x", "y")
    assert _answers(log) == [("ann", "i1", both, 1), ("ann", "i1", both, 0), ("bob", "i1", both, 1)]
    assert log.at.tolist() == [10, 50, 5]


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is empty"):
        read(_write(tmp_path / "empty.csv", ""))
    with pytest.raises(DataError, match="no rows"):
        read(_write(tmp_path / "header.csv", TIDY.splitlines()[0]))
    with pytest.raises(DataError, match="not a Parquet file"):
        read(_write(tmp_path / "a.parquet", TIDY))
    with pytest.raises(DataError, match="no Parquet file"):
        read(_folder(tmp_path / "nothing"))
    with pytest.raises(DataError, match="not a table"):
        read(_write(tmp_path / "torn.csv", TIDY + "ann,i1,x,1,1,7,8\n"))
    with pytest.raises(DataError, match="more cells than its header"):
        read(_write(tmp_path / "wide.csv", "student_id,skill_ids,correct\nann,area, of a circle,1\n"))
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing.csv")
    with pytest.raises(ValueError, match="unknown format"):
        read(tmp_path / "header.csv", format="excel")


def test_an_answer_without_skill_is_an_error_in_a_tidy_file_unless_asked(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.csv", TIDY + "bob,i9,,1,2\n")
    with pytest.raises(DataError, match="row 4: has no skill"):
        read(path)
    assert len(read(path, drop_unskilled=True)) == 3
