"""What the kernels read of skills, sets of skills and items: the mastery model's values in a log's numbering."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from engine.covariates import REPEATS
from models.log import Floats, Ints, ResponseLog
from models.mastery import Parameters
from models.mastery.values import FORGET, GAIN, GUESS, LEARN, ON_GAIN, ON_GUESS, ON_LEARN, ON_PRIOR, PRIOR, sigmoid


class Facts(NamedTuple):
    """The skills of set t are ``skills[start[t]:start[t+1]]``; K skills, T sets, I items, G points of ability.

    prior, learn [K, G]; lift [T, 2, G] as :mod:`engine.filter` has it; theta, weight [G]
    of_set [T, 2]   ease and gain of an item of average difficulty
    of_item [I, 2]  what the item adds to them
    forget [K]      logit, after a typical gap; gap [2] its slope by the log gap, and the typical one
    repeats [4]     coefficients of earlier answers to the item
    set_code [T], item_code [I]   numbers in the training students' log, -1 where it had none
    """

    start: Ints
    skills: Ints
    prior: Floats
    learn: Floats
    lift: Floats
    theta: Floats
    weight: Floats
    of_set: Floats
    of_item: Floats
    forget: Floats
    gap: Floats
    repeats: Floats
    set_code: Ints
    item_code: Ints


class Names(NamedTuple):
    """Items and sets of skills of the training students, each with its number."""

    items: dict[str, int]
    sets: dict[tuple[str, ...], int]

    @classmethod
    def of(cls, log: ResponseLog) -> Names:
        return cls.numbered(log.items, log.tags)

    @classmethod
    def numbered(cls, items: Iterable[str], sets: Iterable[tuple[str, ...]]) -> Names:
        return cls({name: at for at, name in enumerate(items)}, {names: at for at, names in enumerate(sets)})


def facts(parameters: Parameters, names: Names, log: ResponseLog) -> Facts:
    """The facts in the numbering of ``log``, which may be of other students, items and skills."""
    values = parameters.values_for(log)[0]
    skills, theta = values.skills, parameters.theta
    start = np.ascontiguousarray(log.tag_start)
    counts = np.diff(start)[:, None]
    of_set, on_set = (
        np.add.reduceat(skills[log.tag_skill][:, at], start[:-1], axis=0) / counts
        for at in ([GUESS, GAIN], [ON_GUESS, ON_GAIN])
    )
    return Facts(
        start=start,
        skills=np.ascontiguousarray(log.tag_skill),
        prior=sigmoid(skills[:, PRIOR, None] + skills[:, ON_PRIOR, None] * theta),
        learn=sigmoid(skills[:, LEARN, None] + skills[:, ON_LEARN, None] * theta),
        lift=np.exp(on_set[:, :, None] * theta),
        theta=theta.copy(),  # parameters are read-only, which the kernels would be compiled for anew
        weight=parameters.weight.copy(),
        of_set=of_set + values.tags,
        of_item=values.items.copy(),
        forget=skills[:, FORGET].copy(),
        gap=parameters.gap.copy(),
        repeats=parameters.coefficients.copy() if parameters.options.repeats else np.zeros(len(REPEATS)),
        set_code=_codes(names.sets, log.tags),
        item_code=_codes(names.items, log.items),
    )


def _codes(known: dict[Any, int], names: Sequence[Any]) -> Ints:
    return np.array([known.get(name, -1) for name in names], np.int64)
