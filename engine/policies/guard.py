"""The guard against wheel-spinning: a skill that goes wrong and wrong again is rested, and what it builds on is tried.

Beck & Gong 2013 ("Wheel-spinning: students who fail to master a skill"): who has not mastered a skill after some ten
problems mostly never does by more of them. A rule that trusts a wrong model stays on such a skill for ever.
"""

from __future__ import annotations

import numpy as np

from engine.policies.course import Course
from engine.policies.rule import Floats, Ints

RIGHT = 0.5  # score from which an answer counts as right
RESTING = 0.25  # of a skill's worth while it rests: it comes back where nothing else is worth much


class Guard:
    """After ``wrong`` wrong answers in a row on a skill it rests for ``rest`` items, each time for twice as long.

    ``wrong`` 0: no guard. While a skill rests, its direct prerequisites are ``drop`` times more worth.
    """

    def __init__(self, course: Course, students: int, wrong: int, rest: int, drop: float) -> None:
        self._course, self._wrong, self._rest, self._drop, self._step = course, wrong, rest, drop, 0
        shape = (students, len(course.params))
        self._row, self._until, self._times = (np.zeros(shape, np.int64) for _ in range(3))

    @property
    def resting(self) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Skills that rest now, [S, K]."""
        return np.asarray(self._until > self._step)

    def factor(self) -> Floats:
        """What a skill's worth is multiplied by, [S, K]: a quarter while it rests, ``drop`` below it, else 1."""
        resting = self.resting
        if not resting.any():
            return np.ones(resting.shape)
        below = self._course.of_children(resting.astype(np.float64)) > 0
        return np.where(resting, RESTING, np.where(below, self._drop, 1.0))

    def note(self, items: Ints, scores: Floats) -> None:
        """One answer of every student."""
        self._step += 1
        if self._wrong == 0:
            return
        row, skill = self._course.skills_of(items)
        wrong = np.where(scores[row] < RIGHT, self._row[row, skill] + 1, 0)
        spins = wrong >= self._wrong
        self._row[row, skill] = np.where(spins, 0, wrong)
        self._times[row, skill] = np.where(scores[row] < RIGHT, self._times[row, skill] + spins, 0)
        length = self._rest * 2 ** np.maximum(self._times[row, skill] - 1, 0)
        self._until[row, skill] = np.where(spins, self._step + length, self._until[row, skill])
