"""What both stores need to know of a packed record: its size, its id key and its check.

Of :data:`engine.responses.RECORD`, but without numpy: the process of the embedded store
(:mod:`service.store.sqlite_apart`) starts in half the time.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from service.store.base import LogKind, Outcome, Snapshot, Write

SIZE = 32
TAG_SIZE = 8
KINDS: tuple[LogKind, ...] = ("response", "recommendation")
"""Kinds of log entries; stored as their index, so only ever append to this."""

_KEY = struct.Struct("<q")


def key_of(record: bytes) -> int:
    """Key of the response's id.

    >>> from engine.responses import Response, key, pack
    >>> key_of(pack(Response("r1", "s1", "i1", 1.0, 0))) == key("r1")
    True
    """
    return int(_KEY.unpack_from(record)[0])


def judge(record: bytes, stored: bytes) -> Outcome:
    """What a response is whose id is stored already: the same thing again, or a contradiction."""
    return Outcome.REPLAYED if _check(record) == _check(stored) else Outcome.CONFLICT


def find(history: bytes, key: int) -> bytes | None:
    """The record of ``history`` with this id key, or None."""
    sought = _KEY.pack(key)
    start = history.find(sought)
    while start >= 0 and start % SIZE:  # the same bytes, in the middle of other records
        start = history.find(sought, start + 1)
    return None if start < 0 else history[start : start + SIZE]


def require_records(writes: Sequence[Write]) -> None:
    """Raise ValueError on a record of the wrong size: one would shift every later record of its student."""
    for write in writes:
        for response in write.responses:
            if len(response.record) != SIZE:
                raise ValueError(f"a record has {SIZE} bytes, this one {len(response.record)}")


def require_tags(snapshots: Sequence[Snapshot]) -> None:
    """Raise ValueError on a tag of the wrong size; the empty tag must stay the one that matches nothing."""
    for snapshot in snapshots:
        if len(snapshot.tag) != TAG_SIZE or snapshot.covers < 0:
            raise ValueError(f"a snapshot's tag has {TAG_SIZE} bytes and its covers is not negative")


def _check(record: bytes) -> bytes:
    return record[28:32]
