"""From a table of answers, as people have them, to a :class:`~models.log.ResponseLog`; every fault names its mend.

Columns: ``student_id``, ``item_id`` (optional: an answer without an item stands for its skills), ``skill_ids``
(";"-separated or lists), ``correct`` or ``score`` (0..1), ``timestamp`` (optional: else the order of the rows).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise, repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.log import Answers, DataError, Floats, Ints, ResponseLog

logger = logging.getLogger(__name__)

COLUMNS = ("student_id", "item_id", "skill_ids", "correct", "score", "timestamp")
UNIT = "\x1f"  # joins the skills of a list: no name holds it
_WHOLE = re.compile(r"-?\d+(\.0+)?")
_ODD = re.compile(r"[\s.]")
_WORDS = {"true": 1.0, "false": 0.0, "correct": 1.0, "incorrect": 0.0}
_LARGEST = 2.0**62


def from_frame(frame: Any, *, drop_unskilled: bool = False, separator: str = ";", first_row: int = 1) -> ResponseLog:
    """The log of a pandas frame or Arrow table with the columns above. Raises :class:`DataError`.

    Ids may be of any type: a column of whole numbers that was written as floats ("7.0") means "7". An answer without
    any skill is an error, or dropped and counted in a warning with ``drop_unskilled``. Row numbers in messages come
    from a ``row`` column where there is one, else they are counted from ``first_row``.
    """
    return arranged(frame, drop_unskilled=drop_unskilled, separator=separator, first_row=first_row)[0]


def arranged(
    frame: Any, *, drop_unskilled: bool = False, separator: str = ";", first_row: int = 1
) -> tuple[ResponseLog, Ints | None]:
    """:func:`from_frame`, and where each answer stood in the table (from 0); None where the order was kept."""
    table, rows, found, at = _read(frame, drop_unskilled, separator, first_row)
    sets = [UNIT.join(found.skills[k] for k in found.tag_skill[a:b]) for a, b in pairwise(found.tag_start.tolist())]
    items, item = _items(table, found.tag, sets)
    columns, order = (found.student, found.tag, found.score, item, at), None
    if not _in_order(found.student, at) or (np.diff(found.student) < 0).any():
        order = np.lexsort((at, found.student))
        columns = tuple(column[order] for column in columns)
    student, tag, score, item, at = columns
    log = ResponseLog(
        found.students, found.skills, student, tag, score, found.tag_start, found.tag_skill, items, item, at
    )
    if len(rows) == len(frame):
        return log, order
    # Dropped rows may have left skills that nobody was asked.
    kept = rows - first_row
    return log.select(np.ones(len(found.students), bool)), kept if order is None else kept[order]


def answers(frame: Any, *, drop_unskilled: bool = False, separator: str = ";") -> tuple[Answers, Ints | None]:
    """The same without items, rows and students in the order of the table where that will do: faster, and enough for
    plain BKT.

    Also returns where each row came from, None where the order was kept.
    """
    _, rows, found, at = _read(frame, drop_unskilled, separator, 1, in_order=False)
    if _in_order(found.student, at):
        return found, None if len(rows) == len(frame) else rows - 1
    order = np.lexsort((at, found.student))
    student, tag, score = (column[order] for column in (found.student, found.tag, found.score))
    return replace(found, student=student, tag=tag, score=score), (rows - 1)[order]


def _read(
    frame: Any, drop_unskilled: bool, separator: str, first_row: int, *, in_order: bool = True
) -> tuple[pd.DataFrame, npt.NDArray[Any], Answers, Ints]:
    """The table, its row numbers, its answers and their times; all in the order of the table. Students' names are
    sorted where ``in_order``."""
    table: pd.DataFrame = frame.to_pandas() if hasattr(frame, "to_pandas") else frame
    _require(table)
    rows = table["row"].to_numpy() if "row" in table else np.arange(first_row, first_row + len(table))
    with ThreadPoolExecutor(2) as pool:  # texts from Arrow are read beside Python
        skills, scores = pool.submit(_skills, table["skill_ids"], separator), pool.submit(_scores, table, rows)
        students, student = _coded(table["student_id"], in_order=in_order)
        names, tag_start, tag_skill, tag = skills.result()
    if tag.min() < 0:
        table, rows, tag = _unskilled(table, rows, tag, drop_unskilled)
        students, student = _coded(table["student_id"], in_order=in_order)
    if student.min() < 0:
        what = "is empty; every answer needs a student. Fill it in or remove the row"
        raise _fault("student_id", rows, student < 0, what)
    score = scores.result() if len(rows) == len(frame) else _scores(table, rows)
    order = np.arange(len(table), dtype=np.int64) if "row" in table else rows
    at = _times(table["timestamp"], rows) if "timestamp" in table else order
    return table, rows, Answers(students, names, student, tag, score, tag_start, tag_skill), at


def _in_order(student: Ints, at: Ints) -> bool:
    """Whether each student's rows stand together and in order of time."""
    changed = student[1:] != student[:-1]
    runs = student[np.flatnonzero(np.concatenate([[True], changed]))]
    return len(runs) == len(set(runs.tolist())) and bool((changed | (at[1:] >= at[:-1])).all())


