"""A school small enough to be enumerated: contexts, four items, rewards that are known; and logs of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.offpolicy import Decisions
from models.offpolicy.decisions import Floats

ITEMS = 4


@dataclass(frozen=True)
class School:
    """C kinds of student, who meet every item with chance ``reward`` [C, ITEMS] of a right answer."""

    reward: Floats
    logging: Floats  # [C, ITEMS] propensities
    target: Floats

    def value(self, policy: Floats) -> float:
        """Mean reward of a policy [C, ITEMS], by enumeration; all kinds are as frequent."""
        return float((policy * self.reward).sum(axis=1).mean())

    def log(self, students: int, each: int, rng: np.random.Generator) -> Decisions:
        """Every student takes ``each`` items in contexts that change, with luck of their own that lasts."""
        student = np.repeat(np.arange(students), each)
        own = np.repeat(rng.normal(0, 0.15, students), each)
        kind = rng.integers(0, len(self.reward), len(student))
        heights = np.cumsum(self.logging[kind], axis=1)
        item = np.minimum((heights < rng.random(len(student))[:, None]).sum(axis=1), ITEMS - 1)
        right = rng.random(len(student)) < np.clip(self.reward[kind, item] + own, 0, 1)
        return self.told(student, kind, item, right.astype(np.float64))

    def told(self, student: np.ndarray, kind: np.ndarray, item: np.ndarray, reward: Floats) -> Decisions:
        """The log with what the estimators need to know of both policies."""
        n = len(student)
        given = np.column_stack([kind, item, kind == item]).astype(np.float64)
        every, all_items = np.repeat(kind, ITEMS), np.tile(np.arange(ITEMS), n)
        other = np.column_stack([every, all_items, every == all_items]).astype(np.float64)
        never = np.where(self.logging > 0, 0.0, self.target).sum(axis=1)
        policies = self.logging[kind, item], self.target[kind, item], never[kind], self.logging.sum(axis=1)[kind]
        starts = np.arange(n + 1, dtype=np.int64) * ITEMS
        return Decisions(student, reward, *policies, given, starts, other, self.target[kind].ravel())


def school(seed: int = 0, kinds: int = 5, apart: float = 1.0) -> School:
    """Both policies have a favourite of every kind; ``apart`` says how strongly the logging policy has."""
    rng = np.random.default_rng(seed)
    reward = rng.uniform(0.25, 0.75, (kinds, ITEMS))
    logging, target = _softmax(apart * rng.normal(size=reward.shape)), _softmax(8 * reward)
    return School(reward, logging, target)


def _softmax(x: Floats) -> Floats:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))
