"""What every rule is told of a course: the catalog as arrays, and parameters that were fitted from others' logs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from engine.catalog import Catalog
from engine.graph.lists import by_level, grouped
from engine.tracing import AnyTracer

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Course:
    """A catalog with fitted parameters; nothing in it is true of a simulated world but by estimate.

    params      [K, 5] prior, learn, guess, slip, forget (:data:`engine.model.PARAMETERS`) of plain BKT
    difficulty  [I] logits by which an item is harder than its skills' average
    budget      items that a student is going to get
    tracer      the served model, fitted from the same logs; only our own rule reads it
    """

    catalog: Catalog
    params: Floats
    difficulty: Floats
    budget: int
    tracer: AnyTracer | None = None

    @cached_property
    def links(self) -> tuple[Ints, Ints]:
        """``start, skills``: the skills of item i are ``skills[start[i]:start[i+1]]``."""
        return self.catalog.links

    def of_items(self, values: Floats) -> Floats:
        """Values of skills summed over the skills of each item: [S, K] to [S, I]."""
        return np.asarray(_sum_of_skills(np.ascontiguousarray(values, np.float64), *self.links))

    def on_skills(self, of_items: Floats) -> Floats:
        """Values of items summed over the items that ask for each skill: [S, I] to [S, K]."""
        return np.asarray(_sum_of_items(np.asarray(of_items, np.float64), *self.links, len(self.params)))

    def skills_of(self, items: Ints) -> tuple[Ints, Ints]:
        """``row, skill`` for every skill of some items [S], row being the place among them."""
        start, skills = self.links
        counts = start[items + 1] - start[items]
        row = np.repeat(np.arange(len(items)), counts)
        first = np.cumsum(counts) - counts
        return row, skills[start[items][row] + np.arange(len(row)) - first[row]]

    @cached_property
    def parents(self) -> tuple[Ints, Ints]:
        """``start, skills``: what skill k builds on directly, as the catalog has it."""
        return grouped(*self.catalog.required, len(self.params))

    def of_parents(self, values: Floats) -> Floats:
        """Values of skills summed over each skill's direct prerequisites: [S, K] to [S, K]."""
        return np.asarray(_sum_of_skills(np.ascontiguousarray(values, np.float64), *self.parents))

    @cached_property
    def order(self) -> Ints:
        """The skills so that each stands after all that it builds on; ties as in the catalog."""
        return by_level(*self.catalog.required, len(self.params))


@njit(cache=True)
def _sum_of_skills(values: Floats, start: Ints, skills: Ints) -> Any:
    sums = np.zeros((len(values), len(start) - 1))
    for s in range(len(values)):
        for i in range(len(start) - 1):
            for j in range(start[i], start[i + 1]):
                sums[s, i] += values[s, skills[j]]
    return sums


@njit(cache=True)
def _sum_of_items(of_items: Floats, start: Ints, skills: Ints, number: int) -> Any:
    sums = np.zeros((len(of_items), number))
    for s in range(len(of_items)):
        for i in range(len(start) - 1):
            for j in range(start[i], start[i + 1]):
                sums[s, skills[j]] += of_items[s, i]
    return sums
