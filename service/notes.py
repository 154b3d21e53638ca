"""What teachers noted of a student: items to give next, estimates of mastery, and limits on what may be given.

A note has an author and a date, and is withdrawn, never changed. A pin counts until its item was answered; an estimate
is evidence beside the answers (:mod:`engine.tracing.judgements`); of limits the newest ones count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Literal

import orjson

from engine.responses import History, key
from engine.tracing.judgements import Judgement
from service.asking import Question
from service.errors import TooManyNotes, UnknownItems, UnknownNote, UnknownSkills
from service.serving import Servings
from service.store.base import Store

Kind = Literal["pin", "estimate", "limits"]
SKILLS, ITEMS = ("skills", "never", "order", "targets"), ("items", "exclude")  # fields of limits that name some
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

    def add(self, kind: Kind, author: str, at: int, said: dict[str, Any], comment: str) -> Notes:
        """With one more. Its id follows from what it is and from those that are there."""
        identity = orjson.dumps([kind, author, at, said, comment, [one.id for one in self.notes]])
        note = Note(blake2b(identity, digest_size=8).hexdigest(), kind, author, at, said, comment)
        kept = tuple(one for one in self.notes if kind != "limits" or one.kind != "limits")
        return replace(self, notes=(*kept, note))

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

    def asked(self, question: Question, history: History) -> Question:
        """The question with what is noted: what it leaves open is as the notes have it, and what either forbids is
        forbidden."""
        noted: dict[str, Any] = {name: _tuple(value) for name, value in self.limits.items()}
        for name in ("never", "exclude"):
            noted[name] = tuple(dict.fromkeys([*question.told.get(name, ()), *noted.get(name, ())]))
        asked = {name: value for name, value in question.told.items() if name not in ("never", "exclude")}
        estimates = tuple((one.skill, one.share, one.answers, one.at) for one in self.judgements)
        return Question.of(**(noted | {"pins": self.pins(history), "estimates": estimates} | asked))


def _tuple(value: Any) -> Any:
    """JSON has lists for tuples."""
    return tuple(value) if isinstance(value, list) else value


NONE = Notes()


class Notebook:
    """Where notes are made and withdrawn. ``now`` gives the time in ms."""

    def __init__(self, store: Store, servings: Servings, now: Callable[[], int]) -> None:
        self._store, self._servings, self._now = store, servings, now

    async def notes(self, student_id: str) -> tuple[Note, ...]:
        """What is noted of a student, known or not, the oldest first."""
        (stored,), _ = await self._store.read([student_id], b"")
        return Notes.read(stored.notes).notes

    async def add(self, student_id: str, kind: Kind, author: str, said: dict[str, Any], comment: str = "") -> Note:
        """Note something. Raises :class:`UnknownSkills`, :class:`UnknownItems` and :class:`TooManyNotes`."""
        catalog = (await self._servings.refresh()).catalog
        if unknown := [name for name in _named(said, "skill_id", *SKILLS) if name not in catalog.skill_index]:
            raise UnknownSkills(unknown)
        if unknown := [name for name in _named(said, "item_id", *ITEMS) if name not in catalog.item_index]:
            raise UnknownItems(unknown)
        at = self._now()
        (note,) = await self._change(student_id, lambda notes: _more(notes, kind, author, at, said, comment))
        return note

    async def withdraw(self, student_id: str, note_id: str) -> None:
        """Take a note back. Raises :class:`UnknownNote`."""

        def less(notes: Notes) -> Notes:
            if all(one.id != note_id for one in notes.notes):
                raise UnknownNote(student_id, note_id)
            return notes.without(note_id)

        await self._change(student_id, less)

    async def _change(self, student_id: str, change: Callable[[Notes], Notes]) -> list[Note]:
        """What is new. Until nobody else was faster."""
        while True:
            (stored,), _ = await self._store.read([student_id], b"")
            before = Notes.read(stored.notes)
            after = change(before)
            if await self._store.keep_notes(student_id, after.dump(), stored.notes):
                return [note for note in after.notes if note not in before.notes]


def _more(notes: Notes, kind: Kind, author: str, at: int, said: dict[str, Any], comment: str) -> Notes:
    more = notes.add(kind, author, at, said, comment)
    if len(more.notes) > MOST:
        raise TooManyNotes(MOST)
    return more


def _named(said: dict[str, Any], one: str, *several: str) -> list[str]:
    """The names that a note holds in these fields."""
    return [*([said[one]] if one in said else []), *(name for field in several for name in said.get(field) or ())]
