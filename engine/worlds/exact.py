"""Exact solution of tiny worlds: the best that any rule can do that sees answers and knows the parameters.

A partially observed Markov decision process (Kaelbling, Littman & Cassandra 1998): the state says which of K skills are
known (2^K states); giving an item of skill k shows a right or wrong answer, and the skill may be learnt, at ``unready``
of its rate where a prerequisite is not known. Value: skills known at the end, less at the start. Finite horizon, by
backward induction over the tree of beliefs: a belief is a distribution over the 2^K states, and beliefs that were met
before (to 10 digits, with as many items left) are not solved again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DIGITS = 10


@dataclass(frozen=True)
class Tiny:
    """``prior`` where the prerequisites are known, ``unready_prior`` where not; learn, guess, slip: [K] each.

    parents: the prerequisites of each skill, all of lower index. ``unready``: share of the learning rate without them.
    """

    prior: Floats
    unready_prior: Floats
    learn: Floats
    guess: Floats
    slip: Floats
    parents: tuple[tuple[int, ...], ...]
    unready: float = 0.1

    @property
    def states(self) -> npt.NDArray[np.bool_]:
        """Which skills are known in each state, [2^K, K]."""
        skills = len(self.prior)
        return np.array([[bool(n >> k & 1) for k in range(skills)] for n in range(2**skills)])

    def ready(self) -> npt.NDArray[np.bool_]:
        """Whether each skill's prerequisites are known in each state, [2^K, K]."""
        states = self.states
        return np.stack([states[:, list(parents)].all(axis=1) for parents in self.parents], axis=1)

    def start(self) -> Floats:
        """P(state) before the first answer, [2^K]."""
        chance = np.where(self.ready(), self.prior, self.unready_prior)
        return np.asarray(np.where(self.states, chance, 1.0 - chance).prod(axis=1))

    def right(self, skill: int) -> Floats:
        """P(right) of an item of a skill in each state, [2^K]."""
        return np.where(self.states[:, skill], 1.0 - self.slip[skill], self.guess[skill])

    def learns(self, skill: int) -> Floats:
        """P(state after | state before) of an item of a skill, [before, after]."""
        states, ready = self.states, self.ready()[:, skill]
        size = len(states)
        rate = np.where(states[:, skill], 0.0, self.learn[skill] * np.where(ready, 1.0, self.unready))
        moves = np.diag(1.0 - rate)
        before = np.arange(size)
        moves[before, before | 1 << skill] += rate
        return moves


class Solver:
    """Values of beliefs in one tiny world."""

    def __init__(self, world: Tiny) -> None:
        self._world, self._known = world, world.states.sum(axis=1).astype(float)
        skills = range(len(world.prior))
        self._right, self._learns = [world.right(k) for k in skills], [world.learns(k) for k in skills]
        self._met: dict[tuple[bytes, int], tuple[float, int]] = {}

    def optimum(self, horizon: int) -> float:
        """Expected skills gained in so many items by the best rule there is."""
        start = self._world.start()
        return self.value(start, horizon)[0] - float(start @ self._known)

    def value(self, belief: Floats, left: int) -> tuple[float, int]:
        """Skills known at the end under the best rule, and the skill of its next item (-1: none is left)."""
        if left == 0:
            return float(belief @ self._known), -1
        key = (np.round(belief, DIGITS).tobytes(), left)
        if key not in self._met:
            values = [
                sum(chance * self.value(after, left - 1)[0] for _, chance, after in self.outcomes(belief, k))
                for k in range(len(self._right))
            ]
            best = int(np.argmax(values))
            self._met[key] = (values[best], best)
        return self._met[key]

    def outcomes(self, belief: Floats, skill: int) -> list[tuple[float, float, Floats]]:
        """(score, its chance, the belief after it) for both answers to an item of a skill."""
        found = []
        for score, likely in ((1.0, self._right[skill]), (0.0, 1.0 - self._right[skill])):
            joint = belief * likely
            chance = float(joint.sum())
            found.append((score, chance, joint / chance @ self._learns[skill]))
        return found

    def achieved(self, choose: Callable[[tuple[tuple[int, float], ...]], Floats], horizon: int) -> float:
        """Expected skills gained by a rule: ``choose`` has the answers so far as (skill, score), and tells the chance
        of each skill for the next item."""
        start = self._world.start()

        def follow(belief: Floats, history: tuple[tuple[int, float], ...]) -> float:
            if len(history) == horizon:
                return float(belief @ self._known)
            total = 0.0
            for k, share in enumerate(choose(history)):
                if share > 0.0:
                    for score, chance, after in self.outcomes(belief, k):
                        total += share * chance * follow(after, (*history, (k, score)))
            return total

        return follow(start, ()) - float(start @ self._known)