def normal_ids(values: Sequence[Any]) -> list[str]:
    """Ids as text, compared alike whatever type they were read as: 7, 7.0, "7" and " 7" are "7".

    >>> normal_ids([7.0, 8.0]), normal_ids(["7.0", "8.0"]), normal_ids(["1.0", "1.5"]), normal_ids(["007"])
    (['7', '8'], ['7', '8'], ['1.0', '1.5'], ['007'])
    """
    texts = list(map(str, values))
    if not _ODD.search("\0".join(texts)):  # nothing to mend, as in most tables
        return texts
    texts = [text.strip() for text in texts]
    if all(_WHOLE.fullmatch(text) for text in texts if text):
        return [text.split(".")[0] for text in texts]
    return texts


def _require(table: pd.DataFrame) -> None:
    found = ", ".join(map(repr, table.columns)) or "none"
    missing = [f"'{name}'" for name in ("student_id", "skill_ids") if name not in table]
    if "correct" not in table and "score" not in table:
        missing.append("'correct' (or 'score')")
    if missing:
        raise DataError(
            f"missing column {', '.join(missing)}; found {found}. Name yours, for example --column student_id=user"
        )
    if len(table) == 0:
        raise DataError("the table has no rows: nothing can be learnt from it")


def _fault(column: str, rows: npt.NDArray[Any], bad: npt.NDArray[np.bool_], what: str) -> DataError:
    first, more = rows[np.flatnonzero(bad)[0]], int(bad.sum()) - 1
    return DataError(f"column '{column}', row {first}{f' (and {more} more)' if more else ''}: {what}")


def _coded(column: pd.Series[Any], *, in_order: bool = True) -> tuple[tuple[str, ...], Ints]:
    """Names of a column, sorted where ``in_order``, and each row's position in them; -1 where it is empty."""
    coded = _Coded.of(column)
    texts = normal_ids(coded.values)
    names = sorted({*texts} - {""}) if in_order else [text for text in dict.fromkeys(texts) if text]
    position = {name: at for at, name in enumerate(names)}
    return tuple(names), coded.rows(list(map(position.get, texts, repeat(-1))))


@dataclass(frozen=True)
class _Coded:
    """The distinct values of a column, and its rows as codes: positions in ``values``, -1 where the row is empty; of
    every row, or with ``repeats`` of every run of rows."""

    values: list[Any]
    codes: npt.NDArray[Any]
    repeats: Ints | None = None

    @classmethod
    def of(cls, column: pd.Series[Any]) -> _Coded:
        if isinstance(column.dtype, np.dtype) and column.dtype.kind in "iu":  # as a student's rows: values come in runs
            whole = column.to_numpy()
            starts = np.flatnonzero(np.concatenate([[True], whole[1:] != whole[:-1]]))
            codes, numbers = pd.factorize(whole[starts])
            return cls(numbers.tolist(), codes, np.diff(starts, append=len(whole)))
        if getattr(column.dtype, "storage", None) == "pyarrow":  # Arrow codes its texts twice as fast as pandas does
            pool = pa.system_memory_pool()  # Arrow's own gives memory back soon, and fetching it anew costs a tenth
            texts = pa.chunked_array(pa.array(column.array))
            coded = pc.dictionary_encode(texts, memory_pool=pool).combine_chunks(pool)
            return cls(coded.dictionary.to_pylist(), coded.indices.fill_null(-1).to_numpy())
        codes, values = pd.factorize(column)
        return cls(values.tolist(), codes)

    def rows(self, recode: list[int]) -> Ints:
        """For each row the new code of its value; -1 where the row is empty."""
        new = np.array([*recode, -1], np.int64)[self.codes]
        return new if self.repeats is None else np.repeat(new, self.repeats)


def _skills(column: pd.Series[Any], separator: str) -> tuple[tuple[str, ...], Ints, Ints, Ints]:
    """Skill names, the CSR arrays of the distinct skill sets, and each row's set (-1: none)."""
    some = column.to_numpy() if column.dtype == object else ()
    first = next((value for value in some if value is not None and value is not pd.NA), None)
    if isinstance(first, list | tuple | np.ndarray):
        column = column.map(lambda names: None if names is None else UNIT.join(map(str, names)))
        separator = UNIT
    coded = _Coded.of(column)
    parts = [str(value).split(separator) for value in coded.values]
    flat = [part for names in parts for part in names]
    cleaned = iter(normal_ids(flat))
    sets = [tuple(sorted({next(cleaned) for _ in names} - {""})) for names in parts]
    tags = sorted(set(sets) - {()})
    names = sorted({name for tag in tags for name in tag})
    position = {tag: at for at, tag in enumerate(tags)}
    skill = {name: at for at, name in enumerate(names)}
    start = np.cumsum([0, *map(len, tags)]).astype(np.int64)
    tag_skill = np.array([skill[n] for tag in tags for n in tag], np.int64)
    return tuple(names), start, tag_skill, coded.rows([position.get(tag, -1) for tag in sets])


