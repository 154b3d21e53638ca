"""The interface of choosing rules, and how a choice is drawn from what a rule says.

A rule weighs items; chance, repeats and the exploration floor are the same for all rules and live here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.policies.course import Course

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Session(Protocol):
    """A rule at work for S students of one course, who all take a step at a time; S = 1 is one student."""

    def weigh(self, open_items: Mask) -> Floats:
        """How likely each item should be, up to a factor, [S, I]; 0 where it should not be given.

        ``open_items`` [S, I] are those that may be given: only these count.
        """

    def eligible(self, open_items: Mask) -> Mask:
        """Items among which an exploration floor is spread, [S, I]: asked after :meth:`weigh`, for the same step."""

    def note(self, items: Ints, scores: Floats) -> None:
        """One answer of every student: item [S], score 0..1 [S]."""


Rule = Callable[[Course, int, Mapping[str, Any]], Session]  # course, students, the policy's settings


class AnyItem:
    """For rules that have nothing against any open item."""

    def eligible(self, open_items: Mask) -> Mask:
        """See :class:`Session`."""
        return open_items


def propensities(weights: Floats, open_items: Mask, exploration: float, eligible: Mask | None = None) -> Floats:
    """The distribution over items [S, I]: the rule's weights, and a share ``exploration`` spread evenly over what is
    eligible (all open items unless given).

    A student for whom the rule finds nothing gets any open item.
    """
    return np.asarray(
        _propensities(
            np.asarray(weights, np.float64), open_items, open_items if eligible is None else eligible, exploration
        )
    )


@njit(cache=True)
def _propensities(weights: Floats, open_items: Mask, eligible: Mask, exploration: float) -> Any:
    chances = np.zeros(weights.shape)
    for s in range(len(weights)):
        total, number, explored = 0.0, 0, 0
        for i in range(weights.shape[1]):
            if open_items[s, i]:
                total += weights[s, i]
                number += 1
                explored += eligible[s, i]
        for i in range(weights.shape[1]):
            if open_items[s, i]:
                wanted = weights[s, i] / total if total > 0.0 else 1.0 / number
                floor = eligible[s, i] / explored if explored > 0 else wanted
                chances[s, i] = (1.0 - exploration) * wanted + exploration * floor
    return chances


def draw(chances: Floats, luck: Floats) -> Ints:
    """One item of each row's distribution, by a uniform number each [S]."""
    return np.asarray(_draw(np.asarray(chances, np.float64), np.asarray(luck, np.float64)))


@njit(cache=True)
def _draw(chances: Floats, luck: Floats) -> Any:
    found = np.empty(len(chances), np.int64)
    for s in range(len(chances)):
        total = 0.0
        for i in range(chances.shape[1]):
            total += chances[s, i]
        height, item = chances[s, 0], 0
        while height <= luck[s] * total and item < chances.shape[1] - 1:
            item += 1
            height += chances[s, item]
        found[s] = item
    return found


def near_ties(scores: Floats, open_items: Mask, near: float) -> Floats:
    """1 for items whose score is at least ``near`` of the best open one's, [S, I]; scores are not negative."""
    best = np.where(open_items, scores, -np.inf).max(axis=1, keepdims=True)
    return np.asarray((scores >= near * best) & open_items & (scores > 0), np.float64)
