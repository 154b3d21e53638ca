"""ZPDES: a bandit over the zone of proximal development, driven by learning progress.

Clement, Roy, Oudeyer & Lopes 2015 (JEDM 7(2), "Multi-Armed Bandits for Intelligent Tutoring Systems", section 4.2;
public code: kidlearn, and Mu, Goel & Brunskill 2017 for a prerequisite graph, whose expansion of the zone is taken).
It knows no student model: only the answers of this student and the graph.

    reward   r = mean of the last d/2 answers on the skill - mean of the d/2 before them
    quality  w <- beta w + eta r
    choice   with chance gamma any skill of the zone, else in proportion to w
    zone     a skill leaves it where the last answers reach ``passed``, and opens what then has all prerequisites;
             also after ``most`` items
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.policies.course import Course
from engine.policies.rule import AnyItem, Floats, Ints, Mask

LEAST = 1e-3  # of a quality: the paper's floor for a skill whose progress stalls or turns


class Zpdes(AnyItem):
    """Quality, zone and last answers of S students; settings: see the module."""

    def __init__(self, course: Course, students: int, settings: Mapping[str, Any]) -> None:
        self._course, self._settings = course, settings
        shape, self._half = (students, len(course.params)), int(settings["window"]) // 2
        self._quality = np.full(shape, float(settings["initial"]))
        self._last = np.zeros((*shape, 2 * self._half))  # the newest last
        self._seen, self._done = np.zeros(shape, np.int64), np.zeros(shape, bool)

    def weigh(self, open_items: Mask) -> Floats:
        """See :class:`engine.policies.rule.Session`: a skill's chance is shared among its items."""
        zone = ~self._done & (self._course.of_parents(~self._done) == 0)
        quality = np.where(zone, np.maximum(self._quality, LEAST), 0.0)
        gamma = float(self._settings["gamma"])
        even = zone / np.maximum(zone.sum(axis=1, keepdims=True), 1)
        chance = (1 - gamma) * quality / np.maximum(quality.sum(axis=1, keepdims=True), LEAST) + gamma * even
        course = self._course
        within = (course.of_items(~zone & ~self._done) == 0) & open_items
        return np.asarray(course.of_items(chance / np.maximum(course.on_skills(within), 1.0)) * within)

    def note(self, items: Ints, scores: Floats) -> None:
        """See :class:`engine.policies.rule.Session`."""
        students, skills = self._course.skills_of(items)
        last, half = self._last[students, skills], self._half
        last = np.concatenate([last[:, 1:], scores[students, None]], axis=1)
        self._last[students, skills] = last
        self._seen[students, skills] += 1
        seen, s = self._seen[students, skills], self._settings
        reward = last[:, half:].mean(axis=1) - last[:, :half].mean(axis=1)
        self._quality[students, skills] = float(s["beta"]) * self._quality[students, skills] + float(s["eta"]) * reward
        success = last.sum(axis=1) / 2 / half
        passed = (seen >= 2 * half) & (success >= float(s["passed"]))
        self._done[students, skills] |= passed | (seen >= int(s["most"]))
