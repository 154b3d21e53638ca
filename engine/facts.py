"""What the kernels read of a mastery model: its values in the numbering of a catalog or a log."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from engine.covariates import REPEATS
from engine.mastery_model import (
    FORGET,
    GAIN,
    GUESS,
    LEARN,
    ON_GAIN,
    ON_GUESS,
    ON_LEARN,
    ON_PRIOR,
    PRIOR,
    MasteryModel,
    sigmoid,
    steps,
)
from engine.model import ModelError
from engine.rows import places, with_last

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Facts(NamedTuple):
    """The skills of set t are ``skills[start[t]:start[t+1]]``; K skills, T sets, I items, G points of ability.

    prior, learn [K, G]; lift [T, 2, G] as :mod:`engine.filter` has it; theta, weight [G]; flow [2, G] ability's drift
    success [K, 2, G]  P(correct | not known) and P(correct | known) on an item of average difficulty
    of_set [T, 2]      ease and gain of an item of average difficulty
    of_item [I, 2]     what the item adds to them
    forget [K]         logit, after a typical gap; gap [2] its slope by the log gap, and the typical one
    repeats [7]        coefficients of earlier answers to the item
    fresh [3, G, K]    of a skill without answers, at each point, what :func:`engine.belief.stand` takes the mean of
    seconds            whether gaps are in seconds, or in the student's answers in between
    """

    start: Ints
    skills: Ints
    prior: Floats
    learn: Floats
    lift: Floats
    theta: Floats
    weight: Floats
    flow: Floats
    success: Floats
    of_set: Floats
    of_item: Floats
    forget: Floats
    gap: Floats
    repeats: Floats
    fresh: Floats
    seconds: bool


def facts(model: MasteryModel, skills: Sequence[str], start: Ints, members: Ints, items: Sequence[str]) -> Facts:
    """The facts of these skills and items, and of sets of skills whose ``members`` are numbers of skills.

    Raises :class:`ModelError` for a model that reads more of the past than a student's state remembers.
    """
    if unserved := [name for name in model.covariates if name not in REPEATS]:
        raise ModelError(f"it reads {', '.join(unserved)}, which no student's state remembers: fit it without recency")
    values = with_last(model.values, model.population, places(model.skills, skills))
    names = [tuple(sorted(skills[k] for k in members[a:b])) for a, b in pairwise(start.tolist())]
    of_set = means(values[:, [GUESS, GAIN]], start, members)
    of_set += with_last(model.combined, np.zeros(2), places(model.combinations, names))
    on_set = means(values[:, [ON_GUESS, ON_GAIN]], start, members)
    theta = model.theta
    prior, learn, success, fresh = at_points(values, theta)
    return Facts(
        start=np.ascontiguousarray(start),
        skills=np.ascontiguousarray(members),
        prior=prior,
        learn=learn,
        lift=np.exp(on_set[:, :, None] * theta),
        theta=theta.copy(),  # a model is read-only, which the kernels would be compiled for anew
        weight=model.weight.copy(),
        flow=sigmoid(model.drift) * steps(model.weight),
        success=success,
        of_set=of_set,
        of_item=with_last(model.offsets, np.zeros(2), places(model.items, items)),
        forget=values[:, FORGET].copy(),
        gap=model.gap.copy(),
        repeats=repeats(model),
        fresh=fresh,
        seconds=model.clock == "seconds",
    )


def drawn(model: MasteryModel, skills: Sequence[str], known: Facts) -> Facts:
    """The same facts with every parameter draw side by side, as one wider grid of D G points.

    Forgetting, items and sets of several skills are as in the model; without draws it is the model's own grid.
    """
    if not len(model.draws):
        return known
    values = with_last(model.draws, model.population_draws, places(model.skills, skills))
    own = with_last(model.values, model.population, places(model.skills, skills))
    start, members, theta = known.start, known.skills, model.theta
    moved = [means((one - own)[:, [GUESS, GAIN]], start, members) for one in values]
    slopes = [means(one[:, [ON_GUESS, ON_GAIN]], start, members) for one in values]
    lifts = [np.exp(m[:, :, None] + s[:, :, None] * theta) for m, s in zip(moved, slopes, strict=True)]
    d, of_draws = len(values), zip(*[at_points(one, theta) for one in values], strict=True)
    prior, learn, success, fresh = (np.concatenate(of, axis) for of, axis in zip(of_draws, (1, 1, 2, 1), strict=True))
    return known._replace(
        prior=prior,
        learn=learn,
        lift=np.concatenate(lifts, axis=-1),
        theta=np.tile(theta, d),
        weight=np.tile(model.weight, d) / d,
        flow=np.tile(known.flow, d),
        success=success,
        fresh=fresh,
    )


def at_points(values: Floats, theta: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """``prior``, ``learn``, ``success`` and ``fresh`` of :class:`Facts`; ``values`` [K, 9]."""
    prior = sigmoid(values[:, PRIOR, None] + values[:, ON_PRIOR, None] * theta)
    learn = sigmoid(values[:, LEARN, None] + values[:, ON_LEARN, None] * theta)
    success = successes(values, theta)
    u, h = success[:, 0], success[:, 1]
    fresh = np.stack([(u + (h - u) * prior).T, prior.T, ((h - u) * (1.0 - prior) * learn).T])
    return prior, learn, success, fresh


def successes(values: Floats, theta: Floats) -> Floats:
    """P(correct) [K, 2, G] on a skill that is not known, and that is, at average difficulty; ``values`` [K, 9]."""
    ease = values[:, GUESS, None] + values[:, ON_GUESS, None] * theta
    rise = np.logaddexp(0.0, values[:, GAIN, None] + values[:, ON_GAIN, None] * theta)
    return np.stack([sigmoid(ease), sigmoid(ease + rise)], axis=1)


def means(of_skills: Floats, start: Ints, members: Ints) -> Floats:
    """The mean over each set's skills: [K, c] -> [sets, c]."""
    if len(start) < 2:
        return np.empty((0, of_skills.shape[1]))
    return np.asarray(np.add.reduceat(of_skills[members], start[:-1], axis=0) / np.diff(start)[:, None])


def repeats(model: MasteryModel) -> Floats:
    """The coefficients of earlier answers to an item [7], 0 where the model has none."""
    places_of = {name: at for at, name in enumerate(model.covariates)}
    return np.array([model.coefficients[places_of[name]] if name in places_of else 0.0 for name in REPEATS])
