"""Small files become a large one; nothing is lost, and no reader is surprised."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from models.readers import read
from service import archive_compaction
from service.archive import drain, export
from service.archive_compaction import READERS, compact
from service.store.base import Store
from tests.service.test_archive import ids, log, response


@pytest.fixture
async def folder(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six drains of one response, then a merge."""
    for n in range(6):
        await log(store, [response(n)])
        await drain(store, tmp_path / "archive")
    monkeypatch.setattr(archive_compaction, "MANY", 5)
    compact(tmp_path / "archive", time.time())
    return tmp_path / "archive"


def test_what_was_replaced_stays_for_its_readers_and_counts_once(folder: Path, tmp_path: Path) -> None:
    assert len(ids(folder)) == 12
    assert export(folder, tmp_path / "all.parquet") == 6
    assert len(read(folder / "responses")) == 6
    compact(folder, time.time())
    assert len(ids(folder)) == 12


def test_it_goes_after_a_while(folder: Path) -> None:
    compact(folder, time.time() + READERS + 1)
    assert ids(folder) == [f"r{n}" for n in range(6)]
    assert len(list((folder / "responses").rglob("*"))) == 2  # the month and one file
    compact(folder, time.time() + READERS + 1)
    assert len(ids(folder)) == 6


def test_a_death_before_the_merged_file_is_there_deletes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (note,) = folder.rglob("*.replaced")
    note.with_suffix(".parquet").unlink()
    monkeypatch.setattr(archive_compaction, "MANY", 100)
    compact(folder, time.time() + READERS + 1)
    assert ids(folder) == [f"r{n}" for n in range(6)]
    assert list(folder.rglob("*.replaced")) == []


async def test_few_files_are_left_alone(store: Store, tmp_path: Path) -> None:
    for n in range(3):
        await log(store, [response(n)])
        await drain(store, tmp_path)
    assert len(list(tmp_path.rglob("*.parquet"))) == 3
