"""One world's trial: every policy teaches the same students, with the same luck; an omniscient planner does too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import numpy.typing as npt

from engine.policies.course import Course
from engine.policies.policy import Policy
from engine.policies.rule import draw, propensities
from engine.worlds.families import Family
from engine.worlds.omniscient import Omniscient
from engine.worlds.students import Students, Transparent
from engine.worlds.world import Plan, World, make
from models.trials.learning import course_of, practise, response_log, served

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

KNOWN = 0.9  # true mastery from which another item on a skill is wasted


@dataclass(frozen=True)
class Setting:
    """``plan`` of the worlds, ``graphs`` taken in turn; ``students`` in a trial, ``logs``: students to learn from."""

    plan: Plan = field(default_factory=Plan)
    students: int = 50
    logs: int = 500
    graphs: tuple[str, ...] = ("layered", "strands")


@dataclass(frozen=True)
class Result:
    """One policy in one world: ``gain`` [S] in true mastery summed over skills, ``wasted`` [S] share of the items."""

    gain: Floats
    wasted: Floats


def run(family: Family, policies: Mapping[str, Policy], setting: Setting, seed: int, number: int) -> dict[str, Result]:
    """World ``number`` of a seed: results by policy, and under ``omniscient`` where the family can be looked into."""
    plan = replace(setting.plan, graph=setting.graphs[number % len(setting.graphs)])
    world = make(plan, _rng(seed, number, 0))
    others = family(world, setting.logs, _rng(seed, number, 1))
    items, scores = practise(world, others, setting.logs, _rng(seed, number, 2))
    log = response_log(world, items, scores)
    course = course_of(world, log)
    if any(policy.rule == "served" for policy in policies.values()):
        course = replace(course, tracer=served(world, log))
    found = {}
    for name, policy in policies.items():
        students = family(world, setting.students, _rng(seed, number, 3))
        found[name] = teach(world, students, policy, course, setting.students, _rng(seed, number, 4))
    students = family(world, setting.students, _rng(seed, number, 3))
    if hasattr(students, "prospects"):
        found["omniscient"] = _teach_knowing(world, cast(Transparent, students), setting.students)
    return found


def teach(
    world: World, students: Students, policy: Policy, course: Course, count: int, rng: np.random.Generator
) -> Result:
    """The policy chooses every item of the budget; no student gets an item twice while there are others."""
    session, open_items = policy.start(course, count), np.ones((count, world.plan.items), bool)

    def choose(_: int) -> Ints:
        open_items[~open_items.any(axis=1)] = True
        weights = session.weigh(open_items)
        eligible = session.eligible(open_items) if policy.exploration else open_items
        chances = propensities(weights, open_items, policy.exploration, eligible)
        items = draw(chances, rng.random(count))
        open_items[np.arange(count), items] = False
        return items

    return _measure(world, students, choose, session.note)


def _teach_knowing(world: World, students: Transparent, count: int) -> Result:
    return _measure(world, students, Omniscient(world, students, count).choose, lambda _items, _scores: None)


def _measure(
    world: World, students: Students, choose: Callable[[int], Ints], note: Callable[[Ints, Floats], None]
) -> Result:
    before = students.known()
    wasted = np.zeros(len(before))
    for step in range(world.plan.budget):
        items = choose(world.plan.budget - step)
        wasted += _is_wasted(world, students, items)
        note(items, students.answer(items))
    return Result((students.known() - before).sum(axis=1), wasted / world.plan.budget)


def _is_wasted(world: World, students: Students, items: Ints) -> Floats:
    """1 where no skill of the item is both ready and not known yet, [S]."""
    of_use = students.ready() & (students.known() < KNOWN)
    rows, second = np.arange(len(items)), world.second[items]
    useful = of_use[rows, world.first[items]] | ((second >= 0) & of_use[rows, second])
    return np.asarray(~useful, np.float64)


def _rng(*path: int) -> np.random.Generator:
    return np.random.default_rng(path)
