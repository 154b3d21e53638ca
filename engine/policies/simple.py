"""The simple peers: random, fixed order, mastery in order, outer fringe, and the item that tells most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model import GUESS, SLIP
from engine.policies.course import Course
from engine.policies.rule import AnyItem, Floats, Ints, Mask, near_ties
from engine.policies.tracing import Tracing


class Random(AnyItem):
    """Any open item."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        pass

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`."""
        return open_items.astype(np.float64)

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""


class FixedOrder(AnyItem):
    """A textbook: ``items`` items on every skill, whatever the answers; skill after skill, no prerequisite after what
    builds on it."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        self._given, self._each = np.zeros(students, np.int64), int(settings["items"])
        self._course = course

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`."""
        order = self._course.order
        return self._course.of_items(one_hot(order[self._given // self._each % len(order)], len(order)))

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""
        self._given += 1


class MasteryOrder(AnyItem):
    """Mastery learning in the order of the course (Corbett & Anderson 1995), capped: on to the next skill at P(known)
    >= ``mastered`` or after ``most`` items on it."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        self._belief, self._settings, self._course = Tracing(course, students), settings, course

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`."""
        left = (self._belief.mastery < self._settings["mastered"]) & (self._belief.seen < self._settings["most"])
        order = self._course.order
        at = one_hot(order[left[:, order].argmax(axis=1)], len(order))
        return self._course.of_items(at * left.any(axis=1, keepdims=True))

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""
        self._belief.note(items, scores)


class OuterFringe(AnyItem):
    """A random item of the outer fringe: skills that are not mastered and whose prerequisites are (Doignon & Falmagne
    1985, as ALEKS serves it). At most ``most`` items on a skill, as no student is kept on one for ever."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        self._belief, self._settings, self._course = Tracing(course, students), settings, course

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`: items with a skill of the fringe and none that is out of reach."""
        fringe, reached = outer_fringe(self._course, self._belief, self._settings)
        some, beyond = self._course.of_items(fringe) > 0, self._course.of_items(1.0 - reached) > 0
        return np.asarray(some & ~beyond, np.float64)

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""
        self._belief.note(items, scores)


def outer_fringe(course: Course, belief: Tracing, settings: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """``fringe`` and ``reached`` (mastered skills too), [S, K] of 0 and 1."""
    done = (belief.mastery >= settings["mastered"]) | (belief.seen >= settings["most"])
    ready = course.of_parents(~done) == 0
    return (ready & ~done).astype(np.float64), (ready | done).astype(np.float64)


class MaxInformation(AnyItem):
    """The item whose answer tells most about what is known (expected drop of entropy, in nats), as an adaptive test
    chooses (Tatsuoka & Ferguson 2003)."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        self._belief, self._course, self._near = Tracing(course, students), course, float(settings["near"])

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`: an item tells the sum of what its skills tell."""
        guess, slip = self._course.params[:, GUESS], self._course.params[:, SLIP]
        told = self._course.of_items(information(self._belief.mastery, guess, slip))
        return near_ties(told, open_items, self._near)

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""
        self._belief.note(items, scores)


def one_hot(at: Ints, size: int) -> Floats:
    """Rows of 0 with a 1 at each place [S], [S, size]."""
    return np.asarray(np.arange(size)[None, :] == at[:, None], np.float64)


def information(p: Floats, guess: Floats, slip: Floats) -> Floats:
    """Mutual information of an answer and the state: H(P(right)) - p H(slip) - (1 - p) H(guess)."""
    return np.asarray(_entropy(p * (1 - slip) + (1 - p) * guess) - p * _entropy(slip) - (1 - p) * _entropy(guess))


def _entropy(p: npt.NDArray[np.float64]) -> Floats:
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return np.asarray(-p * np.log(p) - (1 - p) * np.log(1 - p))
