"""Boosted trees as plain arrays: what scikit-learn grew, exported once, evaluated by our own kernel.

A tree is a run of nodes. From a node, go left where x[feature] <= threshold, or where x is missing and the node says
so. P(correct) = sig(sum over trees of the leaf reached, times its weight, + base).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from models.log import Floats, Ints

ARRAYS = ("first", "feature", "threshold", "left", "right", "missing_left", "value")


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, one after the other; ``first`` [trees + 1] says where each begins.

    feature       [nodes] -1 for a leaf
    threshold     [nodes] +inf where only missing goes right
    left, right   [nodes] places among all nodes, always after the node's own
    missing_left  [nodes] 1 where a missing value goes left
    value         [nodes] what a leaf adds, in logits
    base          logits before any tree
    """

    first: Ints
    feature: npt.NDArray[np.int32]
    threshold: Floats
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    missing_left: npt.NDArray[np.uint8]
    value: Floats
    base: float

    def __post_init__(self) -> None:
        for name in ARRAYS:
            getattr(self, name).setflags(write=False)

    def logits(self, x: Floats) -> Floats:
        """[n, features] -> [n]."""
        return np.asarray(_logits(x, self.base, *(getattr(self, name) for name in ARRAYS)))

    def faults(self, features: int) -> list[str]:
        """Why these are no trees over so many features; empty where nothing is wrong."""
        nodes = len(self.feature)
        if any(len(getattr(self, name)) != nodes for name in ARRAYS[1:]):
            return ["the arrays of the trees differ in length"]
        found = []
        begins = np.isin(np.arange(nodes), self.first[:-1])
        if len(self.first) < 2 or self.first[0] != 0 or self.first[-1] != nodes or (np.diff(self.first) < 1).any():
            found.append("the trees are no runs of nodes")
        inner = self.feature >= 0
        if (self.feature >= features).any():
            found.append(f"a tree asks for a feature beyond {features}")
        at, ends = np.arange(nodes), self.first[1:][np.cumsum(begins) - 1] if begins.any() else np.zeros(nodes)
        for child in (self.left, self.right):
            if ((child <= at) | (child >= ends))[inner].any():
                found.append("a tree runs in a circle or out of its nodes")
        if not np.isfinite(self.value).all() or np.isnan(self.threshold).any() or not np.isfinite(self.base):
            found.append("a tree holds a value that is not finite")
        return found


def exported(classifiers: Sequence[Any]) -> Trees:
    """The mean, in logits, of fitted ``HistGradientBoostingClassifier`` of right and wrong.

    Reads their nodes (``_predictors``, ``_baseline_prediction``), which scikit-learn keeps to itself: a test holds this
    to what ``predict_proba`` gives.
    """
    grown = [stage[0].nodes for classifier in classifiers for stage in classifier._predictors]
    sizes = [len(nodes) for nodes in grown]
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    nodes, shift = np.concatenate(grown), np.repeat(first[:-1], sizes)
    leaf = nodes["is_leaf"].astype(bool)
    return Trees(
        first=first,
        feature=np.where(leaf, -1, nodes["feature_idx"]).astype(np.int32),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        left=np.where(leaf, 0, nodes["left"] + shift).astype(np.int32),
        right=np.where(leaf, 0, nodes["right"] + shift).astype(np.int32),
        missing_left=np.where(leaf, 0, nodes["missing_go_to_left"]).astype(np.uint8),
        value=np.where(leaf, nodes["value"], 0.0) / len(classifiers),
        base=float(np.mean([classifier._baseline_prediction for classifier in classifiers])),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _logits(
    x: Floats,
    base: float,
    first: Ints,
    feature: Any,
    threshold: Floats,
    left: Any,
    right: Any,
    missing_left: Any,
    value: Floats,
) -> Any:
    """One tree after the other over all rows: its nodes stay in the nearest cache."""
    total = np.full(len(x), base)
    for tree in range(len(first) - 1):
        for i in range(len(x)):
            at = first[tree]
            while feature[at] >= 0:
                of = x[i, feature[at]]
                if np.isnan(of):
                    at = left[at] if missing_left[at] else right[at]
                else:
                    at = left[at] if of <= threshold[at] else right[at]
            total[i] += value[at]
    return total
