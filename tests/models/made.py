"""Models by hand, with nothing fitted."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.model import Model, builtin
from models.log import Floats


def model_of(params: Floats, version: str = "1", **about: Any) -> Model:
    """A model of skills "0", "1", ... with these parameters [K, 5]."""
    base, rows = builtin(), np.array(params, np.float64)
    draws = np.repeat(base.population_draws[:, None], len(rows), axis=1)
    names = tuple(str(k) for k in range(len(rows)))
    return Model(names, rows, base.population, draws, base.population_draws, version=version, about=about)
