"""What is left, compared with what was acknowledged: the store, the archive, and every student's mastery."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
import pyarrow.parquet as pq

from engine.responses import Response, key, pack, unpack
from engine.tracing import AnyTracer
from service import archive
from service.answers import parse
from service.choosing import HOUR
from service.store.base import Store
from service.store.records import SIZE, key_of
from tests.chaos.ledger import Body, Ledger, Name

CLOSE = 1e-9
SHOWN = 5


@dataclass
class Verdict:
    """Lines of the table, each with what differs; examples of differences. ``snapshots``: students who have one."""

    lines: list[tuple[str, int, int]] = field(default_factory=list)
    snapshots: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, what: str, compared: int, differences: list[str]) -> None:
        self.lines.append((what, compared, len(differences)))
        self.examples += [f"{what}: {one}" for one in differences[:SHOWN]]

    @property
    def ok(self) -> bool:
        """No difference, and something was compared everywhere."""
        return all(compared and not differences for _, compared, differences in self.lines)

    def table(self) -> str:
        width = max(len(what) for what, _, _ in self.lines)
        head = f"{'compared':{width}}  {'number':>8}  {'different':>9}"
        return "\n".join([head, *(f"{what:{width}}  {n:8}  {bad:9}" for what, n, bad in self.lines), *self.examples])


def packed(body: dict[str, object]) -> bytes:
    """The record that a response must have become."""
    answer = parse(body, int(time.time() * 1000))
    given = answer.id, answer.student_id, answer.item_id, answer.score, answer.answered_at, answer.check
    return pack(Response(*given))


async def judge(ledger: Ledger, store: Store, folder: Path, tracer: AnyTracer, urls: list[str]) -> Verdict:
    """Compare everything. The log must have been drained into ``folder``; ``tracer`` is what is served now."""
    verdict = Verdict()
    verdict.add("answers given while it ran", ledger.counts["requests"], ledger.wrong)
    histories = await _histories(ledger, store)
    sent = {name: packed(body) for name, body in ledger.sent.items()}
    names = {(student, key(one)): (student, one) for student, one in sent}
    stored = [
        (names.get((student, key_of(record)), (student, "never sent")), record)
        for student, history in histories.items()
        for record in (history[at : at + SIZE] for at in range(0, len(history), SIZE))
    ]
    kept = Counter(name for name, _ in stored)
    verdict.add("acknowledged: in the store", len(ledger.acknowledged), _missing(ledger.acknowledged, kept))
    verdict.add("in the store: once", len(stored), [f"{name} {n} times" for name, n in kept.items() if n > 1])
    verdict.add("in the store: as sent", len(stored), [f"{n}" for n, record in stored if sent.get(n) != record])
    await _archived(verdict, store, folder, kept)
    states, _ = await store.read(list(histories), tracer.tag)
    verdict.snapshots = sum(one.snapshot is not None for one in states)
    verdict.add("mastery: as folded anew", *await _mastery(ledger, histories, sent, tracer, urls))
    return verdict


async def _histories(ledger: Ledger, store: Store) -> dict[str, bytes]:
    students = sorted({student for student, _ in ledger.sent})
    states, _ = await store.read(students, b"")
    return {student: state.records for student, state in zip(students, states, strict=True)}


def _missing(expected: dict[Name, object] | dict[Name, dict[str, object]], found: Counter[Name]) -> list[str]:
    return [f"{name} is missing" for name in expected if name not in found]


async def _archived(verdict: Verdict, store: Store, folder: Path, kept: Counter[Name]) -> None:
    entries = [entry for part in await store.log_partitions() for entry in await store.read_log(part, 1_000_000)]
    left = [entry for entry in entries if entry.kind == "response"]  # recommendations come behind the answers, any time
    whole = folder / "all.parquet"
    archive.export(folder, whole)
    exported = Counter(_rows(whole))
    differ = [f"{name} {exported[name]} times" for name in kept | exported if exported[name] != 1 or name not in kept]
    verdict.add("in the store: in the export, once", len(kept), differ)
    waiting = {name for note in folder.rglob("*.replaced") for name in orjson.loads(note.read_bytes())}
    files = [path for path in (folder / "responses").rglob("*.parquet") if path.name not in waiting]
    raw = Counter(name for path in files for name in _rows(path))
    verdict.add("in the archive's files: once", len(raw), [f"{name} {n} times" for name, n in raw.items() if n > 1])
    unreadable = [str(path) for path in (folder / "unreadable").rglob("*")]
    verdict.add("log: drained", max(1, len(left)), [f"{entry.kind} {entry.position}" for entry in left] + unreadable)


def _rows(path: Path) -> list[Name]:
    columns = pq.ParquetFile(path).read(["student_id", "id"]).to_pydict()
    return list(zip(columns["student_id"], columns["id"], strict=True))


async def _mastery(
    ledger: Ledger, histories: dict[str, bytes], sent: dict[Name, bytes], tracer: AnyTracer, urls: list[str]
) -> tuple[int, list[str]]:
    """A replayed response is answered with mastery as it is now: it must be that of the records sent, folded anew."""
    compared, differences = 0, []
    async with httpx.AsyncClient(timeout=60) as client:
        for number, (student, history) in enumerate(histories.items()):
            ids = set(unpack(history)["id"].tolist())
            known = {one: record for (who, one), record in sent.items() if who == student and key(one) in ids}
            if not known:
                continue
            state = tracer.fold(unpack(b"".join(known.values())))
            for one in _of_every_skill(ledger, student, known, tracer):
                before = _hour()
                url = f"{urls[number % len(urls)]}/v1/responses"
                said = await _told(client, url, ledger.sent[student, one])
                if said.status_code != 200:
                    differences.append(f"{student} {one}: {said.status_code} {said.text[:300]}")
                    continue
                answer = said.json()
                allowed = [tracer.standing(state, hour).mastery for hour in {before, _hour()}]
                for skill in answer["mastery"]:
                    compared += 1
                    k = tracer.catalog.skill_index[skill["skill_id"]]
                    if all(abs(skill["mastery"] - float(some[k])) > CLOSE for some in allowed):
                        differences.append(f"{student} {skill} where {float(allowed[0][k])} was expected")
                if answer["model_version"] != tracer.model.version:
                    differences.append(f"{student} is told of model {answer['model_version']}")
    return compared, differences


async def _told(client: httpx.AsyncClient, url: str, body: Body) -> httpx.Response:
    """The answer; once more where the first says to try again, as it may of a connection that broke before."""
    answer = await client.post(url, json=body)
    if answer.status_code == 503:
        await asyncio.sleep(float(answer.headers["retry-after"]))
        answer = await client.post(url, json=body)
    return answer


def _of_every_skill(ledger: Ledger, student: str, known: dict[str, bytes], tracer: AnyTracer) -> list[str]:
    """Responses whose items have, together, every skill that the student practised."""
    chosen: dict[str, str] = {}
    for one in known:
        item = tracer.catalog.item_index[ledger.sent[student, one]["item_id"]]
        for skill in tracer.catalog.items[item].skill_ids:
            chosen.setdefault(skill, one)
    return sorted(set(chosen.values()))


def _hour() -> int:
    now = int(time.time() * 1000)
    return now - now % HOUR
