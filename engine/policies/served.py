"""Our rule: what the service serves (:mod:`engine.recommend`), so that it is measured where the others are.

It has what it has there: the served model, fitted from other students' logs, folded over this student's answers, which
are an hour apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.policies.course import Course
from engine.policies.rule import Floats, Ints, Mask
from engine.recommend import Choice, Policy, Wish, choose
from engine.responses import RECORD, key
from engine.tracing import AnyState, AnyTracer

BEGIN, HOUR = 1_700_000_000_000, 3_600_000  # ms


class Served:
    """Settings: those of :class:`engine.recommend.Policy` that are not to be as shipped; exploration is the floor that
    all rules have."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        if course.tracer is None:
            raise ValueError("the rule 'served' needs the served model: the course has no tracer")
        self._tracer: AnyTracer = course.tracer
        self._policy, self._step, self._budget = Policy(**{**settings, "exploration": 0.0}), 0, course.budget
        self._states: list[AnyState] = [course.tracer.empty] * students
        self._ids = [item.id for item in course.catalog.items]
        self._keys = [key(item) for item in self._ids]
        self._choices: list[Choice] = []

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`: 1 for the near ties, one of which it recommends."""
        found, now = np.zeros(open_items.shape), BEGIN + self._step * HOUR
        wish = Wish(left=max(self._budget - self._step - 1, 0))
        self._choices = []
        for s, state in enumerate(self._states):
            taken = [self._ids[i] for i in np.flatnonzero(~open_items[s]).tolist()]
            choice = choose(self._tracer, state, self._policy, _never, exclude=taken, now=now, wish=wish)
            self._choices.append(choice)
            for one in choice.recommendations:
                assert one.ranking is not None  # nothing is pinned
                found[s, one.ranking.items[one.ranking.ties]] = 1.0
        return found

    def eligible(self, open_items: Mask) -> Mask:
        """See :class:`engine.policies.rule.Session`: what it explores."""
        found = np.zeros(open_items.shape, np.bool_)
        for s, choice in enumerate(self._choices):
            for one in choice.recommendations:
                assert one.ranking is not None
                found[s, one.ranking.explorable()] = True
        return found

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""
        at = BEGIN + self._step * HOUR
        for s, (item, score) in enumerate(zip(items.tolist(), scores.tolist(), strict=True)):
            record = np.array([(s, self._keys[item], at, score, 0)], RECORD)
            self._states[s] = self._tracer.fold(record, self._states[s])
        self._step += 1


def _never(_: int) -> float:
    """The chance of a choice whose near ties are asked for, and not the one that is given."""
    return 0.0
