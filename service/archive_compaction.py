"""Many small files of a month become a larger one, so that a year of drains does not become a million files.

The small ones stay for some minutes: whoever is reading the archive has listed them. Until then their rows stand twice;
every reader of ours counts a row once, by its ids. What is to go is written beside the new file (``.replaced``).
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from service.archive_files import FOLDERS, SCHEMAS, save

MANY = 64
"""Files of a month that are left as they are."""
SMALL = 16_000_000
TOGETHER = 64_000_000
"""Bytes: a file below SMALL is merged, with others up to TOGETHER, which bounds the memory."""
READERS = 600.0
"""Seconds after which nobody reads what was replaced."""


def compact(folder: Path, now: float) -> None:
    """Merge where a month has many small files; delete what was replaced long enough ago. ``now`` as a file's time."""
    for kind, name in FOLDERS.items():
        for month in sorted((folder / name).glob("month=*")):
            replaced = _forget(month, now)
            files = [path for path in sorted(month.glob("*.parquet")) if path.name not in replaced]
            small = _together([path for path in files if path.stat().st_size < SMALL])
            if len(small) > MANY:
                _merge(month, small, SCHEMAS[kind])


def _forget(month: Path, now: float) -> set[str]:
    """Delete the files whose time has come; the names of those that wait for it."""
    waiting: set[str] = set()
    # The oldest first: a merged file that was itself replaced must still be there when its own note is read.
    for note in sorted(month.glob("*.replaced"), key=lambda path: path.stat().st_mtime_ns):
        names = orjson.loads(note.read_bytes())
        if not note.with_suffix(".parquet").exists():
            note.unlink()  # a death before the merged file was there: nothing is replaced
        elif now - note.stat().st_mtime < READERS:
            waiting.update(names)
        else:
            for name in names:
                (month / name).unlink(missing_ok=True)
            note.unlink()
    return waiting


def _together(files: list[Path]) -> list[Path]:
    chosen, size = [], 0
    for path in sorted(files, key=lambda path: path.stat().st_size):
        size += path.stat().st_size
        if size > TOGETHER:
            break
        chosen.append(path)
    return sorted(chosen)


def _merge(month: Path, files: list[Path], schema: Any) -> None:
    names = [path.name for path in files]
    merged = month / f"{sha256(' '.join(names).encode()).hexdigest()[:24]}.parquet"
    note = merged.with_suffix(".replaced")
    note.with_suffix(".note").write_bytes(orjson.dumps(names))
    note.with_suffix(".note").replace(note)
    # Not read as a data set: the month in the folder's name would become a column.
    tables = [pq.ParquetFile(path).read().cast(schema) for path in files]
    save(merged, pa.concat_tables(tables))
