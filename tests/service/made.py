"""Catalogs, responses and models that the service's tests share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.catalog import Catalog, Item, Prerequisite, Skill, build
from engine.graph import model as graph_model
from engine.mastery_model import MasteryModel, unlearnt
from engine.model import LEARN, Model, builtin
from service.answers import Answer, parse
from service.asking import Question
from service.store.base import Store
from service.tutor import Tutor
from service.views import Next

NOW = 1_800_000_000_000
ODD_SKILL = "Order of Operations +,-,/,* () positive reals"


def catalog(items: int = 3) -> Catalog:
    """Adding before carrying, beside a skill with an odd name."""
    tables = [Item(f"add-{n}", ("adding",)) for n in range(items)]
    tables += [Item(f"carry-{n}", ("adding", "carrying")) for n in range(items)]
    tables += [Item(f"odd-{n}", (ODD_SKILL,)) for n in range(items)]
    skills = [Skill("adding", "Adding"), Skill("carrying"), Skill(ODD_SKILL)]
    made, _ = build(skills, tables, [Prerequisite("adding", "carrying")])
    return made


def model(version: str, learn: float = 0.3) -> Model:
    """A model whose every skill is learnt at this rate."""
    base = builtin()
    population = np.array(base.population)
    population[LEARN] = learn
    return replace(base, population=population, version=version)


def forgetful(version: str = "9") -> MasteryModel:
    """A mastery model under which weeks without practice take a skill away: each e-fold of the gap costs 1.5 logits."""
    return replace(unlearnt(), gap=np.array([1.5, 10.0]), version=version)


def graphed(version: str = "9", learn: float = 0.2) -> MasteryModel:
    """A mastery model with a graph model beside it, whose every skill is learnt at this rate."""
    base = graph_model.unlearnt()
    population = base.population.copy()
    population[graph_model.LEARN] = learn
    return replace(unlearnt(), graph=replace(base, population=population), version=version)


def raw(response_id: str = "r1", student: str = "ada", item: str = "add-0", **other: Any) -> dict[str, Any]:
    """A response as a caller sends it: right, unless said otherwise."""
    given = {"id": response_id, "student_id": student, "item_id": item, "answered_at": "2026-03-01T09:30:00+01:00"}
    return given | ({} if "score" in other else {"correct": True}) | other


def answer(response_id: str = "r1", student: str = "ada", item: str = "add-0", at: int = 1000, **other: Any) -> Answer:
    """A valid answer; ``at`` in seconds."""
    return parse(raw(response_id, student, item, answered_at=at, **other), NOW)


async def following(
    tutor: Tutor, student: str, n: int = 1, skills: Sequence[str] = (), exclude: Sequence[str] = (), log: bool = True
) -> Next:
    """What a student is given next."""
    return await tutor.ask(student, Question(n, tuple(skills), tuple(exclude)), log)


async def log(store: Store, kind: str) -> list[bytes]:
    """The events of a kind."""
    entries = [entry for name in await store.log_partitions() for entry in await store.read_log(name, 100_000)]
    return [entry.event for entry in entries if entry.kind == kind]
