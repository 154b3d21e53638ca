"""Our rule: prerequisite gate -> expected gain x what it opens -> guard -> ease -> near ties.

Each part is a number by which a skill, or an item, is worth more or less, so that each can say what it did:

    gate      (P(prerequisites known) / ``gate``) ^ ``steep``, at most 1: closed where they are hardly known
    gain      expected gain in mastery (:func:`engine.policies.gain.expected_gain`)
    opens     1 + ``opening`` x promise (:func:`engine.policies.gain.promise`, with ``discount``), and less as the
              target date nears: x left / (left + ``soon``), since what is opened must still be learnt
    guard     a quarter while a skill rests after ``wrong`` wrong answers in a row, ``drop`` for what it builds on
    ease      1 + ``ease`` (P(right) - 1/2): of two items of a skill rather the one that will be answered
    near      the items within that share of the best are ties, and one of them is drawn

The belief is :mod:`engine.policies.belief`. An item on several skills is worth the sum of theirs, at the fitted share.
Eligible for the exploration floor is what is worth at least ``worthwhile`` of the best.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.policies.belief import Belief
from engine.policies.course import Course
from engine.policies.gain import expected_gain, promise
from engine.policies.guard import Guard
from engine.policies.items import best_items
from engine.policies.rule import Floats, Ints, Mask

DOUBT = 1e-3  # of P(prerequisites known): nothing is worth nothing, so that something is always given


class Default:
    """Settings: see the module, and ``points``, the size of the belief's grid (ability, pace)."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        self._course, self._settings = course, settings
        self._belief = Belief(course, students, tuple(settings["points"]))
        self._guard = Guard(course, students, int(settings["wrong"]), int(settings["rest"]), float(settings["drop"]))

    def worth(self) -> tuple[Floats, Floats]:
        """What one more item on each skill is worth, and mastery, both [S, K]."""
        s, belief, course = self._settings, self._belief, self._course
        known, ready = belief.now()
        pace = belief.weight @ belief.learn
        gain, mastery, readiness = expected_gain(known, ready, belief.weight, pace, belief.unready)
        opens = promise(mastery, pace, course.order, *course.parents, float(s["discount"]))
        gate = np.clip(readiness / float(s["gate"]), DOUBT, 1.0) ** float(s["steep"])
        left = max(course.budget - belief.step - 1, 0)
        opening = float(s["opening"]) * left / (left + float(s["soon"]) + 1e-9)
        return gate * gain * (1.0 + opening * opens) * self._guard.factor(), mastery

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`."""
        self._worth = self.worth()
        return self._best(open_items, float(self._settings["near"]))

    def eligible(self, open_items: Mask) -> Mask:
        """See :class:`engine.policies.rule.Session`; by what :meth:`weigh` found last."""
        return self._best(open_items, float(self._settings["worthwhile"])) > 0

    def _best(self, open_items: Mask, near: float) -> Floats:
        belief, sets = self._belief, self._course.catalog.skill_sets
        of_sets, ease = (sets.start, sets.skills, sets.first, sets.members), float(self._settings["ease"])
        worth, mastery = self._worth
        return np.asarray(
            best_items(worth, mastery, belief.share, ease, belief.guess, belief.right, *of_sets, open_items, near)
        )

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""
        self._belief.note(items, scores)
        self._guard.note(items, scores)
