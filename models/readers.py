"""Reading responses from files: tidy tables, ASSISTments exports, DataShop roll-ups, and the event archive.

The format is told by the header, or by ``format``. Every reader ends in :func:`models.tables.from_frame`, so that
faults are told alike.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import pandas as pd

from engine.catalog import from_json
from models.log import CATALOG, DataError, ResponseLog
from models.tables import COLUMNS, UNIT, from_frame

logger = logging.getLogger(__name__)

FORMATS = ("auto", "tidy", "assistments", "datashop", "archive")
ARCHIVE = ("student_id", "id", "item_id", "skill_ids", "score", "answered_at", "received_at")
GENERATED = ("Single-KC", "Unique-step")  # skill models that DataShop adds by itself: never what is meant


def read(
    path: str | Path,
    format: str = "auto",
    columns: Mapping[str, str] | None = None,
    *,
    drop_unskilled: bool = False,
) -> ResponseLog:
    """The responses in a CSV, TSV or Parquet file, or in a folder of Parquet files.

    ``columns`` maps our names (:data:`models.tables.COLUMNS`) to the file's. Answers without a skill are dropped and
    counted in the ready-made formats, whose exports are full of them; in tidy files they are an error unless
    ``drop_unskilled``. Raises :class:`DataError`, OSError where the file cannot be read.
    """
    path, columns = Path(path), dict(columns or {})
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}; known: {', '.join(FORMATS)}")
    if unknown := set(columns) - set(COLUMNS):
        raise ValueError(f"unknown column {sorted(unknown)[0]!r} to map; known: {', '.join(COLUMNS)}")
    header = _header(path)
    if absent := [theirs for theirs in columns.values() if theirs not in header]:
        raise DataError(f"{path}: no column {absent[0]!r}; found {_list(header)}")
    kind = _recognised(path, header, columns) if format == "auto" else format
    if kind == "archive":
        return _archive(path)
    if kind == "assistments":
        return _assistments(path, header, columns)
    if kind == "datashop":
        return _datashop(path, header, columns)
    return from_frame(_tidy(path, header, columns), drop_unskilled=drop_unskilled)


def prerequisites(archive: Path) -> list[tuple[str, str]]:
    """What builds on what in the catalog that an event archive holds, as (skill, skill that builds on it); none where
    it holds no catalog. Raises :class:`DataError` for a file that is no catalog."""
    path = archive / CATALOG
    if not path.is_file():
        return []
    try:
        edges = from_json(path.read_bytes()).prerequisites
    except (ValueError, KeyError, TypeError) as fault:
        raise DataError(f"{path} is no catalog ({fault}): remove it, the archive writes it anew") from None
    return [(edge.prerequisite, edge.skill) for edge in edges]


def detect(path: str | Path, columns: Mapping[str, str] | None = None) -> str:
    """Which of :data:`FORMATS` a file has, by its header. Raises :class:`DataError` where it is none of them."""
    return _recognised(Path(path), _header(Path(path)), columns or {})


def read_table(path: Path) -> pd.DataFrame:
    """A CSV, TSV or Parquet file as it is, with the columns that it has."""
    return read_text(path) if parquet_files(path) is None else pd.read_parquet(path)


def read_text(path: Path, **options: Any) -> pd.DataFrame:
    """A delimited file with every cell as text; UTF-8, else Latin-1, which old exports are in."""
    for encoding in ("utf-8-sig", "latin-1"):
        try:
            settings: dict[str, Any] = {"sep": _delimiter(path), "dtype": str, "encoding": encoding} | options
            table = cast(pd.DataFrame, pd.read_csv(path, **settings))
            if isinstance(table.index, pd.RangeIndex):
                return table
            raise DataError(f"{path}: not a table: its rows have more cells than its header")
        except UnicodeDecodeError:
            logger.info("%s is not UTF-8: read as Latin-1", path)
        except pd.errors.EmptyDataError:
            break
        except pd.errors.ParserError as fault:
            raise DataError(f"{path}: not a table: {fault}") from fault
    raise DataError(f"{path} is empty")


# -------------------------------------------------------------------------------------------------- what is it?


def _header(path: Path) -> list[str]:
    files = parquet_files(path)
    if files is None:
        return [str(name) for name in read_text(path, nrows=0).columns]
    from pyarrow import ArrowInvalid, parquet

    try:
        return [str(name) for name in parquet.read_schema(files[0]).names]
    except ArrowInvalid as fault:
        raise DataError(f"{files[0]}: not a Parquet file: {fault}") from fault


def parquet_files(path: Path) -> list[Path] | None:
    """The Parquet files that a path stands for; None for a text file. A data folder stands for its archive."""
    if not path.is_dir():
        return [path] if path.suffix.lower() in {".parquet", ".pq"} else None
    inner = path / "archive" / "responses"
    files = sorted((inner if inner.is_dir() else path).rglob("*.parquet"))
    if not files:
        raise DataError(f"{path}: there is no Parquet file in this folder")
    return files


def _delimiter(path: Path) -> str:
    with path.open("rb") as file:
        line = file.readline()
    return max((",", "\t", ";"), key=lambda mark: line.count(mark.encode()))


def _recognised(path: Path, header: list[str], columns: Mapping[str, str]) -> str:
    names = set(header)
    if names.issuperset(ARCHIVE):
        return "archive"
    if "student_id" in names | set(columns):
        return "tidy"
    if "Anon Student Id" in names:
        return "datashop"
    if {"user_id", "correct"} <= names and _first(names, "order_id", "problem_log_id", "log_id"):
        return "assistments"
    raise DataError(
        f"{path}: no column 'student_id'; found {_list(header)}. "
        f"Name yours, for example --column student_id={header[0]}"
    )


def _first(names: Iterable[str], *wanted: str) -> str | None:
    present = set(names)
    return next((name for name in wanted if name in present), None)


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


# -------------------------------------------------------------------------------------------------- readers


def _tidy(path: Path, header: list[str], columns: Mapping[str, str]) -> pd.DataFrame:
    source = {name: name for name in COLUMNS if name in header} | dict(columns)
    if "correct" in columns:  # whoever names one of the two means that one
        source.pop("score", None) if "score" not in columns else None
    wanted = list(dict.fromkeys(source.values()))
    files = parquet_files(path)
    if files is None:
        table = read_text(path)  # with all its columns, or a row with too many cells would go unseen
    else:
        table = pd.concat([pd.read_parquet(file, columns=wanted) for file in files], ignore_index=True)
    return pd.DataFrame({ours: table[theirs] for ours, theirs in source.items()})


def _assistments(path: Path, header: list[str], columns: Mapping[str, str]) -> ResponseLog:
    """ASSISTments 2009-10, 2012-13 (a row for each skill of an answer, joined here by its id) and 2015 (no skills:
    the sequence is the skill).

    An answer's rows share its id, which grows with time. Read as several answers, all but the first would be told by
    the first: a leak that inflates figures. Scaffolding questions (``original`` = 0) are kept, as in the published
    splits: they are answers too. Skills go by name where there is one, else by id.
    """
    order = columns.get("timestamp") or _first(header, "order_id", "problem_log_id", "log_id")
    named = columns.get("skill_ids") or _first(header, "skill_name", "skill", "skill_id", "sequence_id")
    item = columns.get("item_id") or _first(header, "problem_id")
    if order is None or named is None:
        raise DataError(f"{path}: not an ASSISTments export: needs an answer's id and a skill; found {_list(header)}")
    fallback = "skill_id" if named != "skill_id" and "skill_id" in header else None
    student, correct = columns.get("student_id", "user_id"), columns.get("correct", "correct")
    used = {student, correct, order, named, item, fallback} - {None}
    raw = read_text(path, usecols=lambda name: name in used)
    table = pd.DataFrame({"student_id": raw[student], "correct": raw[correct], "timestamp": raw[order]})
    table["skill_ids"] = raw[named] if fallback is None else raw[named].fillna(raw[fallback])
    if item is not None:
        table["item_id"] = raw[item]
    table["row"] = table.index + 1
    return from_frame(_joined(table), drop_unskilled=True, separator=UNIT)


def _joined(table: pd.DataFrame) -> pd.DataFrame:
    """One row an answer: the first, with the skills of all rows of the same student and id."""
    key = ["student_id", "timestamp"]
    several = table.duplicated(key, keep=False) & table["timestamp"].notna()
    if not several.any():
        return table
    expanded = table[several].assign(skill_ids=table["skill_ids"].fillna(""))
    skills = expanded.groupby(key, sort=False)["skill_ids"].agg(UNIT.join)
    first = expanded.drop_duplicates(key)
    first = first.assign(skill_ids=skills.loc[pd.MultiIndex.from_frame(first[key])].to_numpy())
    logger.info("joined %d rows into %d answers on several skills", len(expanded), len(first))
    return pd.concat([table[~several], first]).sort_values("row")


def _datashop(path: Path, header: list[str], columns: Mapping[str, str]) -> ResponseLog:
    """A PSLC DataShop student-step roll-up: tab-separated without quoting, skills of a step joined by ``~~``.

    An item is a step of a problem; the score is the first attempt. Of several skill models the one with the most
    tagged steps is read unless ``columns`` names another.
    """
    score = columns.get("correct") or columns.get("score") or "Correct First Attempt"
    student = columns.get("student_id", "Anon Student Id")
    if score not in header:
        raise DataError(f"{path}: not a student-step roll-up: no column {score!r}; found {_list(header)}")
    raw = read_text(path, sep="\t", quoting=3, low_memory=False)
    raw = raw.iloc[: _whole_lines(path, len(header), len(raw))]
    skills = columns.get("skill_ids") or _skill_model(path, raw)
    table = pd.DataFrame({"student_id": raw[student], "correct": raw[score], "skill_ids": raw[skills]})
    problem, step = columns.get("item_id", "Problem Name"), "Step Name"
    table["item_id"] = raw[problem] + " / " + raw[step] if step in raw and "item_id" not in columns else raw[problem]
    moment = columns.get("timestamp") or _first(header, "First Transaction Time", "Step Start Time", "Step End Time")
    if moment is not None:
        table["timestamp"] = raw[moment]
        for other in ("Step Start Time", "Step End Time"):
            table["timestamp"] = table["timestamp"].fillna(raw[other]) if other in raw else table["timestamp"]
    table["row"] = table.index + 1
    return from_frame(table, drop_unskilled=True, separator="~~")


def _skill_model(path: Path, raw: pd.DataFrame) -> str:
    models = [str(name) for name in raw.columns if str(name).startswith(("KC(", "KC ("))]
    if not models:
        raise DataError(f"{path}: no skill model, that is no column 'KC(...)'; export the roll-up with one")
    meant = [name for name in models if not any(generated in name for generated in GENERATED)] or models
    tagged = raw[meant].notna().to_numpy().sum(axis=0)
    best = meant[int(tagged.argmax())]
    if len(meant) > 1:
        logger.warning("skills are read from %r; to choose, --column skill_ids=NAME of %s", best, _list(meant))
    return best


def _whole_lines(path: Path, fields: int, rows: int) -> int:
    """How many rows are whole: a file that was cut off ends within a line."""
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - 65536))
        tail = file.read()
    if tail.endswith(b"\n") or tail.count(b"\t", tail.rfind(b"\n") + 1) == fields - 1:
        return rows
    logger.warning("%s is cut off: its last line lacks fields and is left out", path)
    return rows - 1


def _archive(path: Path) -> ResponseLog:
    """The archive of events; a response that was delivered twice counts as it was first received."""
    import duckdb

    files = [str(file) for file in parquet_files(path) or []]
    with duckdb.connect(config={"temp_directory": tempfile.gettempdir()}) as database:
        schema = database.execute("DESCRIBE SELECT skill_ids FROM read_parquet(?)", [files]).fetchall()
        listed = str(schema[0][1]).endswith("[]")
        skills = "array_to_string(skill_ids, chr(31))" if listed else "skill_ids"
        table = database.execute(
            f"""SELECT student_id, item_id, {skills} AS skill_ids, score, answered_at AS timestamp
            FROM read_parquet(?, union_by_name = true)
            QUALIFY row_number() OVER (PARTITION BY student_id, id ORDER BY received_at) = 1
            ORDER BY answered_at, received_at""",
            [files],
        ).df()
    return from_frame(table, drop_unskilled=True, separator=UNIT if listed else ";")
