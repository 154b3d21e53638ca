"""A response log: every answer of every student as column arrays, in the order that training and judging need."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Name = TypeVar("Name")

CATALOG = "catalog.json"
"""In the folder of an event archive: the catalog as it was when responses were archived last."""


class DataError(ValueError):
    """Responses that cannot be used; the message names the column, the row (from 1, header not counted), the mend."""


@dataclass(frozen=True)
class Answers:
    """N answers, each student's together and in order of time: what a fit of plain BKT needs.

    students, skills  names; of skills, sorted
    student   [N] positions in the names
    tag       [N] which set of skills the answer asked for
    score     [N] 0 (wrong) .. 1 (right)
    tag_start, tag_skill  the skills of tag t are ``tag_skill[tag_start[t]:tag_start[t+1]]``, ascending and distinct

    Rows carry their own tag, so that an item whose skills changed between two answers is read as it was.
    """

    students: tuple[str, ...]
    skills: tuple[str, ...]
    student: Ints
    tag: Ints
    score: Floats
    tag_start: Ints
    tag_skill: Ints

    def __len__(self) -> int:
        return len(self.score)

    @cached_property
    def tags(self) -> tuple[tuple[str, ...], ...]:
        """The skill names of every tag."""
        names = [self.skills[k] for k in self.tag_skill.tolist()]
        return tuple(tuple(names[low:high]) for low, high in pairwise(self.tag_start.tolist()))

    def expand(self) -> tuple[Ints, Ints]:
        """``row, link`` of every (answer, skill): the answer's row, and its place in ``tag_skill``."""
        if len(self.tag_start) == len(self.tag_skill) + 1:  # one skill an answer
            return np.arange(len(self)), self.tag
        counts = np.diff(self.tag_start)[self.tag]
        row = np.repeat(np.arange(len(self)), counts)
        first = np.cumsum(counts) - counts
        return row, self.tag_start[self.tag][row] + np.arange(len(row)) - first[row]


@dataclass(frozen=True)
class ResponseLog(Answers):
    """Answers with their items and times, sorted by (student, at, order of the source).

    items     names, sorted
    item      [N] positions in the names
    at        [N] milliseconds, or a mere order: only the order matters
    """

    items: tuple[str, ...]
    item: Ints
    at: Ints

    @classmethod
    def from_frame(cls, frame: Any, *, drop_unskilled: bool = False) -> ResponseLog:
        """The log of a pandas frame or an Arrow table: see :func:`models.tables.from_frame`."""
        from models.tables import from_frame  # pandas loads with it

        return from_frame(frame, drop_unskilled=drop_unskilled)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content: the same answers give the same digest, whatever file they stood in."""
        digest = sha256(json.dumps([self.students, self.items, self.skills]).encode())
        for column in (self.student, self.item, self.tag, self.at, self.tag_start, self.tag_skill):
            digest.update(np.ascontiguousarray(column, "<i8").tobytes())
        digest.update(np.ascontiguousarray(self.score, "<f8").tobytes())
        return digest.hexdigest()

    @cached_property
    def bounds(self) -> Ints:
        """The answers of student s are rows ``bounds[s]:bounds[s+1]``."""
        return np.searchsorted(self.student, np.arange(len(self.students) + 1)).astype(np.int64)

    def select(self, students: Mask) -> ResponseLog:
        """The answers of the students marked [S], with the names that these answers use and no others."""
        students = np.asarray(students, bool)
        if students.shape != (len(self.students),):
            raise ValueError(f"the mask has shape {students.shape}, not ({len(self.students)},)")
        rows = students[self.student]
        student_names, student = _used(self.students, self.student[rows])
        item_names, item = _used(self.items, self.item[rows])
        kept, tag = _used(tuple(range(len(self.tag_start) - 1)), self.tag[rows])
        sets = [self.tag_skill[self.tag_start[t] : self.tag_start[t + 1]] for t in kept]
        skill_names, tag_skill = _used(self.skills, np.concatenate(sets) if sets else np.empty(0, np.int64))
        start = np.cumsum([0, *map(len, sets)]).astype(np.int64)
        score, at = self.score[rows], self.at[rows]
        return ResponseLog(student_names, skill_names, student, tag, score, start, tag_skill, item_names, item, at)

    def split(self, students: Mask) -> tuple[ResponseLog, ResponseLog]:
        """``(the others, those marked)``: two logs that share no student."""
        students = np.asarray(students, bool)
        return self.select(~students), self.select(students)


def _used(names: tuple[Name, ...], codes: Ints) -> tuple[tuple[Name, ...], Ints]:
    """The names that occur among the codes, and the codes among these."""
    kept = np.flatnonzero(np.bincount(codes, minlength=len(names)))
    if len(kept) == len(names):
        return names, codes
    recode = np.empty(len(names), np.int64)
    recode[kept] = np.arange(len(kept))
    return tuple(names[at] for at in kept.tolist()), recode[codes]
