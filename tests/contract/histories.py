"""Short ways to say what the contract tests talk about."""

from __future__ import annotations

from engine.responses import Response, digest32, pack
from service.store.base import NewResponse, Store, StudentState, Write

TAG = b"model--1"
OTHER_TAG = b"model--2"
UNKNOWN = StudentState(b"", None, 0)


def record_of(response_id: str, content: str = "right", at: int = 1_700_000_000_000) -> bytes:
    """A packed record; another ``content`` is another check."""
    return pack(Response(response_id, "whoever", "item-1", 1.0, at, digest32(content.encode())))


def event_of(response_id: str, content: str = "right") -> bytes:
    return f'{{"id": "{response_id}", "content": "{content}"}}'.encode()


def new(response_id: str, content: str = "right", class_id: str | None = None) -> NewResponse:
    return NewResponse(record_of(response_id, content), event_of(response_id, content), class_id)


def write(student_id: str, *response_ids: str, class_id: str | None = None) -> Write:
    return Write(student_id, [new(response_id, class_id=class_id) for response_id in response_ids])


def records(*response_ids: str) -> bytes:
    return b"".join(record_of(response_id) for response_id in response_ids)


async def whole_log(store: Store) -> list[bytes]:
    """Every event of the log; in order where all are of one student."""
    partitions = await store.log_partitions()
    return [entry.event for partition in partitions for entry in await store.read_log(partition, 10_000)]
