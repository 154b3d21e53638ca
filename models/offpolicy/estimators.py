"""Values of a target policy from a log, each with a 95 % interval over students.

With w = target / propensity, r the reward, q a model of it, and N decisions:

    IPS    sum(w r) / N                                         Horvitz & Thompson 1952
    SNIPS  sum(w r) / sum(w)                                    Swaminathan & Joachims 2015
    DR     sum(E_target[q(x, .)] + w (r - q(x, a))) / N         Dudik, Langford & Li 2011

All are ratios of sums; the error is that of a ratio whose terms are added up by student, as a student's decisions are
alike (linearised, CR1; t with one degree of freedom fewer than students).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t  # type: ignore[import-untyped]

from models.offpolicy.decisions import Decisions, Floats, Ints

SHARE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A mean reward a decision, its standard error, and the ends of its 95 % interval."""

    value: float
    error: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4f} ({self.low:.4f} to {self.high:.4f})"


def weights(decisions: Decisions) -> Floats:
    """How much likelier the target policy was to give what was given, [N]."""
    return np.asarray(decisions.target / decisions.propensities)


def ips(decisions: Decisions) -> Estimate:
    """Inverse propensity score."""
    return ratio(weights(decisions) * decisions.rewards, np.ones(len(decisions)), decisions.students)


def snips(decisions: Decisions) -> Estimate:
    """Self-normalised: biased by O(1/N), and steadier."""
    w = weights(decisions)
    return ratio(w * decisions.rewards, w, decisions.students)


def doubly_robust(decisions: Decisions, given: Floats, expected: Floats) -> Estimate:
    """``given`` [N]: the reward model's value of what was given; ``expected`` [N]: of what the target would give."""
    return ratio(_robust(decisions, given, expected), np.ones(len(decisions)), decisions.students)


def advantage(decisions: Decisions, given: Floats, expected: Floats) -> Estimate:
    """By how much the target policy is better than what was done, doubly robust: on the same decisions."""
    ahead = _robust(decisions, given, expected) - decisions.rewards
    return ratio(ahead, np.ones(len(decisions)), decisions.students)


def logged(decisions: Decisions) -> Estimate:
    """Mean reward of what was done."""
    return ratio(decisions.rewards, np.ones(len(decisions)), decisions.students)


def _robust(decisions: Decisions, given: Floats, expected: Floats) -> Floats:
    return np.asarray(expected + weights(decisions) * (decisions.rewards - given))


def ratio(above: Floats, below: Floats, students: Ints) -> Estimate:
    """sum(above) / sum(below) over terms [N], with its error over students. NaN where there are fewer than two.

    >>> ratio(np.array([1.0, 0.0, 1.0, 0.0]), np.ones(4), np.array([0, 0, 1, 2])).value
    0.5
    """
    who = np.unique(students, return_inverse=True)[1]
    count = int(who.max(initial=-1)) + 1
    total = float(below.sum())
    if count < 2 or total == 0.0:
        nothing = float("nan")
        return Estimate(float(above.sum() / total) if total else nothing, nothing, nothing, nothing)
    value = float(above.sum() / total)
    by_student = np.bincount(who, above - value * below, count)
    error = float(np.sqrt((by_student**2).sum() * count / (count - 1)) / total)
    reach = float(t.ppf((1 + SHARE) / 2, count - 1)) * error
    return Estimate(value, error, value - reach, value + reach)
