"""The short version of `make chaos`, which runs for minutes; and the verdict sees what it is there to see."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine import bundle
from engine.catalog import to_json
from engine.tracing import bind
from service import archive
from service.store import open_store
from tests.chaos.installation import Kind
from tests.chaos.ledger import Ledger, catalog
from tests.chaos.run import chaos, model
from tests.chaos.senders import Senders
from tests.chaos.verdict import Verdict, judge
from tests.service.api.processes import Server


@pytest.mark.chaos
@pytest.mark.parametrize("kind", ["sqlite", "redis"])
async def test_nothing_acknowledged_is_lost_doubled_or_different(kind: Kind, tmp_path: Path) -> None:
    outcome = await chaos(kind, tmp_path, seconds=3, seed=7, clients=4)
    assert outcome.verdict.ok, f"{outcome}\n{outcome.installation.log()[-3000:]}"
    assert outcome.faults.counts


@pytest.mark.chaos
async def test_the_verdict_sees_a_loss_a_double_and_a_difference(tmp_path: Path) -> None:
    url, folder, tracer = f"sqlite:///{tmp_path / 'store.db'}", tmp_path / "archive", bind(model(1), catalog())
    store = await open_store(url)
    await store.publish("catalog", catalog().version, to_json(catalog()).encode())
    await store.publish("model", "1", bundle.dump(model(1)))
    ledger = Ledger(3)
    with Server(tmp_path, url) as server:
        senders = Senders([server.url], ledger)
        for _ in range(20):
            await senders.post([ledger.new() for _ in range(20)])
        await senders.settle()

        async def judged() -> Verdict:
            await archive.drain(store, folder)
            (folder / "all.parquet").unlink(missing_ok=True)
            return await judge(ledger, store, folder, tracer, [server.url])

        assert (await judged()).ok
        await asyncio.to_thread(_break, tmp_path, folder)
        never = ledger.new()
        ledger.acknowledge(never, replayed=True, must_be_known=False)
        seen = {what: different for what, _, different in (await judged()).lines}
    await store.close()
    assert seen.pop("answers given while it ran") == 0
    assert seen.pop("log: drained") == 0
    assert seen.pop("in the archive's files: once") == 20
    assert seen.pop("acknowledged: in the store") == 2
    assert seen.pop("in the store: as sent") == 1
    assert seen.pop("in the store: once") == 0  # a unique index stands in the way of a double
    assert seen.pop("in the store: in the export, once") == 1  # what was deleted from the store
    assert seen.pop("mastery: as folded anew") > 0
    assert not seen


def _break(tmp_path: Path, folder: Path) -> None:
    """Lose a response, change one, and keep a file of the archive twice."""
    with sqlite3.connect(tmp_path / "store.db") as database:
        rows = database.execute("SELECT student, max(n), record FROM response GROUP BY student LIMIT 2").fetchall()
        (lost, n, _), (changed, last, record) = rows
        database.execute("DELETE FROM response WHERE student = ? AND n = ?", (lost, n))
        other = record[:24] + (b"\0\0\0\0" if record[24:28] != b"\0\0\0\0" else b"\0\0\x80\x3f") + record[28:]
        database.execute("UPDATE response SET record = ? WHERE student = ? AND n = ?", (other, changed, last))
        database.execute("DELETE FROM snapshot")
    database.close()
    (written,) = [path for path in folder.rglob("responses/*/*.parquet") if _rows(path) >= 20][:1]
    _copy_rows(written, 20)


def _rows(path: Path) -> int:
    return int(pq.ParquetFile(path).metadata.num_rows)


def _copy_rows(path: Path, count: int) -> None:
    pq.write_table(pq.ParquetFile(path).read().slice(0, count), path.with_name("again.parquet"))
