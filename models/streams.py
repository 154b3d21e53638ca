"""Fitting straight from Parquet files of any size: DuckDB sorts, on disk where it must; answer strings grow in batches.

What is held is the strings, which students share, and DuckDB's part. The result is that of reading everything at once
(:func:`models.readers.read`), bit for bit.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models import readers, tables
from models.bkt import Options, served
from models.bkt.learning import learn_strings
from models.bkt.links import Links, combinations
from models.bkt.strings import Forest
from models.bkt.wholes import NONE, Wholes
from models.fanout import Executor
from models.fits import PlainFit, combined
from models.log import Answers, DataError, Floats, Ints

logger = logging.getLogger(__name__)

MEMORY = "512MB"  # DuckDB's part; beyond, it works on disk
BATCH = 200_000  # answers

# Columns as models.tables reads them: what sorts the same there must tie here. Others are read at once.
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
SCORES = (*WHOLE, "FLOAT", "DOUBLE", "BOOLEAN")
TIMES = dict.fromkeys(WHOLE, "{}") | dict.fromkeys(
    ("DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "epoch_ms({}::TIMESTAMP)"
)
TIMES["TIMESTAMP WITH TIME ZONE"] = "epoch_ms({})"


@dataclass(frozen=True)
class Source:
    """A database with the answers: columns student, skills, score, moment, and ``order``, by which they are sorted.

    skilled    whether an answer without a skill is an error; else it is dropped
    separator  between the skills of an answer
    raw        what the score was called
    """

    path: Path
    database: Any
    order: str
    skilled: bool
    separator: str
    raw: str


def fit(
    path: Path,
    options: Options,
    seed: int,
    *,
    wholes: bool = True,
    combination: bool = False,
    memory: str = MEMORY,
    jobs: int | None = None,
    executor: Executor | None = None,
) -> PlainFit | None:
    """Plain BKT of a Parquet file, a folder of them, or the event archive; None for files that must be read at once.

    Raises :class:`DataError` as :func:`models.readers.read` does.
    """
    with _opened(path, memory) as source:
        if source is None:
            return None
        names = _named(source)
        grove = _Grove(combined(names) if combination else names, _scores(source), wholes)
        for student, tag, score in _batches(source):
            grove.add(student, tag, score)
    names, strings = grove.names, grove.plain.strings()
    learnt = learn_strings(names.skills, strings, grove.scores, options, jobs=jobs, executor=executor)
    sets = grove.wholes.fit(options, jobs=jobs, executor=executor) if grove.wholes else NONE
    linked = grove.links.fit(grove.linked.strings(), grove.scores, learnt)
    read = served(learnt, combinations(names), *linked, *sets)
    return PlainFit.made(learnt, read, sets[1], options, seed, grove.students)


class _Grove:
    """The strings of every skill, read alone, (``linked``) by combination, and of ``wholes`` where they are wanted, as
    they grow."""

    def __init__(self, names: Answers, scores: Floats, wholes: bool) -> None:
        self.names, self.scores, self.students = names, scores, 0
        self.links, self.wholes = Links(names), Wholes(names, scores) if wholes else None
        self.plain, self.linked = Forest(len(names.skills)), Forest(len(names.skills))

    def add(self, student: Ints, tag: Ints, score: Floats) -> None:
        row, place = replace(self.names, student=student, tag=tag, score=score).expand()
        skill, symbol = self.names.tag_skill[place], np.searchsorted(self.scores, score)
        self.plain.add(student[row], skill, symbol[row])
        if self.links.any:
            self.linked.add(student[row], skill, self.links.read(place, symbol[row], len(self.scores)))
        if self.wholes:
            self.wholes.add(student, tag, symbol)
        self.students = int(student[-1]) + 1


# ------------------------------------------------------------------------------------------------------ the database


@contextmanager
def _opened(path: Path, memory: str) -> Iterator[Source | None]:
    """The answers of some files; None where their columns are of kinds that :mod:`models.tables` alone reads."""
    files = readers.parquet_files(path)
    kind = readers.detect(path) if files else None
    if files is None or kind not in ("tidy", "archive"):
        yield None
        return
    import duckdb

    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        database.execute(f"SET memory_limit = '{memory}'; SET temp_directory = '{folder}'; SET threads = 2")
        database.execute("SET preserve_insertion_order = false")
        listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
        table = f"read_parquet([{listed}], union_by_name = true, filename = true, file_row_number = true)"
        types = {name: kind for name, kind, *_ in database.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()}
        yield _archive(path, database, table, types) if kind == "archive" else _tidy(path, database, table, types)


def _tidy(path: Path, database: Any, table: str, types: dict[str, str]) -> Source | None:
    raw = "score" if "score" in types else "correct"
    time = types.get("timestamp")
    if raw not in types or "skill_ids" not in types or types[raw] not in SCORES or (time and time not in TIMES):
        return None
    separator, skills = _skills(types)
    at = TIMES[time].format("timestamp") if time else "0"
    database.execute(
        f"""CREATE TEMP VIEW answers AS SELECT trim(student_id::VARCHAR) AS student, {skills} AS skills, {raw} AS raw,
        {raw}::DOUBLE AS score, {at} AS moment, filename AS file, file_row_number AS place FROM {table}"""
    )
    return Source(path, database, "file, place", True, separator, raw)


def _archive(path: Path, database: Any, table: str, types: dict[str, str]) -> Source | None:
    if types["score"] not in SCORES or types["answered_at"] not in TIMES:
        return None
    separator, skills = _skills(types)
    at = TIMES[types["answered_at"]].format("answered_at")
    database.execute(
        f"""CREATE TEMP TABLE answers AS SELECT trim(student_id::VARCHAR) AS student, {skills} AS skills, score AS raw,
        score::DOUBLE AS score, {at} AS moment, received_at, filename AS file, file_row_number AS place
        FROM {table} QUALIFY row_number() OVER (PARTITION BY student_id, id ORDER BY received_at) = 1"""
    )
    return Source(path, database, "received_at", False, separator, "score")


def _skills(types: dict[str, str]) -> tuple[str, str]:
    if types["skill_ids"].endswith("[]"):
        return tables.UNIT, f"array_to_string(skill_ids, '{tables.UNIT}')"
    return ";", "skill_ids::VARCHAR"


def _named(source: Source) -> Answers:
    """The skills and sets of skills that occur, as answers without a row; checks the answers. Makes the table ``tags``:
    text to number."""
    found = source.database.execute("SELECT DISTINCT skills FROM answers").df()["skills"]
    some = found[found.str.contains(rf"[^\s{source.separator}]", na=False).to_numpy()]
    sets = some if len(some) else found  # of nothing but nothing, models.tables says what is to be said
    table = pd.DataFrame({"student_id": "all", "skill_ids": sets, "correct": 1})
    names, _ = tables.answers(table, drop_unskilled=True, separator=source.separator)
    tags = pd.DataFrame({"skills": some, "tag": names.tag})
    source.database.register("numbered", tags)
    source.database.execute("CREATE TEMP TABLE tags AS SELECT * FROM numbered")
    _check(source)
    empty = np.empty(0, np.int64)
    return replace(names, students=(), student=empty, tag=empty, score=np.empty(0))


def _check(source: Source) -> None:
    """Raises :class:`DataError` for the first row that is amiss; tells how many are dropped."""
    amiss = "(student IS NULL OR student = '' OR moment IS NULL OR score IS NULL OR NOT score BETWEEN 0 AND 1)"
    bad = f"tag IS NULL OR {amiss}" if source.skilled else f"tag IS NOT NULL AND {amiss}"
    joined = "answers LEFT JOIN tags USING (skills)"
    all_, unskilled, faults = source.database.execute(
        f"SELECT count(*), count(*) FILTER (tag IS NULL), count(*) FILTER ({bad}) FROM {joined}"
    ).fetchone()
    if faults:
        row = source.database.execute(
            f"""SELECT student AS student_id, skills AS skill_ids, raw AS {source.raw}, moment AS timestamp,
            place + 1 AS row, file FROM {joined} WHERE {bad} ORDER BY file, place LIMIT 1"""
        ).df()
        try:
            tables.answers(row.drop(columns="file"), separator=source.separator)
        except DataError as fault:
            raise DataError(f"{row['file'][0]}: {fault}") from None
        raise DataError(f"{row['file'][0]}: row {row['row'][0]} cannot be used")
    if unskilled:
        logger.warning("dropped %d of %d answers: their item has no skill", unskilled, all_)


def _scores(source: Source) -> Floats:
    """As :func:`models.bkt.learning.symbols` numbers them."""
    found = source.database.execute("SELECT DISTINCT score FROM answers JOIN tags USING (skills)").fetchnumpy()["score"]
    return np.unique(np.concatenate([[0.0, 1.0], np.asarray(found, np.float64)]))


def _batches(source: Source) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Codes of students (by name, from 0), of tags, and scores: each student's together and in order of time."""
    columns = "student, tag, score FROM answers JOIN tags USING (skills)"
    relation = source.database.sql(f"SELECT {columns} ORDER BY student, moment, {source.order}")
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader  # the latter until DuckDB 2
    last, code = None, -1
    for batch in read(BATCH):
        names, tag, score = batch.columns
        changed = np.empty(len(names), bool)
        if len(names) == 0:
            continue
        changed[0] = names[0].as_py() != last
        changed[1:] = _differ(names)
        student = code + np.cumsum(changed)
        last, code = names[-1].as_py(), int(student[-1])
        yield student, tag.to_numpy().astype(np.int64), score.to_numpy().astype(np.float64)


def _differ(names: Any) -> Any:
    """Where a name is not the one before."""
    from pyarrow import compute

    return compute.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
