"""The exported trees say what scikit-learn says."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from engine.mastery_model import sigmoid
from models.predictor.trees import exported


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_exported_trees_equal_predict_proba(missing: float) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 6)).round(1)
    x[rng.random(x.shape) < missing] = np.nan
    y = rng.random(3000) < sigmoid(np.nan_to_num(x[:, 0]) + np.isnan(x[:, 1]) - np.nan_to_num(x[:, 2]) ** 2)
    grown = HistGradientBoostingClassifier(max_iter=30, max_features=0.5, random_state=0).fit(x, y)
    new = rng.normal(size=(2000, 6)).round(1)
    new[rng.random(new.shape) < 0.3] = np.nan
    for rows in (x, new):
        assert sigmoid(exported([grown]).logits(rows)) == pytest.approx(grown.predict_proba(rows)[:, 1], abs=1e-9)


def test_several_are_averaged_in_logits() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 3))
    y = rng.random(500) < sigmoid(x[:, 0])
    grown = [
        HistGradientBoostingClassifier(max_iter=10, max_features=0.5, random_state=seed).fit(x, y) for seed in (0, 1)
    ]
    mean = sum(one.decision_function(x) for one in grown) / 2
    trees = exported(grown)
    assert trees.logits(x) == pytest.approx(mean, abs=1e-9)
    assert trees.faults(3) == []
    assert "beyond" in trees.faults(2)[0]
