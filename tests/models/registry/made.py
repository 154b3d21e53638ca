"""A migrated MLflow database to copy, and small models."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np

from engine.model import Model, builtin
from models.registry import Registry


@cache
def template() -> Path:
    """An empty MLflow database. Migrating one takes seconds: once a run, by the code that is tested."""
    folder = Path(mkdtemp(prefix="nextwise-mlflow-"))
    Registry(f"sqlite:///{folder / 'mlflow.db'}")
    return folder / "mlflow.db"


def registry_in(folder: Path) -> Registry:
    """An empty registry in a data directory."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(template(), folder / "mlflow.db")
    return Registry(f"sqlite:///{folder / 'mlflow.db'}")


def model(learn: float = 0.1) -> Model:
    """Two skills, one combination of them."""
    base = builtin()
    params = np.array([[0.3, learn, 0.2, 0.1, 0.0], [0.4, 0.2, 0.15, 0.1, 0.02]])
    draws = np.repeat(base.population_draws[:, None], 2, axis=1)
    emissions = np.array([[0.25, 0.05], [0.1, 0.2]])
    skills, about = ("add", "carry"), {"trainer": "by hand"}
    return Model(skills, params, base.population, draws, base.population_draws, (skills,), emissions, about=about)


def logged(registry: Registry, learn: float = 0.1, **other: Any) -> str:
    """A new version."""
    given: dict[str, Any] = {"params": {"trainer": "by hand"}, "metrics": {"auc": 0.7 + learn}, "data_digest": "d" * 64}
    return registry.log(model(learn), **given | other)
