"""Families that no rule was made for: each would trap one that trusts its model."""

import numpy as np

from engine.worlds.bkt import BKT
from engine.worlds.pfa import PFA, sigmoid
from engine.worlds.students import Floats, Ints
from engine.worlds.world import World


class TooHard(PFA):
    """Nothing is learnt from an item whose chance to be answered is below a third."""

    def answer(self, items: Ints) -> Floats:
        before = self._strength.copy()
        first, second = self._world.first[items], self._world.second[items]
        other = np.where(second < 0, first, second)
        weaker = np.minimum(before[self._rows, first], before[self._rows, other])
        scores = super().answer(items)
        hard = sigmoid(weaker - self._world.difficulty[items]) < 1 / 3
        self._strength[hard] = before[hard]
        return scores


class Stuck(BKT):
    """A third of what is not known cannot be learnt here at all: wheels would spin for ever."""

    def __init__(self, world: World, count: int, rng: np.random.Generator) -> None:
        super().__init__(world, count, rng)
        self._learn[rng.random(self._learn.shape) < 1 / 3] = 1e-9


class Forgetful(BKT):
    """BKT whose skills are lost again, from step to step, the sooner the less they were practised."""

    def __init__(self, world: World, count: int, rng: np.random.Generator) -> None:
        super().__init__(world, count, rng)
        self._practised = np.where(self._known, 20.0, 0.0)

    def answer(self, items: Ints) -> Floats:
        scores = super().answer(items)
        self._practised[self._rows, self._world.first[items]] += 1.0
        self._known &= self._rng.random(self._known.shape) > 1.0 / (150.0 * (1.0 + self._practised))
        return scores
