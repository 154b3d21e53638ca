"""How near a policy comes to the exact optimum, in worlds of 2 to 4 skills whose parameters it is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.catalog import Catalog, Item, Prerequisite, Skill, build
from engine.graph.model import PLAIN, REST, GraphModel, points
from engine.mastery_model import COLUMNS, FORGET, GAIN, GUESS, LEARN, PRIOR, MasteryModel, unlearnt
from engine.policies.course import Course
from engine.policies.policy import Policy
from engine.policies.rule import propensities
from engine.tracing import bind
from engine.worlds.exact import Solver, Tiny
from models.graph.em import logit

Floats = npt.NDArray[np.float64]
History = tuple[tuple[int, float], ...]

EACH = 12  # items a skill


def random_tiny(rng: np.random.Generator) -> Tiny:
    """2 to 4 skills; each builds on one earlier skill with a chance of 2 in 3, and is hardly known without it."""
    skills = int(rng.integers(2, 5))
    parents = tuple((int(rng.integers(0, k)),) if k and rng.random() < 2 / 3 else () for k in range(skills))
    prior, learn = rng.uniform(0.1, 0.8, skills), rng.uniform(0.05, 0.4, skills)
    guess, slip = rng.uniform(0.1, 0.3, skills), rng.uniform(0.05, 0.15, skills)
    return Tiny(prior, 0.05 * prior, learn, guess, slip, parents)


def course_of(world: Tiny, horizon: int) -> Course:
    """The world as a course with its true parameters, for the peers and for what is served."""
    skills = len(world.prior)
    items = [Item(f"item-{k}-{n:02d}", (f"skill-{k}",)) for k in range(skills) for n in range(EACH)]
    edges = [Prerequisite(f"skill-{b}", f"skill-{k}") for k, parents in enumerate(world.parents) for b in parents]
    catalog = build([Skill(f"skill-{k}") for k in range(skills)], items, edges)[0]
    params = np.stack([world.prior, world.learn, world.guess, world.slip, np.zeros(skills)], axis=1)
    return Course(catalog, params, np.zeros(len(items)), horizon, bind(told(world, catalog), catalog))


def told(world: Tiny, catalog: Catalog) -> MasteryModel:
    """The served model with the world's true parameters: all students are alike, nothing is forgotten."""
    skills, items = (tuple(one.id for one in some) for some in (catalog.skills, catalog.items))
    own = np.stack([world.prior, world.unready_prior, world.learn, world.guess, world.slip], axis=1)
    traits = PLAIN.copy()
    traits[REST] = world.unready
    graph = GraphModel(own, own.mean(axis=0), np.zeros(len(items)), traits, points(1, 1))
    values, empty = np.zeros((len(skills), COLUMNS)), unlearnt(1)
    values[:, PRIOR], values[:, LEARN] = logit(world.prior), logit(world.learn)
    values[:, GUESS] = logit(world.guess)
    values[:, GAIN] = np.log(np.expm1(logit(1.0 - world.slip) - logit(world.guess)))
    values[:, FORGET] = -300.0
    return replace(
        empty,
        skills=skills,
        values=values,
        population=values.mean(axis=0),
        items=items,
        offsets=np.zeros((len(items), 2)),
        item_means=np.append(np.full(len(items), 0.7), 0.7),
        coefficients=np.zeros(len(empty.covariates)),
        draws=np.empty((0, len(skills), COLUMNS)),
        graph=graph,
    )


def share_of_optimum(policy: Policy, world: Tiny, horizon: int) -> float:
    """The policy's expected gain over the best rule's, both exact."""
    course, solver = course_of(world, horizon), Solver(world)
    open_items = np.ones((1, len(course.difficulty)), bool)

    def choose(history: History) -> Floats:
        session = policy.start(course, 1)
        for k, score in history:
            session.note(np.array([k * EACH]), np.array([score]))
        weights = session.weigh(open_items)
        return np.asarray(propensities(weights, open_items, 0.0).reshape(-1, EACH).sum(axis=1))

    return solver.achieved(choose, horizon) / solver.optimum(horizon)
