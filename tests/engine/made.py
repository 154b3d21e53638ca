"""A mastery model with a bit of everything, for the engine's tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.covariates import REPEATS
from engine.graph.model import GraphModel, points
from engine.mastery_model import COLUMNS, ON_GAIN, ON_PRIOR, MasteryModel

SKILLS = ("a", "b", "c")


def mastery_model(
    points: int = 9, sigma: float = 1.0, seed: int = 0, draws: int = 8, clock: str = "seconds"
) -> MasteryModel:
    """Three skills, two combinations, four items; abilities that differ by ``sigma``."""
    rng = np.random.default_rng(seed)
    values = np.array([-0.5, -1.8, -1.2, 2.5, -3.0, 0.6, 0.3, 0.7, 0.1]) + rng.normal(0, 0.3, (3, COLUMNS))
    population = np.array([-0.4, -2.0, -1.4, 2.5, -3.5, 0.7, 0.4, 0.7, 0.0])
    drawn, of_population = (around + rng.normal(0, 0.1, (draws, *around.shape)) for around in (values, population))
    for one in (values, drawn, of_population):
        one[..., ON_PRIOR:ON_GAIN] = np.abs(one[..., ON_PRIOR:ON_GAIN])
    theta = sigma * np.linspace(-3, 3, points)
    weight = np.exp(-(np.linspace(-3, 3, points) ** 2) / 2)
    return MasteryModel(
        skills=SKILLS,
        values=values,
        population=population,
        gap=np.array([0.15, 6.0]),
        combinations=(("a", "b"), ("a", "b", "c")),
        combined=rng.normal(0, 0.3, (2, 2)),
        items=("a1", "b1", "ab1", "c1"),
        offsets=np.stack([rng.normal(0, 0.5, 4), np.zeros(4)], axis=1),
        item_means=np.full(5, 0.7),
        covariates=REPEATS,
        coefficients=np.array([0.6, -0.2, 0.1, -0.03, -0.05, 0.4, -0.3]),
        theta=theta,
        weight=weight / weight.sum(),
        drift=np.array([-3.0]),
        clock=clock,  # type: ignore[arg-type]
        draws=drawn,
        population_draws=of_population,
        about={"trainer": "made"},
    )


def with_graph(model: MasteryModel, seed: int = 0) -> MasteryModel:
    """The model with a graph model beside it, of which everything is on."""
    rng = np.random.default_rng(seed)
    values = np.array([0.6, 0.2, 0.25, 0.2, 0.1]) * rng.uniform(0.8, 1.2, (len(model.skills), 5))
    traits = np.array([0.8, 0.3, 0.4, 0.15, 0.002, 0.7])
    population = np.array([0.5, 0.15, 0.2, 0.2, 0.1])
    hard = rng.normal(0, 0.5, len(model.items))
    return replace(model, graph=GraphModel(values, population, hard, traits, points(3, 2)))