def _unskilled(
    table: pd.DataFrame, rows: npt.NDArray[Any], tag: Ints, drop: bool
) -> tuple[pd.DataFrame, npt.NDArray[Any], Ints]:
    without = tag < 0
    if not drop:
        mend = "has no skill; tag its item, remove the row, or ask for such rows to be dropped"
        raise _fault("skill_ids", rows, without, mend)
    if without.all():
        raise DataError("column 'skill_ids': no answer has a skill, so nothing can be learnt from them")
    logger.warning("dropped %d of %d answers: their item has no skill", without.sum(), len(table))
    return table[~without], rows[~without], tag[~without]


def _items(table: pd.DataFrame, tag: Ints, tag_names: list[str]) -> tuple[tuple[str, ...], Ints]:
    """Items; an answer without one stands for its skills."""
    if "item_id" in table:
        names, codes = _coded(table["item_id"])
        if (codes >= 0).all():
            return names, codes
    else:
        names, codes = (), np.full(len(table), -1)
    own = [name.replace(UNIT, ";") for name in tag_names]
    used = {own[t] for t in np.unique(tag[codes < 0]).tolist()}
    merged = sorted({*names, *used})
    position = {name: at for at, name in enumerate(merged)}
    of_tag = np.array([position.get(name, -1) for name in own], np.int64)
    of_name = np.array([*(position[name] for name in names), -1], np.int64)
    return tuple(merged), np.where(codes < 0, of_tag[tag], of_name[codes])


def _scores(table: pd.DataFrame, rows: npt.NDArray[Any]) -> Floats:
    name = "score" if "score" in table else "correct"
    column = table[name]
    if not pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        text = column.astype("string").str.strip().str.lower()
        column = pd.to_numeric(text.map(_WORDS).fillna(pd.to_numeric(text, errors="coerce")))
    score = column.to_numpy(np.float64, na_value=np.nan)
    if not (score.min() >= 0 and score.max() <= 1):  # nan is neither
        bad = ~((score >= 0) & (score <= 1))
        value = table[name].iloc[int(np.flatnonzero(bad)[0])]
        what = "is empty" if pd.isna(value) else f"is {value!s}"
        raise _fault(name, rows, bad, f"{what}; it must lie in 0 (wrong) .. 1 (right). Mend the row or remove it")
    return score


def _times(column: pd.Series[Any], rows: npt.NDArray[Any]) -> Ints:
    """Times as whole numbers that sort as they do: milliseconds from dates and fractions, whole numbers as they are."""
    if pd.api.types.is_datetime64_any_dtype(column):
        moments: pd.Series[Any] = pd.to_datetime(column, utc=True)
    else:
        numbers = pd.to_numeric(column, errors="coerce")
        if 2 * int(numbers.notna().to_numpy().sum()) >= int(column.notna().to_numpy().sum()):  # the rest is amiss
            return _whole_times(numbers, column, rows)
        moments = pd.to_datetime(column, utc=True, errors="coerce", format="ISO8601")
    bad = moments.isna().to_numpy()
    if bad.any():
        raise _no_time(column, rows, bad)
    return np.asarray(moments.dt.as_unit("ms").astype("int64"), np.int64)


def _whole_times(numbers: pd.Series[Any], column: pd.Series[Any], rows: npt.NDArray[Any]) -> Ints:
    if pd.api.types.is_integer_dtype(numbers) and not numbers.isna().to_numpy().any():
        return np.asarray(numbers, np.int64)
    values = numbers.to_numpy(np.float64, na_value=np.nan)
    bad = ~(np.abs(values) < _LARGEST / 1000)
    if bad.any():
        raise _no_time(column, rows, bad)
    fraction = bool((values != np.floor(values)).any())
    return np.asarray(np.round(values * (1000 if fraction else 1)), np.int64)


def _no_time(column: pd.Series[Any], rows: npt.NDArray[Any], bad: npt.NDArray[np.bool_]) -> DataError:
    value = column.iloc[int(np.flatnonzero(bad)[0])]
    what = "is empty" if pd.isna(value) else f"is {value!s}"
    mend = "use a number, or a date as in 2026-01-31T09:30:00Z; or leave the column out: the rows' order counts then"
    return _fault(str(column.name), rows, bad, f"{what}; {mend}")
