"""What teachers noted of a student: items to give next, estimates of mastery, and limits on what may be given.

A note has an author and a date, and is withdrawn, never changed. A pin counts until its item was answered; an estimate
is evidence beside the answers (:mod:`engine.tracing.judgements`); of limits the newest ones count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Literal

import orjson

from engine.responses import History, key
from engine.tracing.judgements import Judgement

Kind = Literal["pin", "estimate", "limits"]
MOST = 100
"""Notes of one student: they are read with every request of theirs."""


@dataclass(frozen=True, slots=True)
class Note:
    """``said`` is what its kind says: ``item_id``; or ``skill_id``, ``mastery`` and ``answers``; or limits as
    :class:`service.choosing.Question` names them. ``at`` in ms."""

    id: str
    kind: Kind
    author: str
    at: int
    said: dict[str, Any] = field(default_factory=dict)
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Notes:
    """All notes of a student, the oldest first."""

    notes: tuple[Note, ...] = ()

    @classmethod
    def read(cls, blob: bytes) -> Notes:
        """What :meth:`dump` wrote."""
        return cls(tuple(Note(**one) for one in orjson.loads(blob))) if blob else NONE

    def dump(self) -> bytes:
        return orjson.dumps(self.notes) if self.notes else b""

    def add(self, kind: Kind, author: str, at: int, said: dict[str, Any], comment: str) -> tuple[Notes, Note]:
        """With one more. Its id follows from what it is and from those that are there."""
        identity = orjson.dumps([kind, author, at, said, comment, [one.id for one in self.notes]])
        note = Note(blake2b(identity, digest_size=8).hexdigest(), kind, author, at, said, comment)
        kept = tuple(one for one in self.notes if kind != "limits" or one.kind != "limits")
        return replace(self, notes=(*kept, note)), note

    def without(self, note_id: str) -> Notes:
        return replace(self, notes=tuple(one for one in self.notes if one.id != note_id))

    def pins(self, history: History) -> tuple[str, ...]:
        """Items to give next, the oldest pin first: those not answered since."""
        found = []
        for note in self.notes:
            if note.kind == "pin":
                since = history[(history["item"] == key(note.said["item_id"])) & (history["at"] >= note.at)]
                found += [note.said["item_id"]] if not len(since) else []
        return tuple(dict.fromkeys(found))

    @property
    def judgements(self) -> Sequence[Judgement]:
        """Estimates, as the engine folds them in."""
        return [
            Judgement(note.said["skill_id"], note.said["mastery"], note.said["answers"], note.at)
            for note in self.notes
            if note.kind == "estimate"
        ]

    @property
    def limits(self) -> dict[str, Any]:
        """What may be given at all."""
        return next((note.said for note in reversed(self.notes) if note.kind == "limits"), {})


NONE = Notes()
