"""A school whose students are known through and through, taught by the service; its log is what tests judge from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.bundle import dump
from engine.catalog import Catalog, Item, Skill, build
from engine.recommend import Policy
from service import policies
from service.answers import parse
from service.archive import drain
from service.behind import Behind
from service.serving import Servings
from service.store import open_store
from service.store.base import Store
from service.tutor import Tutor
from tests.service.made import NOW, model

SKILLS, ITEMS = 5, 6  # items a skill
LOGGING = Policy(name="logging", version="1", exploration=0.5)
HOUR = 3_600_000


@dataclass(frozen=True)
class School:
    """``right``: P(right answer) by student and item, which nothing changes."""

    folder: Path
    store_url: str
    right: dict[tuple[str, str], float]

    @property
    def archive(self) -> Path:
        return self.folder / "archive"


def catalog() -> Catalog:
    items = [Item(f"i{k}-{n}", (f"s{k}",)) for k in range(SKILLS) for n in range(ITEMS)]
    items += [Item(f"both-{n}", ("s0", "s1")) for n in range(ITEMS)]
    return build([Skill(f"s{k}") for k in range(SKILLS)], items, [])[0]


def teach(folder: Path, students: int = 40, each: int = 12, seed: int = 0) -> School:
    """Every student asks ``each`` times what is next, and answers; now and then something else is asked or answered."""
    return asyncio.run(_teach(folder, students, each, np.random.default_rng(seed)))


async def _teach(folder: Path, students: int, each: int, rng: np.random.Generator) -> School:
    url, names = f"sqlite:///{folder / 'nextwise.db'}", [item.id for item in catalog().items]
    hard = dict(zip(names, rng.normal(0, 1.5, len(names)), strict=True))
    right = {
        (f"student-{s}", name): float(1 / (1 + np.exp(hard[name] - ability)))
        for s, ability in enumerate(rng.normal(0.5, 0.7, students))
        for name in names
    }
    store = await open_store(url)
    clock = Clock()
    tutor = await _tutor(store, clock)
    for turn in range(each):
        if turn == each // 2:
            await _changes(store, tutor)
        answers = []
        for s in range(students):
            student = f"student-{s}"
            answer = await tutor.next(student, **_question(turn, s))
            given = [one.item_id for one in answer.recommendations]
            if (turn + s) % 9 == 0:
                given = [names[int(rng.integers(len(names)))]]  # the teacher has other plans, whatever was recommended
            for n, item in enumerate(given):
                score = float(rng.random() < right[student, item])
                raw = {"id": f"{s}-{turn}-{n}", "student_id": student, "item_id": item, "score": score}
                answers.append(parse(raw | {"answered_at": clock.now / 1000}, clock.now))
        await tutor.record(answers)
        clock.now += HOUR
    await tutor.servings.close()
    await tutor.behind.close()
    await drain(store, folder / "archive")
    await store.close()
    return School(folder, url, right)


@dataclass
class Clock:
    now: int = NOW


async def _tutor(store: Store, clock: Clock) -> Tutor:
    await store.publish("policy", policies.digest(LOGGING), policies.to_json(LOGGING))
    servings = Servings(store)
    await servings.start(check_seconds=3600)
    behind = Behind(store, linger=0.0)
    tutor = Tutor(store, servings, behind, now=lambda: clock.now, salt=b"salt", policy=LOGGING)
    await tutor.import_catalog(catalog())
    return tutor


def _question(turn: int, student: int) -> dict[str, Any]:
    """Mostly "what next?"; at times several items, one skill, or not that item."""
    if (turn, student % 5) == (3, 0):
        return {"n": 3}
    if (turn, student % 5) == (4, 1):
        return {"skills": ["s2"]}
    if (turn, student % 5) == (5, 2):
        return {"exclude": ["i0-0", "i3-2"]}
    return {}


async def _changes(store: Store, tutor: Tutor) -> None:
    """Half-way another model is promoted and an item is retired."""
    await store.publish("model", "2", dump(model("2", learn=0.2)))
    whole = catalog()
    await tutor.import_catalog(Catalog(whole.skills, whole.items[1:], whole.prerequisites))
