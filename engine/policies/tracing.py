"""Plain Bayesian knowledge tracing of many students at once: what the peers believe."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.bkt import update
from engine.model import FORGET, GUESS, LEARN, PRIOR, SLIP
from engine.policies.course import Course

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = npt.NDArray[np.int32]


class Tracing:
    """``mastery`` [S, K] is P(known) of every student and skill; ``seen`` [S, K] the answers so far."""

    def __init__(self, course: Course, students: int) -> None:
        self.mastery = np.tile(course.params[:, PRIOR], (students, 1))
        self.seen = np.zeros(self.mastery.shape, np.int32)
        self._params, self._links = course.params, course.links

    def note(self, items: Ints, scores: Floats) -> None:
        """One answer of every student."""
        _note(self._params, *self._links, items, scores, self.mastery, self.seen)

    def now(self) -> Floats:
        """P(known) if the skill were met now, what an opportunity forgets taken off, [S, K]."""
        return np.asarray(self.mastery * np.where(self.seen > 0, 1.0 - self._params[:, FORGET], 1.0))


@njit(cache=True)
def _note(
    params: Floats, start: Ints, skills: Ints, items: Ints, scores: Floats, mastery: Floats, seen: Counts
) -> None:
    for s in range(len(items)):
        for j in range(start[items[s]], start[items[s] + 1]):
            k = skills[j]
            learn, guess, slip, forget = params[k, LEARN], params[k, GUESS], params[k, SLIP], params[k, FORGET]
            mastery[s, k] = update(mastery[s, k], scores[s], seen[s, k], learn, guess, slip, forget)
            seen[s, k] += 1
