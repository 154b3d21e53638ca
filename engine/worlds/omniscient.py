"""A planner that sees everything: the yardstick on worlds that are too large to solve.

It knows each student's true state and parameters, though not their luck. Every step it looks ahead over the graph: a
*plan* is a set of skills with all that is missing below them; its index is the mastery to be had over the items that
it takes (Sidney 1975; Horn 1972: for trees, serving the set of the highest index first is optimal). Plans begin at a
skill with its missing prerequisites and grow by what they open as long as the index rises. The item is the one whose
skills carry the most.

It is a strong plan and no proven bound: on tiny worlds it is compared with the exact solution
(:mod:`engine.worlds.exact`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.worlds.bkt import SPLIT
from engine.worlds.students import Transparent
from engine.worlds.world import World

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Omniscient:
    """Chooses for all students of a population at once; gives no item twice."""

    def __init__(self, world: World, students: Transparent, count: int) -> None:
        self._world, self._students = world, students
        self._taken = np.zeros((count, len(world.first)), bool)

    def choose(self, left: int) -> Ints:
        """Items [S], with ``left`` items to come, this one among them."""
        world = self._world
        worth, cost, met = self._students.prospects(left)
        density = densities(worth, cost, met, world.parents, left)
        single = world.second < 0
        of_item = density[:, world.first] * np.where(single, 1.0, SPLIT)
        of_item += np.where(single, 0.0, SPLIT) * density[:, np.where(single, 0, world.second)]
        of_item[self._taken] = -1.0
        items = of_item.argmax(axis=1)
        self._taken[np.arange(len(items)), items] = True
        return np.asarray(items, np.int64)


@njit(cache=True)
def densities(worth: Floats, cost: Floats, met: Mask, parents: Ints, left: int) -> Any:
    """The highest index of a plan that can begin with each skill [S, K]; 0 where the skill is not ready."""
    found = np.zeros(worth.shape)
    for s in range(len(worth)):
        _of_student(worth[s], cost[s], met[s], parents, left, found[s])
    return found


@njit(cache=True)
def _of_student(worth: Floats, cost: Floats, met: Mask, parents: Ints, left: int, found: Floats) -> None:
    skills = len(worth)
    needs = np.zeros((skills, skills), np.bool_)  # needs[k]: the plan that leads to k, k among it
    for k in range(skills):
        needs[k, k] = True
        for j in range(parents.shape[1]):
            b = parents[k, j]
            if b >= 0 and not met[b]:
                needs[k] |= needs[b]
    for k in range(skills):
        if worth[k] <= 0.0:
            continue
        plan = needs[k].copy()
        gain, items = 0.0, 0.0
        for j in range(skills):
            if plan[j]:
                gain += worth[j]
                items += cost[j]
        gain, items = _grow(plan, gain, items, worth, cost, met, parents)
        index = gain / items * min(1.0, left / items)
        for j in range(skills):
            if plan[j] and index > found[j] and _is_open(j, met, parents, plan, False):
                found[j] = index


@njit(cache=True)
def _grow(plan: Mask, gain: float, items: float, worth: Floats, cost: Floats, met: Mask, parents: Ints) -> Any:
    """Add what the plan opens, the best first, as long as the index rises."""
    while True:
        best, ratio = -1, gain / items
        for j in range(len(worth)):
            if not plan[j] and worth[j] > ratio * cost[j] and _is_open(j, met, parents, plan, True):
                best, ratio = j, worth[j] / cost[j]
        if best < 0:
            return gain, items
        plan[best] = True
        gain += worth[best]
        items += cost[best]


@njit(cache=True)
def _is_open(k: int, met: Mask, parents: Ints, plan: Mask, within: bool) -> Any:
    """Whether each prerequisite is met; or, ``within`` a plan, is part of it. What needs the plan alone counts then."""
    opened = not within
    for j in range(parents.shape[1]):
        b = parents[k, j]
        if b < 0 or met[b]:
            continue
        if not within or not plan[b]:
            return False
        opened = True
    return opened
