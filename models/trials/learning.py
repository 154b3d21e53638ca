"""What an engine can know of a simulated world: parameters fitted from the logs of other students."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.policies.course import Course
from engine.policies.served import BEGIN, HOUR
from engine.tracing import AnyTracer, bind
from engine.worlds.students import Students
from engine.worlds.world import World
from models import graph, mastery
from models.bkt import Options, learn
from models.graph.em import difficulties
from models.log import ResponseLog

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BLOCK = 5  # items on one skill after each other in a log, as in a work sheet


def practise(world: World, students: Students, count: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Items and scores [S, budget] of students who get random skills, a block of random items on each."""
    budget, each = world.plan.budget, world.plan.items // world.plan.skills
    by_skill = np.argsort(world.first, kind="stable")[: world.plan.skills * each].reshape(-1, each)
    items, scores = np.empty((count, budget), np.int64), np.empty((count, budget))
    skill = np.zeros(count, np.int64)
    for step in range(budget):
        if step % BLOCK == 0:
            skill = rng.integers(0, world.plan.skills, count)
        items[:, step] = by_skill[skill, rng.integers(0, each, count)]
        scores[:, step] = students.answer(items[:, step])
    return items, scores


def response_log(world: World, items: Ints, scores: Floats) -> ResponseLog:
    """The same as a log, an hour between answers."""
    count, budget = items.shape
    sets = world.catalog.skill_sets
    order = [np.sort(sets.skills[sets.start[t] : sets.start[t + 1]]) for t in range(len(sets.size))]
    return ResponseLog(
        students=tuple(f"log-{s:06d}" for s in range(count)),
        skills=tuple(skill.id for skill in world.catalog.skills),
        student=np.repeat(np.arange(count), budget),
        tag=sets.of_item[items.ravel()],
        score=scores.ravel(),
        tag_start=sets.start,
        tag_skill=np.concatenate(order),
        items=tuple(item.id for item in world.catalog.items),
        item=items.ravel(),
        at=np.tile(BEGIN + HOUR * np.arange(budget, dtype=np.int64), count),
    )


def course_of(world: World, log: ResponseLog) -> Course:
    """The course as the peers have it: plain BKT by our trainer, and each item's difficulty."""
    fitted = learn(log, Options(forgets=False), jobs=1)
    return Course(world.catalog, fitted.params.copy(), difficulties(log), world.plan.budget)


def served(world: World, log: ResponseLog) -> AnyTracer:
    """The model that is served by default, fitted from the same log."""
    edges = [(edge.prerequisite, edge.skill) for edge in world.catalog.prerequisites]
    return bind(graph.beside(mastery.fit(log, jobs=1), log, edges), world.catalog)
