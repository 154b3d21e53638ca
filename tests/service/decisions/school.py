"""A school whose students are known through and through, taught by the service; its log is what tests judge from."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.bundle import AnyModel, dump
from engine.catalog import Catalog, Item, Skill, build
from engine.recommend import Policy
from service import policies
from service.answers import parse
from service.archive import drain
from service.asking import ONE, Question
from service.behind import Behind
from service.serving import Servings
from service.store import open_store
from service.store.base import Store
from service.tutor import Tutor
from tests.service.conftest import close
from tests.service.made import NOW, graphed, model

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


def teach(folder: Path, students: int = 40, each: int = 12, seed: int = 0, compact: bool = False) -> School:
    """Every student asks ``each`` times what is next, and answers; now and then something else is asked or answered.

    Half-way another model and catalog are promoted. ``compact``: a mastery model with a graph model and small
    snapshots, and the process is started anew after every 10 turns.
    """
    return asyncio.run(_teach(folder, students, each, np.random.default_rng(seed), compact))


async def _teach(folder: Path, students: int, each: int, rng: np.random.Generator, compact: bool) -> School:
    url, names = f"sqlite:///{folder / 'nextwise.db'}", [item.id for item in catalog().items]
    hard = dict(zip(names, rng.normal(0, 1.5, len(names)), strict=True))
    right = {
        (f"student-{s}", name): float(1 / (1 + np.exp(hard[name] - ability)))
        for s, ability in enumerate(rng.normal(0.5, 0.7, students))
        for name in names
    }
    store = await open_store(url)
    clock = Clock()
    tutor = await _tutor(store, clock, compact)
    for turn in range(each):
        if turn == each // 2:
            await _changes(store, tutor, model("2", learn=0.2) if not compact else graphed("2"))
        if compact and turn % 10 == 9:
            await close(tutor)
            tutor = await _tutor(store, clock, compact)
        answers = []
        for s in range(students):
            student = f"student-{s}"
            answer = await tutor.ask(student, _question(turn, s))
            given = [one.item_id for one in answer.recommendations]
            if (turn + s) % 9 == 0:
                given = [names[int(rng.integers(len(names)))]]  # the teacher has other plans, whatever was recommended
            for n, item in enumerate(given):
                score = float(rng.random() < right[student, item])
                raw = {"id": f"{s}-{turn}-{n}", "student_id": student, "item_id": item, "score": score}
                answers.append(parse(raw | {"answered_at": clock.now / 1000}, clock.now))
        await tutor.record(answers)
        clock.now += HOUR
    await close(tutor)
    await drain(store, folder / "archive")
    await store.close()
    return School(folder, url, right)


@dataclass
class Clock:
    now: int = NOW


async def _tutor(store: Store, clock: Clock, compact: bool) -> Tutor:
    await store.publish("policy", policies.digest(LOGGING), policies.to_json(LOGGING))
    servings = Servings(store, compact=compact)
    await servings.start(check_seconds=3600)
    behind = Behind(store, linger=0.0)
    tutor = Tutor(store, servings, behind, now=lambda: clock.now, salt=b"salt", policy=LOGGING, room=2**24)
    if not (await tutor.catalog()).items:
        await tutor.import_catalog(catalog())
    return tutor


def _question(turn: int, student: int) -> Question:
    """Mostly "what next?"; from time to time each of the other things that can be asked for."""
    return OTHERS.get((turn, student % 10), ONE)


OTHERS = {
    (2, 0): Question(3),
    (3, 1): Question(skills=("s2",)),
    (4, 2): Question(exclude=("i0-0", "i3-2")),
    (5, 3): Question.of(mode="review"),
    (6, 4): Question.of(mode="diagnose"),
    (7, 5): Question.of(mode="targets", targets=("s1",), by=NOW + 100 * HOUR, left=5),
    (8, 6): Question.of(n=2, never=("s0",), pins=("i4-1",)),
    (9, 7): Question.of(band=(0.3, 0.6), spacing=4, repeats=3),
    (10, 8): Question.of(estimates=(("s2", 0.9, 5.0, NOW + HOUR),), order=("s2", "s3")),
    (11, 9): Question.of(items=("i1-1", "i2-1", "i3-1", "i4-4")),
}


async def _changes(store: Store, tutor: Tutor, other: AnyModel) -> None:
    """Another model is promoted and an item is retired."""
    await store.publish("model", other.version, dump(other))
    whole = catalog()
    await tutor.import_catalog(Catalog(whole.skills, whole.items[1:], whole.prerequisites))
