"""The rule that the service serves (:mod:`engine.recommend`), so that it is measured where the others are.

It has what it has there: the served model, fitted from other students' logs, folded over this student's answers, and
the policy that ships. The answers are an hour apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.policies.course import Course
from engine.policies.rule import AnyItem, Floats, Ints, Mask
from engine.recommend import Policy, choose
from engine.responses import RECORD, key
from engine.tracing import AnyState, AnyTracer

BEGIN, HOUR = 1_700_000_000_000, 3_600_000  # ms


class Served(AnyItem):
    """Settings: those of :class:`engine.recommend.Policy` that are not to be as shipped."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        if course.tracer is None:
            raise ValueError("the rule 'served' needs the served model: the course has no tracer")
        self._tracer: AnyTracer = course.tracer
        self._policy, self._step = Policy(**settings), 0
        self._states: list[AnyState] = [course.tracer.empty] * students
        self._ids = [item.id for item in course.catalog.items]
        self._keys = [key(item) for item in self._ids]

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`: 1 for the item that it recommends, by chance of its own."""
        found, now = np.zeros(open_items.shape), BEGIN + self._step * HOUR
        for s, state in enumerate(self._states):
            luck = np.random.default_rng((s, self._step)).random()
            taken = [self._ids[i] for i in np.flatnonzero(~open_items[s]).tolist()]
            choice = choose(self._tracer, state, self._policy, lambda _, u=luck: u, exclude=taken, now=now)  # type: ignore[misc]
            for one in choice.recommendations:
                found[s, one.item] = 1.0
        return found

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""
        at = BEGIN + self._step * HOUR
        for s, (item, score) in enumerate(zip(items.tolist(), scores.tolist(), strict=True)):
            record = np.array([(s, self._keys[item], at, score, 0)], RECORD)
            self._states[s] = self._tracer.fold(record, self._states[s])
        self._step += 1
