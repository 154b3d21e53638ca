"""Students who learn by Bayesian knowledge tracing, each with parameters of their own.

Individual parameters are multipliers on a skill's (Yudelson, Koedinger & Gordon 2013 fit such and find that learning
rates differ more between students than between skills; Lee & Brunskill 2012 find that a third of the students need
half as many, or twice as many, problems as the population's parameters say).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.worlds.students import Floats, Ints, Mask, begin_knowing, on_odds, spread
from engine.worlds.world import World

SPLIT = 0.6  # an item on two skills teaches each at this share of its rate: attention is divided


class BKT:
    """Each skill is known or not; an answer is right by 1 - slip where all skills asked for are known, else by guess.

    Difficulty moves guess and slip on the logit scale. After the answer a skill asked for that is not known is learnt
    with the own rate, or ``plan.unready`` of it where a prerequisite is missing.
    """

    def __init__(self, world: World, count: int, rng: np.random.Generator) -> None:
        self._world, self._rng, self._rows = world, rng, np.arange(count)
        ability = rng.normal(size=count)
        own_prior = on_odds(np.tile(world.prior, (count, 1)), 0.8 * ability[:, None])
        pace = np.exp(0.3 * ability + 0.4 * rng.normal(size=count))
        self._learn = spread(world.learn, pace, 0.8)
        self._guess = spread(world.guess, np.exp(0.3 * rng.normal(size=count)), 0.45)
        self._slip = spread(world.slip, np.exp(0.3 * rng.normal(size=count)), 0.45)
        self._known = begin_knowing(world, own_prior, rng)

    def answer(self, items: Ints) -> Floats:
        """See :class:`engine.worlds.students.Students`."""
        world, rows = self._world, self._rows
        first, second = world.first[items], world.second[items]
        other = np.where(second < 0, first, second)
        all_known = self._known[rows, first] & self._known[rows, other]
        guess = (self._guess[rows, first] + self._guess[rows, other]) / 2
        slip = (self._slip[rows, first] + self._slip[rows, other]) / 2
        harder = world.difficulty[items]
        chance = np.where(all_known, 1.0 - on_odds(slip, harder), on_odds(guess, -harder))
        luck = self._rng.random((3, len(items)))
        ready, share = self.ready(), np.where(second < 0, 1.0, SPLIT)
        self._learn_one(first, share, luck[1], ready)
        self._learn_one(other, np.where(second < 0, 0.0, SPLIT), luck[2], ready)
        return np.asarray(luck[0] < chance, np.float64)

    def _learn_one(self, skill: Ints, share: npt.NDArray[np.float64], luck: Floats, ready: Mask) -> None:
        rate = self._learn[self._rows, skill] * share
        rate *= np.where(ready[self._rows, skill], 1.0, self._world.plan.unready)
        self._known[self._rows, skill] |= luck < rate

    def known(self) -> Floats:
        """See :class:`engine.worlds.students.Students`."""
        return self._known.astype(np.float64)

    def ready(self) -> Mask:
        """See :class:`engine.worlds.students.Students`."""
        return self._world.ready(self._known)

    def prospects(self, left: int) -> tuple[Floats, Floats, Mask]:
        """See :class:`engine.worlds.students.Transparent`."""
        return np.asarray(1.0 - self._known), 1.0 / self._learn, self._known.copy()
