"""Draining the log into Parquet, deaths in the middle of it, and the export."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from engine.catalog import from_json, to_json
from models.log import CATALOG, DataError
from models.readers import prerequisites, read
from service import archive_files
from service.archive import ArchiveBusy, drain, export, locked
from service.store import open_store
from service.store.base import LogKind, Store
from tests.service.made import catalog

JUNE, JULY = (int(datetime(2026, month, 30, 23, 59, tzinfo=UTC).timestamp() * 1000) for month in (6, 7))


def response(n: int, at: int = JUNE, **more: Any) -> dict[str, Any]:
    event = {"id": f"r{n}", "student_id": f"s{n % 3}", "item_id": f"i{n % 5}", "score": float(n % 2)}
    return {**event, "answered_at": at + n, "received_at": at + n + 5, "skill_ids": ["add"], **more}


def recommendation(n: int, **more: Any) -> dict[str, Any]:
    event = {"recommendation_id": f"q{n}", "student_id": "s1", "item_id": "i1", "at": JUNE + n, "propensity": 0.25}
    return {**event, "reason": {"code": "learn", "text": "because"}, "slot": 0, "policy": "default@1", **more}


async def log(store: Store, events: Sequence[dict[str, Any] | bytes], kind: LogKind = "response") -> None:
    raw = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    await store.append_log(kind, [("s1", event) for event in raw])


def rows(folder: Path, what: str = "responses") -> list[dict[str, Any]]:
    return [
        row for file in sorted((folder / what).rglob("*.parquet")) for row in pq.ParquetFile(file).read().to_pylist()
    ]


def ids(folder: Path) -> list[str]:
    return sorted(row["id"] for row in rows(folder))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive"


class Dying:
    """A store whose process dies at a call: that call is never made."""

    def __init__(self, store: Store, at: str) -> None:
        self._store, self._at = store, at

    def __getattr__(self, name: str) -> Any:
        if name == self._at:
            raise KeyboardInterrupt
        return getattr(self._store, name)


class Busy:
    """A store to which another response comes whenever something is archived."""

    def __init__(self, store: Store) -> None:
        self._store, self.came = store, 0

    async def trim_log(self, partition: str, last: str) -> None:
        await self._store.trim_log(partition, last)
        self.came += 1
        await log(self._store, [response(1000 + self.came)])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)
async def test_a_drain_ends_where_answers_keep_coming(store: Store, folder: Path) -> None:
    await log(store, [response(n) for n in range(10)])
    busy = Busy(store)
    assert await drain(busy, folder, limit=5) == {"response": 12}  # 5, 5, and 2 that came meanwhile
    assert busy.came == 3
    assert await drain(store, folder) == {"response": 1}
    assert len(ids(folder)) == 13


@pytest.mark.parametrize("store_url", ["sqlite", "redis", "cluster"], indirect=True)
async def test_everything_is_moved_and_months_stand_apart(store: Store, folder: Path) -> None:
    await log(store, [response(n) for n in range(10)] + [response(n, JULY) for n in range(10, 15)])
    await store.append_log("response", [("someone else", json.dumps(response(99)).encode())])
    assert await drain(store, folder, limit=4) == {"response": 16}
    assert ids(folder) == sorted([*(f"r{n}" for n in range(15)), "r99"])
    assert sorted(path.name for path in (folder / "responses").iterdir()) == ["month=2026-06", "month=2026-07"]
    assert await drain(store, folder) == {}
    for partition in await store.log_partitions():
        assert await store.read_log(partition, 10) == []


async def test_columns_are_typed_and_what_has_none_is_kept(store: Store, folder: Path) -> None:
    known: dict[str, Any] = {"class_id": "c", "session_id": "x", "duration_ms": 5, "attempt": 2, "hints": 1}
    await log(store, [response(1, **known, device={"os": "π"}, mood=None), response(2)])
    await drain(store, folder)
    (file,) = (folder / "responses").rglob("*.parquet")
    assert pq.read_schema(file) == archive_files.RESPONSES
    first, second = pq.ParquetFile(file).read().to_pylist()
    assert first == response(1, **known) | {"extra": first["extra"]}
    assert json.loads(first["extra"]) == {"device": {"os": "π"}, "mood": None}
    assert (second["extra"], second["class_id"], second["hints"]) == (None, None, None)


async def test_an_item_that_was_unknown_has_no_skills(store: Store, folder: Path) -> None:
    event = response(1)
    del event["skill_ids"]
    await log(store, [event])
    await drain(store, folder)
    assert rows(folder)[0]["skill_ids"] is None


async def test_recommendations_keep_their_fields(store: Store, folder: Path) -> None:
    await log(store, [recommendation(1, title="Sum", candidates=7)], "recommendation")
    assert await drain(store, folder) == {"recommendation": 1}
    (row,) = rows(folder, "recommendations")
    assert (row["recommendation_id"], row["propensity"], row["reason"], row["candidates"]) == ("q1", 0.25, "learn", 7)
    assert json.loads(row["extra"]) == {"title": "Sum", "reason": {"code": "learn", "text": "because"}}


@pytest.mark.parametrize(
    "event", [b"", b"\xff", b"[1]", b"{}", b'{"id":"x"}', json.dumps(response(7, answered_at="soon")).encode()]
)
async def test_what_cannot_be_read_is_kept_apart_and_holds_nobody_up(
    store: Store, folder: Path, event: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await log(store, [response(1), event, response(2)])
    assert await drain(store, folder) == {"response": 2, "unreadable": 1}
    assert [row["event"] for row in rows(folder, "unreadable")] == [event]
    assert "1 events could not be read" in caplog.text


async def test_a_drain_rests_between_its_batches(store: Store, folder: Path) -> None:
    await log(store, [response(n) for n in range(7)])
    worked: list[float] = []

    async def rest(seconds: float) -> None:
        worked.append(seconds)

    assert await drain(store, folder, limit=3, rest=rest) == {"response": 7}
    assert len(worked) == 2, "not before the first, nor after the last"
    assert min(worked) > 0


async def test_what_cannot_be_read_is_kept_each_time_that_it_comes(store: Store, folder: Path) -> None:
    for _ in range(2):
        await log(store, [b"no event"])
        assert await drain(store, folder) == {"unreadable": 1}
    assert len({row["position"] for row in rows(folder, "unreadable")}) == 2


async def test_a_value_of_another_type_spoils_its_own_row_alone(store: Store, folder: Path) -> None:
    await log(store, [response(1), response(2, hints="many"), response(3)])
    assert await drain(store, folder) == {"response": 2, "unreadable": 1}
    assert ids(folder) == ["r1", "r3"]


@pytest.mark.parametrize("store_url", ["sqlite", "redis"], indirect=True)
async def test_a_death_before_the_trim_doubles_nothing_though_more_has_come(store: Store, folder: Path) -> None:
    await log(store, [response(n) for n in range(5)])
    with pytest.raises(KeyboardInterrupt):
        await drain(Dying(store, "trim_log"), folder)
    assert len(rows(folder)) == 5
    await log(store, [response(n) for n in range(5, 8)])
    assert await drain(store, folder) == {"response": 3}
    assert ids(folder) == [f"r{n}" for n in range(8)]


async def test_a_death_while_the_files_are_written_loses_and_doubles_nothing(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log(store, [response(1), response(2, JULY)])
    real, calls = archive_files.replace, []

    def die_at_the_second_file(hidden: Path, path: Path) -> None:
        calls.append(path)
        if len([path for path in calls if path.suffix == ".parquet"]) == 2:
            raise KeyboardInterrupt
        real(hidden, path)

    with monkeypatch.context() as patched:
        patched.setattr(archive_files, "replace", die_at_the_second_file)
        with pytest.raises(KeyboardInterrupt):
            await drain(store, folder)
    assert len(rows(folder)) == 1
    await log(store, [response(3)])
    assert await drain(store, folder) == {"response": 3}
    assert ids(folder) == ["r1", "r2", "r3"]


async def test_another_store_behind_the_folder_is_not_trimmed_by_an_old_plan(tmp_path: Path, folder: Path) -> None:
    old, new = [await open_store(f"sqlite:///{tmp_path / name}.db") for name in ("old", "new")]
    await log(old, [response(n) for n in range(5)])
    with pytest.raises(KeyboardInterrupt):
        await drain(Dying(old, "trim_log"), folder)
    await log(new, [response(n) for n in range(10, 13)])
    assert await drain(new, folder) == {"response": 3}
    assert len(rows(folder)) == 8
    await old.close()
    await new.close()


async def test_two_drains_never_run_at_once(store: Store, folder: Path) -> None:
    await log(store, [response(n) for n in range(50)])
    await asyncio.gather(*(drain(store, folder, limit=7) for _ in range(4)))
    assert len(rows(folder)) == 50
    async with locked(folder / ".drain.lock"):
        with pytest.raises(ArchiveBusy):
            await drain(store, folder, patience=0)


async def test_an_export_holds_each_event_once_in_order_of_time(store: Store, folder: Path, tmp_path: Path) -> None:
    events = [response(n, JULY if n % 2 else JUNE) for n in range(20)]
    await log(store, events)
    await drain(store, folder)
    late = [response(3, JULY) | {"received_at": JULY * 2}]  # delivered twice, under another time of receipt
    await log(store, late)
    await drain(store, folder)
    assert export(folder, tmp_path / "out" / "all.parquet") == 20
    exported = pq.read_table(tmp_path / "out" / "all.parquet").to_pylist()
    expected = sorted(events, key=lambda event: event["answered_at"])
    blank = dict.fromkeys(archive_files.RESPONSES.names)
    assert exported == [blank | event for event in expected]
    assert export(folder, tmp_path / "it's.csv") == 20
    assert (tmp_path / "it's.csv").read_text().splitlines()[1].startswith("s0,r0,i0,add,0.0,")
    assert [path.name for path in tmp_path.glob(".*")] == []


async def test_recommendations_are_exported_once_though_asked_for_twice(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    await log(store, [recommendation(1), recommendation(2), recommendation(1, at=JULY)], "recommendation")
    await drain(store, folder)
    assert export(folder, tmp_path / "all.parquet", "recommendation") == 2


def test_nothing_archived_is_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing is archived"):
        export(folder, tmp_path / "all.parquet")


async def test_the_archive_is_what_training_reads(store: Store, folder: Path) -> None:
    events = [response(n, JULY if n % 2 else JUNE, skill_ids=["a;b", "c"] if n % 3 else ["c"]) for n in range(30)]
    await log(store, events)
    await drain(store, folder)
    answers = read(folder / "responses")
    assert (len(answers), answers.skills) == (30, ("a;b", "c"))
    assert sorted(answers.at.tolist()) == sorted(event["answered_at"] for event in events)


async def test_what_builds_on_what_is_kept_beside_the_responses(store: Store, folder: Path) -> None:
    assert prerequisites(folder) == []
    await drain(store, folder)
    assert prerequisites(folder) == [], "there was no catalog"
    for items in (2, 3):
        made = catalog(items)
        await store.publish("catalog", made.version, to_json(made).encode())
        await drain(store, folder)
        assert from_json((folder / CATALOG).read_bytes()) == made
    assert prerequisites(folder) == [("adding", "carrying")]
    written = (folder / CATALOG).stat().st_mtime_ns
    await drain(store, folder)
    assert (folder / CATALOG).stat().st_mtime_ns == written, "it is the same"
    (folder / CATALOG).unlink()
    await drain(store, folder)
    assert from_json((folder / CATALOG).read_bytes()) == made
    (folder / CATALOG).write_text("{")
    with pytest.raises(DataError, match="is no catalog"):
        prerequisites(folder)
