"""Students who spin their wheels: some skills they do not learn, however much they practise."""

from __future__ import annotations

import numpy as np

from engine.worlds.bkt import BKT
from engine.worlds.students import Floats, Mask
from engine.worlds.world import World

OUT_OF_REACH = 1 / 3
NEVER = 1e-9  # learning rate: a bound on the items that it takes, so that the planner can divide by it


class WheelSpinning(BKT):
    """BKT, but that a third of the skills, others for every student, are out of reach: Beck & Gong (2013) find that 35
    and 38 % of the student-skill pairs of two tutors never come to mastery. No policy is told of it.
    """

    def __init__(self, world: World, count: int, rng: np.random.Generator) -> None:
        super().__init__(world, count, rng)
        self._reachable = rng.random(self._learn.shape) >= OUT_OF_REACH
        self._learn = np.where(self._reachable, self._learn, NEVER)

    def ready(self) -> Mask:
        """See :class:`engine.worlds.students.Students`."""
        return super().ready() & self._reachable

    def prospects(self, left: int) -> tuple[Floats, Floats, Mask]:
        """See :class:`engine.worlds.students.Transparent`."""
        worth, cost, met = super().prospects(left)
        return worth * self._reachable, cost, met
