"""Lua scripts, and what they are given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha1
from importlib.resources import files

from service.store.base import LogKind
from service.store.records import KINDS
from service.store.redis_line import Command

MARKS = {kind: bytes([number]) for number, kind in enumerate(KINDS)}


class Script:
    """A Lua script, called by its hash."""

    def __init__(self, name: str) -> None:
        self.source = files("service.store").joinpath(name).read_text("utf-8")
        self.sha = sha1(self.source.encode(), usedforsecurity=False).hexdigest()

    def call(self, keys: Sequence[str], args: Iterable[bytes | str | int]) -> Command:
        return ("EVALSHA", self.sha, len(keys), *keys, *args)


def entry(kind: LogKind, event: bytes) -> bytes:
    """An event as the log has it."""
    return MARKS[kind] + event
