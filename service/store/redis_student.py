"""The script of a student's responses as it is sent: packed here, since packing it argument by argument took as long as
all else that is asked of Redis. What is the same for a student from answer to answer is packed once."""

from __future__ import annotations

from functools import lru_cache

import hiredis

from service.store.base import Held, Write
from service.store.records import SIZE, key_of
from service.store.redis_keys import bucket_of, of_bucket
from service.store.redis_line import Command
from service.store.redis_script import Script, entry

STUDENT = Script("redis_student.lua")
PARTS = ("chunks", "tail", "history", "notes", "ids", "snapshot")


def packed(write: Write, tag: bytes, held: Held | None) -> bytes:
    """The call of the script, in the server's language: to record responses and read, or without any to read."""
    classes: tuple[str, ...] = ()
    for response in write.responses:
        if response.class_id is not None and response.class_id not in classes:
            classes = *classes, response.class_id
    count, head, named = _same(write.student_id, tag, classes)
    covers, last = (b"%d" % held.covers, held.last) if held else (b"0", b"")
    count += 2 + 4 * len(write.responses)
    parts = [b"*%d\r\n%b$%d\r\n%b\r\n$%d\r\n%b\r\n%b" % (count, head, len(covers), covers, len(last), last, named)]
    for response in write.responses:
        number = classes.index(response.class_id) + 1 if response.class_id is not None else 0
        place, name, event = b"%d" % number, b"%d" % key_of(response.record), entry("response", response.event)
        parts.append(
            b"$%d\r\n%b\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n"
            % (len(name), name, SIZE, response.record, len(event), event, len(place), place)
        )
    return b"".join(parts)


@lru_cache(2**13)  # of students who are at work now
def _same(student: str, tag: bytes, classes: tuple[str, ...]) -> tuple[int, bytes, bytes]:
    """How many arguments do not change from one call to the next, and these, packed: those before what the caller
    holds, and those after it."""
    prefix = of_bucket(bucket_of(student))
    keys = [*[f"{prefix}{part}:{student}" for part in PARTS], f"{prefix}log", f"{prefix}classes"]
    keys += [f"{prefix}class:{name}" for name in classes]
    before: Command = ("EVALSHA", STUDENT.sha, len(keys), *keys, tag, student)
    after: Command = (len(classes), *classes)
    return len(before) + len(after), _bulks(before), _bulks(after)


def _bulks(some: Command) -> bytes:
    """Packed, without how many there are."""
    whole: bytes = hiredis.pack_command(some)  # type: ignore[arg-type]  # its stub says a 1-tuple
    return whole.partition(b"\r\n")[2]


def arguments(command: bytes) -> tuple[bytes, ...]:
    """What a packed command is made of."""
    reader = hiredis.Reader()
    reader.feed(command)
    found: list[bytes] = reader.gets()
    return tuple(found)
