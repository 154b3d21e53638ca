"""The ALOSI adaptive engine: a weighted sum of four scores.

Rosen et al. 2018 (L@S, "The effects of adaptive learning in a massive open online course on learners' skill
development"); public code: harvard-vpal/adaptive-engine and harvard-vpal/alosi (``engine.py``), Apache-2.0. With L the
log odds of mastery, L* the log odds that count as mastered, w the graph, and relevance an item's
-log(odds guess) - log(odds slip) on each of its skills:

    readiness    P = sum over skills of relevance x min(r* + sum over prerequisites of w min(L - L*, 0), 0)
    demand       R = sum of relevance x max(L* - L, 0)
    continuity   C = sqrt(sum of relevance x the last item's relevance)
    difficulty   D = - sum of relevance x |L - difficulty|
    score        = W_p P + W_r R + W_c C + W_d D, the highest is given

The public library multiplies W_d with C and W_c with D and feeds odds where log odds are meant; both are put right
here, in its favour. Its belief is plain BKT, as here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from engine.model import GUESS, SLIP
from engine.policies.course import Course
from engine.policies.rule import AnyItem, Floats, Ints, Mask
from engine.policies.tracing import Tracing


class Alosi(AnyItem):
    """Settings: mastered (L*, log odds), forgiven (r*), readiness, demand, difficulty, continuity (the weights)."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        self._belief, self._course, self._settings = Tracing(course, students), course, settings
        self._relevance = np.maximum(-_logit(course.params[:, GUESS]) - _logit(course.params[:, SLIP]), 0.0)
        self._last = np.zeros((students, len(self._relevance)))

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`; equal scores share the chance."""
        s, course, known = self._settings, self._course, _logit(self._belief.mastery)
        short = np.minimum(known - float(s["mastered"]), 0.0)
        unready = np.minimum(course.of_parents(short) + float(s["forgiven"]), 0.0)
        score = course.of_items((float(s["readiness"]) * unready - float(s["demand"]) * short) * self._relevance)
        score += float(s["continuity"]) * np.sqrt(course.of_items(self._last * self._relevance))
        score -= float(s["difficulty"]) * self._distance(known)
        best = np.where(open_items, score, -np.inf).max(axis=1, keepdims=True)
        return np.asarray((score >= best - 1e-9) & open_items, np.float64)

    def _distance(self, known: Floats) -> Floats:
        """Sum over an item's skills of relevance x |L - difficulty|, [S, I]."""
        return np.asarray(_distance(known, self._course.difficulty, self._relevance, *self._course.links))

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""
        self._belief.note(items, scores)
        row, skill = self._course.skills_of(items)
        self._last[:] = 0.0
        self._last[row, skill] = self._relevance[skill]


@njit(cache=True)
def _distance(known: Floats, difficulty: Floats, relevance: Floats, start: Ints, skills: Ints) -> Any:
    apart = np.zeros((len(known), len(difficulty)))
    for s in range(len(known)):
        for i in range(len(difficulty)):
            for j in range(start[i], start[i + 1]):
                apart[s, i] += relevance[skills[j]] * abs(known[s, skills[j]] - difficulty[i])
    return apart


def _logit(p: Floats) -> Floats:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(p / (1 - p)))
