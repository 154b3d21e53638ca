"""A world: skills with a true graph and true parameters, items, and the catalog as the engine sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.catalog import Catalog, Item, Prerequisite, Skill, build
from engine.worlds.graphs import GENERATORS, Edges, blur

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """How worlds are drawn.

    skills, items  how many; budget: items a student gets
    pairs          share of the items that ask for two skills: a skill and one that it builds on
    graph          a name of :data:`engine.worlds.graphs.GENERATORS`
    missing, false shares of prerequisite edges that the catalog lacks, and that it makes up
    unready        what is left of the learning rate where a prerequisite is not known
    """

    skills: int = 100
    items: int = 2000
    budget: int = 150
    pairs: float = 0.2
    graph: str = "layered"
    missing: float = 0.0
    false: float = 0.0
    unready: float = 0.1


@dataclass(frozen=True)
class World:
    """What is true of every student in it; students add what is their own (:mod:`engine.worlds.students`).

    catalog     skills, items and prerequisites as the engine sees them; ids sort as indices
    edges       the true prerequisites
    parents     [K, most] the true prerequisites of each skill, -1 where there are fewer
    first, second  [I] an item's skills; second is -1 where there is one
    difficulty  [I] logits, 0 on average
    prior, learn, guess, slip  [K] of an average student on an average item; prior where all prerequisites are known
    """

    plan: Plan
    catalog: Catalog
    edges: Edges
    parents: Ints
    first: Ints
    second: Ints
    difficulty: Floats
    prior: Floats
    learn: Floats
    guess: Floats
    slip: Floats

    def ready(self, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Whether all true prerequisites of each skill are known: [S, K] to [S, K]."""
        padded = np.concatenate([known, np.ones((len(known), 1), bool)], axis=1)
        return np.asarray(padded[:, self.parents].all(axis=2))


def make(plan: Plan, rng: np.random.Generator) -> World:
    """One world of the plan.

    Skills differ as fits on public logs do: learn .04 to .4 with a median of .13, guess .1 to .3, slip .05 to .15.
    """
    k = plan.skills
    edges = GENERATORS[plan.graph](k, rng)
    first, second = _skills_of_items(plan, edges, rng)
    seen = blur(edges, k, plan.missing, plan.false, rng)
    return World(
        plan=plan,
        catalog=_catalog(k, first, second, seen),
        edges=edges,
        parents=_parents(edges, k),
        first=first,
        second=second,
        difficulty=rng.normal(0.0, 0.7, plan.items),
        prior=rng.beta(3.0, 2.0, k),
        learn=np.clip(np.exp(rng.normal(np.log(0.13), 0.5, k)), 0.04, 0.4),
        guess=rng.uniform(0.1, 0.3, k),
        slip=rng.uniform(0.05, 0.15, k),
    )


def _skills_of_items(plan: Plan, edges: Edges, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Every skill has its share of items; two-skill items stand on the edges of the true graph."""
    first = np.arange(plan.items) % plan.skills
    second = np.full(plan.items, -1, np.int64)
    for i in np.flatnonzero(rng.random(plan.items) < plan.pairs).tolist():
        parents = edges[0][edges[1] == first[i]]
        if len(parents):
            second[i] = rng.choice(parents)
    return first.astype(np.int64), second


def _parents(edges: Edges, skills: int) -> Ints:
    counts = np.bincount(edges[1], minlength=skills)
    parents = np.full((skills, max(1, int(counts.max(initial=0)))), -1, np.int64)
    filled = np.zeros(skills, np.int64)
    for b, a in zip(*edges, strict=True):
        parents[a, filled[a]] = b
        filled[a] += 1
    return parents


def _catalog(skills: int, first: Ints, second: Ints, seen: Edges) -> Catalog:
    names = [f"skill-{k:04d}" for k in range(skills)]
    items = [
        Item(f"item-{i:06d}", (names[a],) if b < 0 else (names[a], names[b]))
        for i, (a, b) in enumerate(zip(first.tolist(), second.tolist(), strict=True))
    ]
    edges = [Prerequisite(names[b], names[a]) for b, a in zip(seen[0].tolist(), seen[1].tolist(), strict=True)]
    return build([Skill(name) for name in names], items, edges)[0]
