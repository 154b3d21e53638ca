"""What an engine can know of a simulated world: parameters fitted from the logs of other students."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.policies.course import Course
from engine.policies.served import BEGIN, HOUR
from engine.tracing import AnyTracer, bind
from engine.worlds.students import Students
from engine.worlds.world import World
from models import mastery
from models.bkt import Options, learn
from models.log import ResponseLog
from models.trials.refine import logit, refine

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BLOCK = 5  # items on one skill after each other in a log, as in a work sheet
HELD = 8.0  # answers that hold an item's difficulty to 0


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
    """The course as an engine serves it: plain BKT by our trainer, each item's difficulty, what the graph tells."""
    fitted = learn(log, Options(forgets=False), jobs=1)
    plain = Course(world.catalog, fitted.params.copy(), difficulties(log), {}, world.plan.budget)
    budget = world.plan.budget
    return refine(plain, log.item.reshape(-1, budget), log.score.reshape(-1, budget))


def served(world: World, log: ResponseLog) -> AnyTracer:
    """The model that is served by default, fitted from the same log."""
    return bind(mastery.fit(log, jobs=1), world.catalog)


def difficulties(log: ResponseLog) -> Floats:
    """Logits by which an item is harder than its skills' mean, held to 0 by :data:`HELD` answers."""
    right, number = (np.bincount(log.item, w, minlength=len(log.items)) for w in (log.score, None))
    of_tag = np.zeros(len(log.items), np.int64)
    of_tag[log.item] = log.tag
    tags = len(log.tag_start) - 1
    right_of_tag = np.bincount(log.tag, log.score, minlength=tags) + 1.0
    mean = np.asarray(right_of_tag / (np.bincount(log.tag, minlength=tags) + 2.0))
    held = np.asarray((right + HELD * mean[of_tag]) / (number + HELD))
    return logit(mean[of_tag]) - logit(held)
