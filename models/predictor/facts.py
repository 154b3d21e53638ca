"""What the kernels read of skills, sets of skills and items: the mastery model's values in a log's numbering."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from engine.facts import Facts as Known
from engine.facts import facts as of_model
from engine.mastery_model import MasteryModel
from models.log import Floats, Ints, ResponseLog


class Facts(NamedTuple):
    """The skills of set t are ``skills[start[t]:start[t+1]]``; K skills, T sets, I items, G points of ability.

    prior, learn [K, G]; lift [T, 2, G] as :mod:`engine.filter` has it; theta, weight [G]; flow [2, G]
    of_set [T, 2]   ease and gain of an item of average difficulty
    of_item [I, 2]  what the item adds to them
    forget [K]      logit, after a typical gap; gap [2] its slope by the log gap, and the typical one
    repeats [7]     coefficients of earlier answers to the item
    set_code [T], item_code [I]   numbers in the training students' log, -1 where it had none
    memory          what the model of items as skills knows of the items; no weights where there is none
    """

    start: Ints
    skills: Ints
    prior: Floats
    learn: Floats
    lift: Floats
    theta: Floats
    weight: Floats
    flow: Floats
    of_set: Floats
    of_item: Floats
    forget: Floats
    gap: Floats
    repeats: Floats
    set_code: Ints
    item_code: Ints
    memory: Known


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


def facts(model: MasteryModel, memory: MasteryModel | None, names: Names, log: ResponseLog) -> Facts:
    """The facts in the numbering of ``log``, which may be of other students, items and skills; ``memory``: the model of
    items as skills."""
    known = of_model(model, log.skills, log.tag_start, log.tag_skill, log.items)
    shared = {name: part for name, part in known._asdict().items() if name in Facts._fields}
    if memory is None:
        of_items = known._replace(weight=known.weight[:0])
    else:
        each = np.arange(len(log.items) + 1)
        of_items = of_model(memory, log.items, each, each[:-1], log.items)
    codes = _codes(names.sets, log.tags), _codes(names.items, log.items)
    return Facts(**shared, set_code=codes[0], item_code=codes[1], memory=of_items)


def _codes(known: dict[Any, int], names: Sequence[Any]) -> Ints:
    return np.array([known.get(name, -1) for name in names], np.int64)
