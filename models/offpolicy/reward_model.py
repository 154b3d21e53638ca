"""q(x, a): the reward to be expected of an item in a decision, fitted from the log; cross-fitted by student.

A decision's own student is never in what its q was fitted on (Chernozhukov et al. 2018): a model that had seen the
reward would explain it away, and the doubly robust interval would be too narrow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from models.offpolicy.decisions import Decisions, Floats

FOLDS = 5
PENALTIES = tuple(10.0**power for power in range(-1, 5))


def cross_fitted(decisions: Decisions, folds: int = FOLDS, seed: int = 0) -> tuple[Floats, Floats]:
    """q of what was given [N], and its expectation over what the target policy would give [N]."""
    fold = _folds(decisions, folds, seed)
    given, values = np.empty(len(decisions)), np.empty(len(decisions.weights))
    of_row = np.repeat(fold, np.diff(decisions.starts))
    for one in range(int(fold.max()) + 1):
        mine, theirs = fold == one, of_row == one
        model = _model().fit(decisions.features[~mine], decisions.rewards[~mine])
        given[mine] = model.predict(decisions.features[mine])
        values[theirs] = model.predict(decisions.alternatives[theirs])
    return given, decisions.over_alternatives(values)


def _folds(decisions: Decisions, folds: int, seed: int) -> Any:
    """Which fold each decision is in [N]: a student's are together, and folds have about as many students."""
    present, who = np.unique(decisions.students, return_inverse=True)
    if len(present) < 2:
        raise ValueError("a reward model is fitted on other students' decisions: there must be two students at least")
    places = np.random.default_rng(seed).permutation(len(present)) % min(folds, len(present))
    return places[who]


def _model() -> Any:
    """Ridge on the features, their squares and products; the penalty by leave-one-out."""
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures, StandardScaler

    shapes = PolynomialFeatures(2, include_bias=False)
    return make_pipeline(StandardScaler(), shapes, StandardScaler(), RidgeCV(PENALTIES))
