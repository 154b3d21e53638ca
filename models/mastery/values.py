"""The parameters as one vector with named views, and the linear maps from them to what the filter reads.

The equations stand in :mod:`engine.mastery_model`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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
    sigmoid,
    steps,
)
from models.log import Floats
from models.mastery.data import Data
from models.mastery.gradient import Dynamics, Emissions, Slopes

NEVER = -40.0  # a logit whose probability is 0 for all that 1 - p can tell


class Values(NamedTuple):
    """Logits (prior, learn, guess, gain, forget) and slopes of theta (on the first four) of the population [9] and of
    the skills [K, 9]; slope of the gap [1]; offsets (ease, gain) of the sets of skills [T, 2], of the items [I, 2];
    coefficients [C]; drift of ability, a logit [1]."""

    population: Floats
    skills: Floats
    gap: Floats
    tags: Floats
    items: Floats
    covariates: Floats
    drift: Floats


def views(x: Floats, skills: int, tags: int, items: int, covariates: int) -> Values:
    """A vector as values that share its memory."""
    shapes: tuple[tuple[int, ...], ...] = ((9,), (skills, 9), (1,), (tags, 2), (items, 2), (covariates,), (1,))
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(x, ends[:-1])
    return Values(*(part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)))


def size(skills: int, tags: int, items: int, covariates: int) -> int:
    """Length of the vector."""
    return 11 + 9 * skills + 2 * tags + 2 * items + covariates


def forward(values: Values, data: Data, theta: Floats, weight: Floats) -> tuple[Dynamics, Emissions]:
    """What the filter reads."""
    skills = values.skills
    dynamics = Dynamics(
        prior=sigmoid(skills[:, PRIOR, None] + skills[:, ON_PRIOR, None] * theta),
        learn=sigmoid(skills[:, LEARN, None] + skills[:, ON_LEARN, None] * theta),
        lift=np.exp(data.mean_of_tags(skills[:, [ON_GUESS, ON_GAIN]])[:, :, None] * theta),
        weight=weight.copy(),  # parameters are read-only, which the kernels would be compiled for anew
        flow=sigmoid(values.drift) * steps(weight),
    )
    tags = data.mean_of_tags(skills[:, [GUESS, GAIN]]) + values.tags
    emits = tags[data.answers.tags] + values.items[data.item]
    ease = emits[:, 0] + data.covariates @ values.covariates
    kept = sigmoid(-skills[data.skill, FORGET] - values.gap[0] * data.gap)
    return dynamics, Emissions(ease, np.ascontiguousarray(emits[:, 1]), np.where(data.first, 1.0, kept))


def backward(slopes: Slopes, dynamics: Dynamics, data: Data, theta: Floats, gradient: Values) -> None:
    """Fill the gradient by the values, the population's apart, from the slopes by what the filter reads."""
    prior = slopes.prior * dynamics.prior * (1.0 - dynamics.prior)
    learn = slopes.learn * dynamics.learn * (1.0 - dynamics.learn)
    share = dynamics.flow.sum() / max(float(steps(dynamics.weight).sum()), 1e-300)
    gradient.drift[0] = (slopes.flow * dynamics.flow).sum() * (1.0 - share)
    k, t, i = len(gradient.skills), len(gradient.tags), len(gradient.items)
    gradient.skills[:, PRIOR], gradient.skills[:, LEARN] = prior.sum(1), learn.sum(1)
    for column, place, of_answers in ((GUESS, 0, slopes.ease), (GAIN, 1, slopes.gain)):
        gradient.tags[:, place] = np.bincount(data.answers.tags, of_answers, t)
        gradient.items[:, place] = np.bincount(data.item, of_answers, i)
        gradient.skills[:, column] = data.shared(gradient.tags[:, place])
    gradient.skills[:, FORGET] = np.bincount(data.skill, slopes.forget, k)
    gradient.skills[:, ON_PRIOR], gradient.skills[:, ON_LEARN] = prior @ theta, learn @ theta
    for column, of_tags in ((ON_GUESS, slopes.lift[:, 0]), (ON_GAIN, slopes.lift[:, 1])):
        gradient.skills[:, column] = data.shared(of_tags @ theta)
    gradient.gap[0] = slopes.forget @ data.gap
    gradient.covariates[:] = slopes.ease @ data.covariates
