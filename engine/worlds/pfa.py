"""Students who learn by performance factors (Pavlik, Cen & Koedinger 2009), each at a rate of their own."""

from __future__ import annotations

import numpy as np

from engine.worlds.bkt import SPLIT
from engine.worlds.students import Floats, Ints, Mask, begin_knowing, on_odds
from engine.worlds.world import World

READY = 0.6  # P(correct) on an average item from which what builds on a skill can be learnt
HORIZON = 25  # items that the omniscient planner looks ahead on one skill


class PFA:
    """P(correct) = sigmoid(strength - difficulty); a right answer adds more to the strength than a wrong one.

    An item on two skills is as hard as the weaker makes it. Where a prerequisite is below :data:`READY`, an answer
    adds ``plan.unready`` of what it would. Mastery is P(correct) on an average item.
    """

    def __init__(self, world: World, count: int, rng: np.random.Generator) -> None:
        self._world, self._rng, self._rows = world, rng, np.arange(count)
        ability = rng.normal(size=count)
        skills = len(world.prior)
        own_prior = on_odds(np.tile(world.prior, (count, 1)), 0.8 * ability[:, None])
        begun = begin_knowing(world, own_prior, rng)
        # Two clouds, met before or not, rather than one: a class holds both.
        self._strength = np.where(begun, 1.6, -1.2) + 0.3 * ability[:, None] + 0.5 * rng.normal(size=(count, skills))
        pace = np.exp(0.3 * ability + 0.4 * rng.normal(size=count))
        # A median skill gains .5 logits by a right answer and .3 by a wrong one.
        self._right = 0.5 * (world.learn / 0.13)[None, :] ** 0.6 * pace[:, None]
        self._wrong = 0.6 * self._right

    def answer(self, items: Ints) -> Floats:
        """See :class:`engine.worlds.students.Students`."""
        world, rows = self._world, self._rows
        first, second = world.first[items], world.second[items]
        other = np.where(second < 0, first, second)
        strength = np.minimum(self._strength[rows, first], self._strength[rows, other])
        right = self._rng.random(len(items)) < sigmoid(strength - world.difficulty[items])
        ready, share = self.ready(), np.where(second < 0, 1.0, SPLIT)
        self._add(first, share, right, ready)
        self._add(other, np.where(second < 0, 0.0, SPLIT), right, ready)
        return right.astype(np.float64)

    def _add(self, skill: Ints, share: Floats, right: Mask, ready: Mask) -> None:
        rows = self._rows
        step = np.where(right, self._right[rows, skill], self._wrong[rows, skill])
        self._strength[rows, skill] += step * share * np.where(ready[rows, skill], 1.0, self._world.plan.unready)

    def known(self) -> Floats:
        """See :class:`engine.worlds.students.Students`."""
        return sigmoid(self._strength)

    def ready(self) -> Mask:
        """See :class:`engine.worlds.students.Students`."""
        return self._world.ready(self.known() >= READY)

    def prospects(self, left: int) -> tuple[Floats, Floats, Mask]:
        """See :class:`engine.worlds.students.Transparent`: strength follows its mean path, item by item."""
        strength, at_first = self._strength.copy(), self.known()
        worth, cost, best = np.zeros_like(strength), np.ones_like(strength), np.zeros_like(strength)
        for n in range(1, min(left, HORIZON) + 1):
            p = sigmoid(strength)
            strength += p * self._right + (1.0 - p) * self._wrong
            gained = sigmoid(strength) - at_first
            # Until others can build on it a skill is not done, whatever the ratio.
            better = (gained / n > best) | (at_first + worth < READY)
            worth, cost = np.where(better, gained, worth), np.where(better, float(n), cost)
            best = np.where(better, gained / n, best)
        return worth, cost, at_first >= READY


def sigmoid(x: Floats) -> Floats:
    """The logistic function."""
    return np.asarray(1.0 / (1.0 + np.exp(-x)))
