"""Students who forget: part of what each answer adds fades away."""

from __future__ import annotations

import numpy as np

from engine.worlds.pfa import PFA
from engine.worlds.students import Floats, Ints, Mask
from engine.worlds.world import World

LASTING = 0.5  # share of a step of learning that stays; the rest fades by half in every half-life


class Forgetting(PFA):
    """Performance factors whose newest gains fade, as in models that count practice in time windows (DAS3H, Choffin et
    al. 2019): strength = what lasts + what is fresh, and what is fresh halves in 20 to 120 steps (of skill and
    student). What was known before the first day lasts. No policy is told of any of this.
    """

    def __init__(self, world: World, count: int, rng: np.random.Generator) -> None:
        super().__init__(world, count, rng)
        half = np.exp(rng.normal(np.log(50.0), 0.4, len(world.prior)))
        self._keep = 0.5 ** (1.0 / np.clip(half[None, :] * np.exp(0.3 * rng.normal(size=count))[:, None], 20.0, 120.0))
        self._fresh = np.zeros_like(self._strength)

    def answer(self, items: Ints) -> Floats:
        """See :class:`engine.worlds.students.Students`."""
        before = self._strength.copy()
        scores = super().answer(items)
        faded = self._fresh * (1.0 - self._keep)
        self._fresh += (1.0 - LASTING) * (self._strength - before) - faded
        self._strength -= faded
        return scores

    def prospects(self, left: int) -> tuple[Floats, Floats, Mask]:
        """See :class:`engine.worlds.students.Transparent`: as without forgetting, less what fades until the end."""
        worth, cost, met = super().prospects(left)
        stays = LASTING + (1.0 - LASTING) * self._keep ** np.maximum(left - cost, 0.0)
        return worth * stays, cost, met
