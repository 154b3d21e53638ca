"""What was sent, and what was said of it: the memory of the outside world, which the stored one is compared with."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from engine.catalog import Catalog, Item, Prerequisite, Skill, build

STUDENTS, CLASSES, SKILLS, ITEMS = 40, 3, 6, 60
SLOT = 60_000
"""Milliseconds between two answers of a student; an answer that is late lies between two of them."""

Body = dict[str, Any]
Name = tuple[str, str]
"""Student and id of a response."""


def catalog() -> Catalog:
    """Items of one skill and of two."""
    names = [f"skill-{n}" for n in range(SKILLS)]
    items = [Item(f"item-{n}", tuple(dict.fromkeys((names[n % SKILLS], names[n // 7 % SKILLS])))) for n in range(ITEMS)]
    return build([Skill(name) for name in names], items, [Prerequisite(names[0], names[1])])[0]


def name_of(body: Body) -> Name:
    return body["student_id"], body["id"]


@dataclass
class Ledger:
    """Every response that was sent, under its name; which of them were acknowledged; and which answers were wrong."""

    seed: int
    sent: dict[Name, Body] = field(default_factory=dict)
    acknowledged: dict[Name, Body] = field(default_factory=dict)
    unanswered: dict[Name, Body] = field(default_factory=dict)  # to be sent again
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0  # seconds to an answer

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._slots: Counter[str] = Counter()
        self._began = int(time.time() * 1000) - 30 * 24 * 3_600_000

    def new(self, student: str | None = None, late: bool = False) -> Body:
        """A response that was never sent before; no two of a student have the same time."""
        number = len(self.sent)
        student = student or f"student-{self.random.randrange(STUDENTS)}"
        self._slots[student] += 1
        slot = self.random.randrange(self._slots[student]) if late else self._slots[student]
        at = self._began + slot * SLOT + (1 + number % (SLOT - 1) if late else 0)
        body = {
            "id": f"r-{number}",
            "student_id": student,
            "class_id": f"class-{len(student) % CLASSES}",
            "item_id": f"item-{self.random.randrange(ITEMS)}",
            "correct": self.random.random() < 0.6,
            "answered_at": at / 1000,
        }
        self.sent[name_of(body)] = body
        self.counts["late"] += late
        return body

    def acknowledge(self, body: Body, replayed: bool, must_be_known: bool) -> None:
        """It was said that this is recorded; ``must_be_known`` where that had been said before it was sent."""
        name = name_of(body)
        if must_be_known and not replayed:
            self.wrong.append(f"{name} was acknowledged, and is new when it is sent again")
        self.counts["recorded though unanswered"] += replayed and name in self.unanswered
        self.acknowledged[name] = body
        self.unanswered.pop(name, None)

    def left_open(self, body: Body) -> None:
        """Nobody knows what became of it: the sender has to send it again."""
        if name_of(body) not in self.acknowledged:
            self.unanswered[name_of(body)] = body
