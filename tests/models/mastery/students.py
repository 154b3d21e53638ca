"""Students who answer as the mastery model says, and small logs with a bit of everything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.log import Floats, ResponseLog
from tests.models.oracle import log_of


@dataclass(frozen=True)
class Truth:
    """Logits of the skills [K, 5] (prior, learn, guess, gain, forget), spreads of theta's effects and of the items."""

    skills: Floats
    ability: Floats
    difficulty: Floats
    gap: float = 0.0


def simulate(truth: Truth, students: int, answers: int, seed: int = 0) -> ResponseLog:
    """Each student gives so many answers on every skill, the skills by turns, minutes or weeks apart."""
    rng = np.random.default_rng(seed)
    k, items = len(truth.skills), len(truth.difficulty) // len(truth.skills)
    rows: list[tuple[object, ...]] = []
    for student in range(students):
        theta, now = rng.normal(), 1_600_000_000
        shifted = truth.skills[:, :4] + truth.ability * theta
        known, last = rng.random(k) < _sig(shifted[:, 0]), np.zeros(k)
        for turn in range(answers * k):
            skill = turn % k
            now += int(np.exp(rng.uniform(2, 12)))
            if turn >= k:
                lost = _sig(truth.skills[skill, 4] + truth.gap * (np.log1p(now - last[skill]) - 9))
                known[skill] &= rng.random() >= lost
            item = skill * items + int(rng.integers(items))
            z = shifted[skill, 2] - truth.difficulty[item]
            right = rng.random() < _sig(z + np.logaddexp(0, shifted[skill, 3]) * known[skill])
            rows.append((f"s{student:04}", f"i{item:03}", f"k{skill}", int(right), now))
            known[skill] |= rng.random() < _sig(shifted[skill, 1])
            last[skill] = now
    return log_of(rows)


def mixed(students: int = 6, answers: int = 9, seed: int = 0) -> ResponseLog:
    """Items of one to three skills, repeated items, scores in between, real times, random answers."""
    rng = np.random.default_rng(seed)
    skills = ("a", "b", "a;b", "c", "a;b;c")
    rows = []
    for student in range(students):
        now = 1_600_000_000
        for _ in range(int(rng.integers(1, answers + 1))):
            now += int(np.exp(rng.uniform(0, 12)))
            item = int(rng.integers(8))
            rows.append((f"s{student}", f"i{item}", skills[item % 5], float(rng.choice([0, 1, 0.3])), now))
    return log_of(rows)


def _sig(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))
