"""The store behind a Redis-protocol server, single or cluster.

A student belongs to one of :data:`BUCKETS` buckets; every key of a bucket carries the same hash tag, so that one
response touches one slot, and its whole effect (history, id, log, class) is one atomic script. What is asked of
many buckets (a class, the log) is asked of all of them in one pipeline.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from service.store.base import (
    NOTHING,
    ArtifactKind,
    Heads,
    Held,
    LogEntry,
    LogKind,
    Outcome,
    Recorded,
    Snapshot,
    StoreUnavailable,
    StudentState,
    Write,
)
from service.store.records import KINDS, SIZE, TAG_SIZE, find, judge, key_of, require_records, require_tags
from service.store.redis_keys import (
    BUCKETS,
    HEADS,
    artifact_key,
    bucket_of,
    class_key,
    class_notes_key,
    classes_key,
    log_key,
    of_bucket,
)
from service.store.redis_line import Command, Line, Transport
from service.store.redis_script import Script, entry
from service.store.redis_student import STUDENT, arguments, packed

log = logging.getLogger(__name__)

CONNECT_TIMEOUT = 2.0
TIMEOUT = 5.0
HEADS_COMMAND: Command = ("HMGET", HEADS, "catalog", "model", "roster", "access")
HEADER = TAG_SIZE + 10


SNAPSHOT = Script("redis_snapshot.lua")
NOTES = Script("redis_notes.lua")
OUTDATED = Script("redis_outdated.lua")
REPLACE = Script("redis_replace.lua")
SOURCES = {script.sha: script.source for script in (STUDENT, SNAPSHOT, OUTDATED, NOTES, REPLACE)}


class RedisStore:
    """See :class:`service.store.base.Store`."""

    apart = True

    def __init__(self, transport: Transport) -> None:
        """Use :meth:`open`."""
        self._transport = transport

    @classmethod
    async def open(cls, url: str, *, connect_timeout: float = CONNECT_TIMEOUT, timeout: float = TIMEOUT) -> RedisStore:
        """The store behind this URL, once it answers."""
        transport: Transport
        if "+cluster" in url.partition("://")[0]:
            from service.store.redis_cluster import Cluster

            transport = Cluster(url.replace("+cluster", "", 1), connect_timeout=connect_timeout, timeout=timeout)
        else:
            transport = Line(url, connect_timeout=connect_timeout, timeout=timeout)
        store = cls(transport)
        try:
            await store.ping()
            await store._warn_of_settings()
        except BaseException:
            await store.close()
            raise
        return store

    async def record(
        self, writes: Sequence[Write], tag: bytes, held: Mapping[str, Held] = NOTHING
    ) -> tuple[list[Recorded], Heads]:
        require_records(writes)
        commands = [packed(write, tag, held.get(write.student_id)) for write in writes]
        *answers, heads = await self._run([*commands, HEADS_COMMAND])
        return [_recorded(write, answer) for write, answer in zip(writes, answers, strict=True)], _heads(heads)

    async def read(
        self, student_ids: Sequence[str], tag: bytes, held: Mapping[str, Held] = NOTHING
    ) -> tuple[list[StudentState], Heads]:
        commands = [packed(Write(student, ()), tag, held.get(student)) for student in student_ids]
        *answers, heads = await self._run([*commands, HEADS_COMMAND])
        return [_state(answer) for answer in answers], _heads(heads)

    async def save_snapshots(self, snapshots: Sequence[Snapshot]) -> None:
        require_tags(snapshots)
        await self._run([_save_command(snapshot) for snapshot in snapshots])

    async def outdated(self, tag: bytes, after: str, limit: int) -> tuple[list[str], str]:
        bucket, _, cursor = after.partition(":")
        at = int(bucket or 0)
        ((following, students),) = await self._run([_outdated_command(at, tag, cursor or "0", limit)])
        names = [student.decode() for student in students]
        if following != b"0":
            return names, f"{at}:{following.decode()}"
        return names, f"{at + 1}:0" if at + 1 < BUCKETS else ""

    async def keep_notes(self, student_id: str, notes: bytes, instead_of: bytes) -> bool:
        prefix = of_bucket(bucket_of(student_id))
        keys = [f"{prefix}notes:{student_id}", f"{prefix}noted"]
        return bool((await self._run([NOTES.call(keys, [instead_of, notes, student_id])]))[0])

    async def noted(self) -> list[str]:
        return await self._union([f"{of_bucket(bucket)}noted" for bucket in range(BUCKETS)])

    async def class_notes(self, class_id: str) -> bytes:
        return (await self._run([("GET", class_notes_key(class_id))]))[0] or b""

    async def keep_class_notes(self, class_id: str, notes: bytes, instead_of: bytes) -> bool:
        return bool((await self._run([NOTES.call([class_notes_key(class_id)], [instead_of, notes])]))[0])

    async def append_log(self, kind: LogKind, events: Sequence[tuple[str, bytes]]) -> None:
        await self._run([("XADD", log_key(bucket_of(who)), "*", "e", entry(kind, event)) for who, event in events])

    async def class_ids(self) -> list[str]:
        return await self._union([classes_key(bucket) for bucket in range(BUCKETS)])

    async def class_students(self, class_id: str) -> list[str]:
        return await self._union([class_key(bucket, class_id) for bucket in range(BUCKETS)])

    async def heads(self) -> Heads:
        return _heads((await self._run([HEADS_COMMAND]))[0])

    async def publish(self, kind: ArtifactKind, version: str, blob: bytes) -> None:
        # In this order: whoever sees the head finds the artifact.
        await self._run([("SET", artifact_key(kind, version), blob, "NX")])
        await self._run([("HSET", HEADS, kind, version)])

    async def replace(self, kind: ArtifactKind, version: str, blob: bytes, instead_of: str | None) -> bool:
        command = REPLACE.call([HEADS, artifact_key(kind, version)], [kind, version, blob, instead_of or ""])
        return bool((await self._run([command]))[0])

    async def fetch(self, kind: ArtifactKind, version: str) -> bytes | None:
        blob: bytes | None = (await self._run([("GET", artifact_key(kind, version))]))[0]
        return blob

    async def discard(self, kind: ArtifactKind, version: str) -> None:
        if getattr(await self.heads(), kind) != version:
            await self._run([("DEL", artifact_key(kind, version))])

    async def log_partitions(self) -> list[str]:
        lengths = await self._run([("XLEN", log_key(bucket)) for bucket in range(BUCKETS)])
        return [str(bucket) for bucket, length in enumerate(lengths) if length]

    async def read_log(self, partition: str, limit: int, *, newest: bool = False) -> list[LogEntry]:
        if not partition.isdecimal():
            return []
        key, count = log_key(int(partition)), ("COUNT", limit)
        asked = ("XREVRANGE", key, "+", "-", *count) if newest else ("XRANGE", key, "-", "+", *count)
        (answer,) = await self._run([asked])
        entries = (answer or [])[::-1] if newest else answer or []
        return [LogEntry(position.decode(), KINDS[entry[0]], entry[1:]) for position, (_, entry) in entries]

    async def trim_log(self, partition: str, through: str) -> None:
        if partition.isdecimal():
            time, _, serial = through.partition("-")
            await self._run([("XTRIM", log_key(int(partition)), "MINID", "=", f"{time}-{int(serial) + 1}")])

    async def ping(self) -> None:
        await self._run([HEADS_COMMAND])  # a key's command, so that the same call asks a cluster

    async def close(self) -> None:
        await self._transport.close()

    async def _run(self, commands: Sequence[Command | bytes]) -> list[Any]:
        """The answers; one round trip, or two where the server does not know a script yet."""
        if not commands:
            return []
        try:
            answers = await self._transport.run(commands)
            unknown = [index for index, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
            if unknown:
                again = await self._transport.run([_with_source(commands[index]) for index in unknown])
                for index, answer in zip(unknown, again, strict=True):
                    answers[index] = answer
        except (RedisError, OSError) as error:
            raise StoreUnavailable(f"the Redis store cannot answer: {error}") from error
        for answer in answers:
            if isinstance(answer, Exception):
                raise StoreUnavailable(f"the Redis store refused: {answer}") from answer
        return answers

    async def _union(self, sets: Sequence[str]) -> list[str]:
        members = await self._run([("SMEMBERS", name) for name in sets])
        return sorted({member.decode() for found in members for member in found})

    async def _warn_of_settings(self) -> None:
        """Tell the operator where the server is set up to lose what was acknowledged."""
        try:
            answers = await self._transport.run([("INFO", "persistence"), ("INFO", "memory")])
        except (RedisError, OSError):
            return  # some hosted servers refuse INFO; a cluster has no one node to ask
        told = b"\n".join(answer for answer in answers if isinstance(answer, bytes)).decode(errors="replace")
        settings = dict(line.strip().partition(":")[::2] for line in told.splitlines())
        if settings.get("aof_enabled") == "0":
            log.warning("the Redis server keeps no append-only file: a crash loses responses (set appendonly yes)")
        if settings.get("maxmemory_policy", "noeviction") != "noeviction":
            log.warning("the Redis server may evict histories (set maxmemory-policy noeviction)")


def _heads(answer: Sequence[bytes | None]) -> Heads:
    return _named(*answer)


@lru_cache(16)  # the same ones come with nearly every answer
def _named(*versions: bytes | None) -> Heads:
    return Heads(*(version.decode() if version is not None else None for version in versions))


def _with_source(command: Command | bytes) -> Command:
    _, sha, *rest = arguments(command) if isinstance(command, bytes) else command
    return ("EVAL", SOURCES[sha.decode() if isinstance(sha, bytes) else str(sha)], *rest)


def _save_command(snapshot: Snapshot) -> Command:
    prefix = of_bucket(bucket_of(snapshot.student_id))
    student = snapshot.student_id
    keys = [f"{prefix}{part}:{student}" for part in ("snapshot", "tail", "history")] + [f"{prefix}snapshots"]
    return SNAPSHOT.call(keys, [TAG_SIZE, SIZE, snapshot.tag + b"%010d" % snapshot.covers + snapshot.blob, student])


def _outdated_command(bucket: int, tag: bytes, cursor: str, limit: int) -> Command:
    prefix = of_bucket(bucket)
    return OUTDATED.call([f"{prefix}snapshots"], [tag, cursor, limit, f"{prefix}snapshot:"])


def _state(answer: Sequence[Any]) -> StudentState:
    _, length, kept, records, held, notes = answer
    covers = held or (int(kept[TAG_SIZE:HEADER]) if kept else 0)
    if type(records) is list:  # it may begin before what is asked for
        records = b"".join(records)
        records = records[len(records) - (length - covers) * SIZE :]
    return StudentState(records, kept[HEADER:] if kept else None, length, held > 0, notes)


def _recorded(write: Write, answer: Sequence[Any]) -> Recorded:
    seen, history = answer[0], answer[3]
    if b"1" not in seen:
        return Recorded([Outcome.RECORDED] * len(write.responses), _state(answer))
    outcomes, whole = [], b"".join(history)
    for response, mark in zip(write.responses, seen, strict=True):
        stored = find(whole, key_of(response.record))
        if stored is None:
            raise StoreUnavailable("a student's ids and history disagree: keys were evicted or deleted")
        outcomes.append(Outcome.RECORDED if mark == ord("0") else judge(response.record, stored))
    return Recorded(outcomes, _state(answer))
