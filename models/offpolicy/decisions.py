"""Logged decisions, and what the policy to be judged would have done in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Decisions:
    """N decisions; the logging policy gave item a in each, the target policy is judged.

    students      [N] whose decision it was, any number a student
    rewards       [N] what came of it
    propensities  [N] P(logging policy gives a); NaN where the log does not say
    target        [N] P(target policy gives a)
    unsupported   [N] P(target policy gives what the logging policy never gives there)
    mass          [N] sum of the logging policy's propensities over all that it could give: 1, or they are wrong
    features      [N, F] of the decision and a, for the reward model
    starts        [N + 1] decision i has the rows ``starts[i]:starts[i+1]`` of what the target policy would give
    alternatives  [M, F] features of these, and ``weights`` [M] how likely each is, summing to 1 in a decision

    Raises ValueError where the shapes do not fit together.
    """

    students: Ints
    rewards: Floats
    propensities: Floats
    target: Floats
    unsupported: Floats
    mass: Floats
    features: Floats
    starts: Ints
    alternatives: Floats
    weights: Floats

    def __post_init__(self) -> None:
        n, m = len(self.students), len(self.weights)
        columns = self.rewards, self.propensities, self.target, self.unsupported, self.mass, self.features
        if any(len(column) != n for column in columns) or len(self.starts) != n + 1:
            raise ValueError(f"all columns must have a row for each of the {n} decisions")
        if len(self.alternatives) != m or self.alternatives.shape[1:] != self.features.shape[1:]:
            raise ValueError(f"alternatives must be [{m}, {self.features.shape[1]}], as weights and features are")
        if n and (self.starts[0] != 0 or self.starts[-1] != m or (np.diff(self.starts) <= 0).any()):
            raise ValueError("every decision needs at least one row of what the target policy would give")

    def __len__(self) -> int:
        return len(self.students)

    def over_alternatives(self, values: Floats) -> Floats:
        """Expectation over what the target policy would give: [M] to [N]."""
        return np.asarray(np.add.reduceat(values * self.weights, self.starts[:-1]))
