"""The graph model's parameters: immutable arrays, checked where they are made. What is done with them stands in
:mod:`engine.graph.belief`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from engine.model import ModelError

Floats = npt.NDArray[np.float64]

READY, UNREADY, LEARN, GUESS, SLIP = range(5)
"""Columns of a skill: P(known before the first answer) where its prerequisites are known and where they are not, and
learn (where they are known), guess, slip."""

ABILITY, PACE_OF_ABILITY, PACE, REST, FORGET, SHARE = range(6)
"""Traits: logits of the prior, and log units of the learning rate, per standard deviation of ability; standard
deviation of the log learning rate among students of the same ability; share of the learning rate that is left where
prerequisites are not known; P(lost) from one of the student's answers to the next; share of its learning rate at which
an item of several skills teaches each."""

PLAIN = np.array([0.0, 0.0, 0.0, 1.0, 0.0, 1.0])
"""Traits of plain knowledge tracing, where all students are alike."""


@dataclass(frozen=True)
class GraphModel:
    """Knowledge tracing along a prerequisite graph, beside a mastery model of the same K skills and I items.

    values      [K, 5], probabilities; ``population`` [5], what an unseen skill backs off to
    difficulty  [I] logits by which an item is harder than its skills' average; 0 for an unseen item
    traits      [6] of all students
    grid        [3, G] ability and pace of the points that a student may lie on, and their weights

    The graph is no part of it: it is the catalog's that is served. Raises :class:`ModelError`, with all faults in one
    message.
    """

    ARRAYS: ClassVar = ("values", "population", "difficulty", "traits", "grid")

    values: Floats
    population: Floats
    difficulty: Floats
    traits: Floats
    grid: Floats

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            raise ModelError("these are no parameters of a graph model: " + "; ".join(faults))
        for name in self.ARRAYS:
            getattr(self, name).setflags(write=False)


def points(abilities: int, paces: int) -> Floats:
    """A grid [3, G]: Gauss-Hermite points of two independent standard normals and their weights."""
    (a, wa), (b, wb) = (np.polynomial.hermite_e.hermegauss(n) for n in (abilities, paces))
    theta, pace = (axis.ravel() for axis in np.meshgrid(a, b, indexing="ij"))
    weight = np.outer(wa, wb).ravel()
    return np.stack([theta, pace, weight / weight.sum()])


def unlearnt(abilities: int = 2, paces: int = 2) -> GraphModel:
    """A model that knows no skill and no item: what students of whom nothing was fitted may be like."""
    population, traits = np.array([0.6, 0.1, 0.2, 0.2, 0.1]), np.array([0.8, 0.3, 0.4, 0.15, 0.0, 0.7])
    return GraphModel(np.empty((0, 5)), population, np.empty(0), traits, points(abilities, paces))


def _faults(given: GraphModel) -> list[str]:
    k, i, g = len(given.values), len(given.difficulty), given.grid.shape[-1]
    sizes = {"values": (k, 5), "population": (5,), "difficulty": (i,), "traits": (6,), "grid": (3, g)}
    shapes = {name: (getattr(given, name), size) for name, size in sizes.items()}
    faults = [f"{n} has shape {a.shape}, not {shape}" for n, (a, shape) in shapes.items() if a.shape != shape]
    faults += [f"{n} holds a value that is not finite" for n, (a, _) in shapes.items() if not np.isfinite(a).all()]
    if faults:
        return faults
    for name in ("values", "population"):
        array = getattr(given, name)
        if ((array <= 0) | (array >= 1)).any():
            faults.append(f"{name} holds a value outside 0..1")
        elif (array[..., GUESS] + array[..., SLIP] >= 1).any():
            faults.append(f"{name}: guess + slip >= 1, so that a wrong answer would speak for a skill")
    if (given.traits < 0).any() or (given.traits[[REST, FORGET, SHARE]] > 1).any():
        faults.append("traits holds a value outside its bounds")
    if given.grid.shape[-1] == 0 or (given.grid[2] <= 0).any() or abs(given.grid[2].sum() - 1) > 1e-9:
        faults.append("the weights of its grid are no distribution")
    return faults
